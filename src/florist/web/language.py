"""The language of a page: chosen by hand, which a cookie remembers, or what the browser asks for.

What is written in the code is English and the key of the catalogue, `languages/de.po`. The API, the
logs and the command line speak English alone.
"""

import re
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from flask import Flask, Response, request

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch"}
"""What there is, as each language calls itself; the first one is what the code is written in."""

COOKIE: Final = "language"
FOLDER: Final = Path(__file__).with_name("languages")
SCRIPTS: Final = Path(__file__).parent / "pages" / "static"
ENGLISH: Final = "en"
_SAID: Final = re.compile(r'\btext\("([^"]+)"')


def register(app: Flask) -> None:
    """Have templates ask the catalogue, and tell caches and browsers which language a page has."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True
    )
    app.jinja_env.filters["translated"] = gettext  # of what may hold a %, unlike `_`
    app.after_request(_name_language)


def language() -> str:
    """Return the language of the page that is asked for."""
    if not request:  # a number is written in a log, or in a test
        return ENGLISH
    chosen = request.cookies.get(COOKIE)
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    # Werkzeug's `best_match` gives `de-AT, en;q=0.5` English, which alone is there to the letter.
    asked = (each.partition("-")[0].lower() for each, wish in request.accept_languages if wish > 0)
    return next((each for each in asked if each in LANGUAGES), ENGLISH)


def gettext(text: str) -> str:
    """Return a text in the language of the page."""
    return _catalogue(language()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text that goes with a count, in the language of the page."""
    return _catalogue(language()).ngettext(one, many, count)


@cache
def _catalogue(of: str) -> NullTranslations:
    if of == ENGLISH:
        return NullTranslations()
    with (FOLDER / f"{of}.mo").open("rb") as file:
        return GNUTranslations(file)


@cache
def in_scripts() -> tuple[str, ...]:
    """Return what scripts say, in English."""
    scripts = [path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js")]
    return tuple(sorted({text for script in scripts for text in _SAID.findall(script)}))


def words_of_scripts() -> Mapping[str, str]:
    """Return what scripts say, in the language of the page; nothing where that is English."""
    if language() == ENGLISH:
        return {}
    return {text: gettext(text) for text in in_scripts()}


def number(text: str) -> str:
    """Write a number, given as Python writes it, with the marks of the page's language."""
    return text.translate(str.maketrans(",.", ".,")) if language() == "de" else text


def _name_language(response: Response) -> Response:
    if response.mimetype == "text/html" and "Content-Language" not in response.headers:
        response.content_language.add(language())
        response.vary.update(["Accept-Language", "Cookie"])
    return response
