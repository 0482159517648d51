"""Makes pages of templates. Everything that is inserted is escaped."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

FOLDER: Final = Path(__file__).parent / "templates"
CODE: Final = re.compile("`([^`]*)`")
FIRST_WORD: Final = re.compile("[a-z]+(?= )")
"""No id, path or name of a file, which have digits or punctuation."""


@cache
def environment() -> Environment:
    """Return the environment of all templates; a name that a page does not define is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["as_sentence"] = as_sentence
    return made


def as_sentence(message: str) -> Markup:
    """Return a message of the log as a paragraph begins: with a capital, and code between `...`."""
    first = FIRST_WORD.match(message)
    text = message if first is None else message[0].upper() + message[1:]
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return the page that a template makes of a context."""
    return environment().get_template(template).render(context)
