"""The texts of the web pages: all languages have the same keys and placeholders."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.processes import ROOT
from limber_bridge.detection.events import PlacementVerdict
from limber_bridge.web.catalogue import (
    DEFAULT_LANGUAGE,
    FOLDER,
    LANGUAGES,
    choose_language,
    load_texts,
    translate_count,
)
from limber_bridge.web.formats import format_duration, format_short_duration
from limber_bridge.web.navigation import NAVIGATION
from limber_bridge.web.rendering import FOLDER as TEMPLATES
from limber_bridge.web.rendering import environment
from limber_bridge.web.static_files import FOLDER as STATIC

CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_BLOCK = re.compile(r"([^{};]*)\{|\}")
USED_KEY = re.compile(r"\bt(?:_count)?\('([\w.]+)'[,)]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_languages_are_those_of_the_integration() -> None:
    files = (ROOT / "custom_components/limber/translations").glob("*.json")
    assert {path.stem for path in files} == set(LANGUAGES)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {DEFAULT_LANGUAGE}))
def test_every_language_has_every_text_with_the_same_placeholders(language: str) -> None:
    wanted = load_texts(DEFAULT_LANGUAGE)
    found = load_texts(language)
    assert found.keys() == wanted.keys()
    differing = [key for key in wanted if placeholders(found[key]) != placeholders(wanted[key])]
    assert differing == []


@pytest.mark.parametrize("section", sorted(path.name for path in FOLDER.iterdir()))
def test_no_text_is_empty_or_repeated_in_its_file(section: str) -> None:
    for language in LANGUAGES:
        path = FOLDER / section / f"{language}.json"
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
        assert len(dict(pairs)) == len(pairs), path
        assert all(text.strip() == text and text for _, text in pairs), path


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_every_text_that_a_template_names_exists(template: Path) -> None:
    environment().get_template(template.name)
    known = load_texts(DEFAULT_LANGUAGE)
    named = USED_KEY.findall(template.read_text(encoding="utf-8"))
    missing = [
        key
        for key in named
        if key not in known and not {f"{key}.one", f"{key}.other"} <= known.keys()
    ]
    assert missing == []


def test_templates_have_no_script_or_style_of_their_own() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|\|\s*safe", text), (
            template
        )


def nested_rules(css: str) -> list[str]:
    """Return the rules within a rule, and what has no end; only `@media` and the like hold rules.

    A rule that is not closed swallows all that follow it, which no browser reports.
    """
    open_rules: list[str] = []
    wrong = []
    for found in CSS_BLOCK.finditer(CSS_COMMENT.sub("", css)):
        if found.group() == "}":
            wrong += [] if open_rules else ["}"]
            open_rules = open_rules[:-1]
            continue
        selector = found.group(1).strip()
        if open_rules and not open_rules[-1].startswith("@"):
            wrong.append(selector)
        open_rules.append(selector)
    return wrong + open_rules


@pytest.mark.parametrize("sheet", sorted(STATIC.rglob("*.css")), ids=lambda path: path.name)
def test_every_rule_of_a_style_sheet_is_closed(sheet: Path) -> None:
    assert nested_rules(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("css", "wrong"),
    [
        ("@media print { a { color: red; } } b { color: red; }", []),
        ("a { color: red; /* } */ b { color: red; }", ["b", "a"]),
        ("a { color: red; } }", ["}"]),
    ],
)
def test_a_rule_that_is_not_closed_is_found(css: str, wrong: list[str]) -> None:
    assert nested_rules(css) == wrong


def test_the_links_of_the_menu_have_texts() -> None:
    assert {link.text for link in NAVIGATION} <= load_texts(DEFAULT_LANGUAGE).keys()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("pl,fr-CA;q=0.5,nl;q=0.7", "nl"),
        ("DE", "de"),
        ("de;q=0,it", "it"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_language_of_the_browser(accepted: str, language: str) -> None:
    assert choose_language(accepted) == language


@given(st.text())
def test_any_header_chooses_a_language(accepted: str) -> None:
    assert choose_language(accepted) in LANGUAGES


def test_counts_of_one() -> None:
    key = "common.movements"
    assert translate_count("en", key, 1) != translate_count("en", key, 2)


def test_every_verdict_of_a_guided_check_has_a_text() -> None:
    known = load_texts(DEFAULT_LANGUAGE)
    assert [one for one in PlacementVerdict if f"place.verdict_{one}" not in known] == []


@pytest.mark.parametrize(
    ("hours", "text"),
    [(8.225, "8 h 14 min"), (8.175, "8 h 11 min"), (7.9999, "8 h 00 min"), (0.0, "0 h 00 min")],
)
def test_half_a_minute_is_rounded_up_as_in_the_cards(hours: float, text: str) -> None:
    assert format_duration("en", hours) == text


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (96.0, "1 min 36 s", "1 Min. 36 Sek."),
        (120.2, "2 min", "2 Min."),
        (59.6, "1 min", "1 Min."),
        (36.0, "36 s", "36 Sek."),
    ],
)
def test_a_short_duration_has_only_the_parts_that_it_needs(
    seconds: float, english: str, german: str
) -> None:
    assert format_short_duration("en", seconds) == english
    assert format_short_duration("de", seconds) == german
