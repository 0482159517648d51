"""Checks of values in limber.yaml that several packages need. Pure."""

import voluptuous as vol

from limber_bridge.domain.signing_keys import MIN_CHARACTERS, find_weakness, new_key


class ExternalValue(str):
    """A text from outside limber.yaml, from `!env_var` or `!file`; it may stand for a number."""

    __slots__ = ()


def number(minimum: float, maximum: float) -> vol.All:
    """Return a check for a number from `minimum` to `maximum`."""
    return vol.All(
        vol.Coerce(float),
        vol.Range(minimum, maximum),
        msg=f"write a number from {minimum:g} to {maximum:g}",
    )


def whole_number(minimum: int, maximum: int) -> vol.All:
    """Return a check for a whole number from `minimum` to `maximum`."""
    return vol.All(
        convert_external_value,
        int,
        vol.Range(minimum, maximum),
        msg=f"write a whole number from {minimum} to {maximum}",
    )


def host_name(value: object) -> str:
    """Check the name or address of a host, without looking it up."""
    try:
        if isinstance(value, str) and value.strip() and value.encode("idna"):
            return value
    except UnicodeError:
        pass
    raise vol.Invalid("write a host name or an IP address")


def signing_key(value: object) -> bytes:
    """Check a key that signs frames. Return its UTF-8 bytes.

    The error shows a new key, and never the one that was written.
    """
    weakness = find_weakness(value) if isinstance(value, str) else "it is not a text in quotes"
    if weakness is not None:
        raise vol.Invalid(
            f"the key is too weak, as {weakness}: write {MIN_CHARACTERS} or more random characters "
            f'in quotes, the same as in the sensor, for example key: "{new_key()}"'
        )
    return str(value).encode()


def convert_external_value(value: object) -> object:
    """Return the number that an external value stands for, other values unchanged.

    Raises voluptuous.Invalid for `true` and `false`, which are whole numbers in Python.
    """
    if isinstance(value, bool):
        raise vol.Invalid("expected a number")
    return int(value) if isinstance(value, ExternalValue) and value.isdecimal() else value
