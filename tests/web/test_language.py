"""The catalogues of the pages, and which language a page has.

`python -m tests.web.test_language` adds new texts to the catalogues, drops those that are gone, and
compiles them.
"""

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from florist.web import language
from florist.web.door.advice import ADVICE
from florist.web.pages.recipe import recipe_of
from florist.web.problems import PROBLEMS
from tests.conftest import TRAINED
from tests.web.conftest import AppMaker, red
from tests.web.pages.test_pages import PERSON, post
from tests.web.texts import (
    PAGES,
    bare_in_python,
    bare_in_script,
    bare_in_template,
    every,
    templates,
)

JINJA = Environment(extensions=["jinja2.ext.i18n"])
GERMAN = {"Accept-Language": "de"}
TRANSLATED = [code for code in language.LANGUAGES if code != language.ENGLISH]
NO_TEXTS = {
    *("florist", "· florist", "light dark", "--max-error", "tbody tr"),
    *("Accept", "Content-Type", "Retry-After", "Bearer ${form.elements.key.value}"),
}


Find = Callable[[str], list[str]]


def in_template(source: str) -> list[str]:
    return bare_in_template(JINJA, source)


def catalogue(code: str) -> Catalog:
    with (language.FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, code)


def strings(message: Message) -> Sequence[str]:
    """Return a translation; of a plural, both forms."""
    return [message.string] if isinstance(message.string, str) else message.string or [""]


def compiled(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_is_complete_and_compiled(code: str) -> None:
    found = catalogue(code)
    assert {message.id for message in found if message.id} == every(JINJA)
    assert [each.id for each in found if not all(strings(each))] == []
    assert [each.id for each in found if each.fuzzy and each.id] == []
    assert [(each.id, errors) for each, errors in found.check()] == []
    assert (language.FOLDER / f"{code}.mo").read_bytes() == compiled(found), "Run `make languages`."


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_script_finds_its_words_by_the_names_in_them(code: str) -> None:
    for message in catalogue(code):
        if message.id in language.in_scripts():
            name = re.compile(r"\{\w+\}")
            said, key = str(message.string), str(message.id)
            assert sorted(name.findall(said)) == sorted(name.findall(key))


def test_nothing_is_said_outside_the_catalogue() -> None:
    bare = {path.name: in_template(path.read_text("utf-8")) for path in templates()}
    for path in (PAGES / "static").glob("*.js"):
        bare[path.name] = bare_in_script(path.read_text("utf-8"))
    for path in PAGES.glob("*.py"):
        bare[path.name] = list({*bare_in_python(path.read_text("utf-8"))} - every(JINJA))
    assert {name: texts for name, each in bare.items() if (texts := set(each) - NO_TEXTS)} == {}


@pytest.mark.parametrize(
    ("find", "source"),
    [
        (in_template, "<p>Choose one.</p>"),
        (in_template, '<p aria-label="Other answers">{{ _("Newer") }}</p>'),
        (in_template, '{{ "Nothing older" if before else _("Nothing here") }}'),
        (bare_in_script, 'say("Choose a picture first.");'),
        (bare_in_script, "line.textContent = `${over} of ${all} answered`;"),
        (bare_in_script, 'button.textContent = "Copied";'),
        (bare_in_python, 'flash("The picture is back.")'),
        (bare_in_python, 'flash(f"{gone} pictures are deleted.")'),
    ],
)
def test_what_stands_outside_the_catalogue_is_found(find: Find, source: str) -> None:
    assert len(find(source)) == 1


def test_a_problem_without_advice_is_none_that_a_picture_leads_to() -> None:
    assert ADVICE.keys() <= PROBLEMS.keys()


@pytest.mark.parametrize("path", ["/", "/history", "/model", "/docs", "/nothing"])
@pytest.mark.parametrize(
    ("asked", "cookie", "expected"),
    [
        ("", "", "en"),
        ("fr", "", "en"),
        ("de-AT, en;q=0.5", "", "de"),
        ("en, de", "", "en"),
        ("fr, de;q=0.5", "", "de"),
        ("de;q=0, en;q=0.1", "", "en"),
        ("de", "en", "en"),
        ("en", "de", "de"),
        ("de", "nonsense", "de"),
    ],
)
def test_a_page_has_the_language_that_was_chosen_or_asked_for(
    make_app: AppMaker, path: str, asked: str, cookie: str, expected: str
) -> None:
    client = make_app().test_client()
    if cookie:
        client.set_cookie(language.COOKIE, cookie)
    reply = client.get(path, headers={"Accept-Language": asked, "Accept": "text/html"})
    assert f'<html lang="{expected}"' in reply.text
    assert reply.content_language.as_set() == {expected}
    assert {"accept-language", "cookie"} <= reply.vary.as_set()


def test_the_reference_of_the_api_is_english_in_any_language(make_app: AppMaker) -> None:
    page = make_app().test_client().get("/docs", headers=GERMAN).text
    assert 'id="main" tabindex="-1" lang="en"' in page
    assert ">Verlauf<" in page.partition("<main")[0]


def test_one_language_leaves_nothing_to_the_next(make_app: AppMaker) -> None:
    client = make_app().test_client()
    pages = {
        asked: client.get("/model", headers={"Accept-Language": asked}).text
        for asked in ("en", "de", "en-GB")
    }
    assert "<dt>Input</dt>" in pages["en"]
    assert "<dt>Eingabe</dt>" in pages["de"]
    assert pages["en-GB"] == pages["en"]


def test_a_recipe_is_told_in_the_language_of_the_page(make_app: AppMaker) -> None:
    with make_app().test_request_context(headers=GERMAN):
        told = dict(recipe_of(TRAINED))
    assert told["Genauigkeit mit Validierungsbildern"] == "85,0\N{NO-BREAK SPACE}%"
    assert told["Prüfsumme des Datensatzes"] == TRAINED.dataset.digest


def test_problems_are_german_on_pages_alone(make_app: AppMaker) -> None:
    client = make_app(max_pictures=2).test_client()
    page = post(client, red(), red(), red(), **GERMAN)
    assert "<h1>Die Anfrage ist zu groß</h1>" in page.text
    assert "Auf einmal lassen sich höchstens 2 Bilder" in page.text
    script = post(client, b"Dear florist", Accept="application/json", **GERMAN)
    assert "Als JPEG oder PNG speichern" in script.text
    api = client.post("/api/v1/predictions", data=b"Dear", content_type="image/png", headers=GERMAN)
    assert api.json
    assert api.json["title"] == "This is no picture that can be read"
    assert api.json["detail"].startswith("not a picture")
    missing = client.get("/api/nothing", headers=PERSON | GERMAN)
    assert missing.json
    assert missing.json["title"] == PROBLEMS["not-found"][1]


def renew(path: Path) -> None:
    """Bring a catalogue up to date with what the pages say, and compile it."""
    known, wanted = catalogue(path.stem), every(JINJA)
    for message in list(known):
        if message.id and message.id not in wanted:
            known.delete(message.id)
    for text in wanted - {message.id for message in known}:
        known.add(text)
    with path.open("wb") as file:
        write_po(file, known, width=100, sort_output=True)
    path.with_suffix(".mo").write_bytes(compiled(known))


if __name__ == "__main__":
    for each in language.FOLDER.glob("*.po"):
        renew(each)
