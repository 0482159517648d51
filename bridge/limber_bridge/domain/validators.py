"""Checks of values in limber.yaml that more than one package needs. Pure."""

import voluptuous as vol


class ExternalValue(str):
    """A text from outside the file: out of `!env_var` or `!file`. It may stand for a number."""

    __slots__ = ()


def whole_number(least: int, most: int) -> vol.All:
    """Return a check for a whole number within bounds."""
    return vol.All(
        to_number, int, vol.Range(least, most), msg=f"write a whole number from {least} to {most}"
    )


def to_number(value: object) -> object:
    """Return a number for one that came as a text from outside the file; a truth value is none."""
    if isinstance(value, bool):
        raise vol.Invalid("expected a number")
    return int(value) if isinstance(value, ExternalValue) and value.isdecimal() else value
