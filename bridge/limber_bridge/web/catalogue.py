"""Texts of the pages in every language, read from files.

`translations/<section>/<language>.json` holds the texts of one section; the text `title` of the
section `nights` has the key `nights.title`. Every language has all keys with the same placeholders.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "translations"
LANGUAGES: Final = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
}
"""Code and own name of each language; the same languages as the integration."""
DEFAULT_LANGUAGE: Final = "en"
PREFERENCES_MAX: Final = 20
"""Languages of an Accept-Language header that are looked at; chosen: browsers send a few."""


@cache
def load_texts(language: str) -> Mapping[str, str]:
    """Return the texts of a language by key."""
    return {
        f"{section.name}.{name}": text
        for section in sorted(FOLDER.iterdir())
        for name, text in json.loads(
            (section / f"{language}.json").read_text(encoding="utf-8")
        ).items()
    }


@cache
def load_all() -> Mapping[str, Mapping[str, str]]:
    """Return the texts of every language: read once, when the server starts."""
    return {language: load_texts(language) for language in LANGUAGES}


def translate(language: str, key: str, **values: object) -> str:
    """Return a text with its placeholders filled; KeyError for an unknown key."""
    return load_all()[language][key].format(**values)


def translate_count(language: str, key: str, count: int, **values: object) -> str:
    """Return the text `key.one` or `key.other`, depending on `count`, with `{count}` filled."""
    # Of our languages, only French counts 0 as one (CLDR plural rules).
    is_one = count == 1 or (language == "fr" and count == 0)
    return translate(language, f"{key}.{'one' if is_one else 'other'}", count=count, **values)


def has_text(key: str) -> bool:
    """Return whether there is a text with this key."""
    return key in load_all()[DEFAULT_LANGUAGE]


def choose_language(accepted: str) -> str:
    """Return the language of the pages that an Accept-Language header prefers (RFC 9110, 12.5.4).

    Malformed parts are ignored.
    """
    ranked = sorted(
        (preference(part) for part in accepted.split(",")[:PREFERENCES_MAX]),
        key=lambda one: -one[0],
    )
    for quality, language in ranked:
        if quality > 0 and language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def preference(part: str) -> tuple[float, str]:
    """Return the quality and the primary language of one part of an Accept-Language header."""
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        quality = float(value) if name == "q" else 1.0
    except ValueError:
        quality = 0.0
    return quality, tag.strip().partition("-")[0].lower()
