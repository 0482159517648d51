"""The first use of the pages, before a password was set."""

import hmac
import logging
import secrets
from typing import Final

LOG: Final = logging.getLogger(__name__)

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without characters that look alike."""
CODE_LENGTH: Final = 12
"""Chosen: 60 bits, of which a few can be tried per minute."""
GROUP: Final = 4


class FirstUse:
    """Hold the code with which the first password can be set from another machine."""

    def __init__(self) -> None:
        """Make a code that is valid until the process ends or a password was set."""
        self._code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        self._logged = False

    def log_code(self) -> None:
        """Log the code, once."""
        if self._logged:
            return
        self._logged = True
        groups = [self._code[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP)]
        LOG.warning(
            "the web pages have no password yet; open them and set one with the code %s",
            "-".join(groups),
        )

    def is_code(self, given: str) -> bool:
        """Return whether a person gave the code, with or without dashes."""
        plain = "".join(one for one in given.upper() if one.isalnum())
        return hmac.compare_digest(plain.encode("utf-8", "replace"), self._code.encode("ascii"))

    def spend(self) -> None:
        """Make the code invalid: a password was set."""
        self._code = secrets.token_hex(CODE_LENGTH)
