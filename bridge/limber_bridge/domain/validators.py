"""Validators of values in limber.yaml that more than one package needs. Pure."""

import voluptuous as vol


class ExternalValue(str):
    """A text from `!env_var` or `!file`. It may stand for a number."""

    __slots__ = ()


def whole_number(least: int, most: int) -> vol.All:
    """Return a validator for a whole number within limits, both included."""
    return vol.All(
        to_number, int, vol.Range(least, most), msg=f"write a whole number from {least} to {most}"
    )


def to_number(value: object) -> object:
    """Return the number that an external text stands for, and any other value unchanged.

    Raises vol.Invalid for true and false, which Python would take for 1 and 0.
    """
    if isinstance(value, bool):
        raise vol.Invalid("expected a number")
    return int(value) if isinstance(value, ExternalValue) and value.isdecimal() else value
