"""What the pages say, out of the sources: the keys of the catalogues, and what is in none."""

import ast
import calendar
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from florist.web import language
from florist.web.door import advice
from florist.web.pages import recipe, wording
from florist.web.problems import PROBLEMS

PAGES = Path(language.__file__).parent / "pages"
ENGLISH_ALONE = {"docs.html"}  # docs/serving.md says so
MARKERS = {"_", "gettext", "ngettext"}
SHOWN = {"alt", "aria-label", "label", "placeholder", "title"}

LITERAL = re.compile(r"""(text\()?(["`])(.*?)\2""")
# It begins with a capital, or has two words; a selector does not look like that.
SAID = re.compile(r"[A-Z][a-z]|[^.#<\[].*([a-z]{2}|\}) [a-z]{2}")
SENTENCE = re.compile(r"[A-Z][a-z]+ [a-z]|[a-z].* .*[.!?]$| [A-Za-z].*[.!?]$")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^(?:import|export)\b[^\n]* from [^\n]*", re.DOTALL | re.M)

Text = str | tuple[str, str]


def key(arguments: Sequence[object]) -> Iterator[Text]:
    """Return the key among the arguments of a marker, if it is written there."""
    texts = [each for each in arguments if isinstance(each, str)]
    if texts:
        yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def templates() -> Iterator[Path]:
    yield from (path for path in PAGES.rglob("*.html") if path.name not in ENGLISH_ALONE)


def in_templates(environment: Environment) -> Iterator[Text]:
    extract = environment.extract_translations  # type: ignore[attr-defined]
    for path in templates():
        for _, _, said in extract(path.read_text(encoding="utf-8")):
            yield from key((said,) if isinstance(said, str) else said or ())


def in_python() -> Iterator[Text]:
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKERS:
                yield from key([getattr(each, "value", None) for each in node.args])


def in_tables() -> Iterator[Text]:
    yield from (title for _, title in PROBLEMS.values())
    yield from (*advice.ADVICE.values(), advice.OTHERWISE, *advice.REASONS)
    yield from (name for name, _ in recipe.NAMES.values())
    yield from (form for _, form in recipe.NAMES.values() if re.search("[a-z]", form))
    yield from (each for row in wording.PLACES for each in row)
    yield from (month for month in calendar.month_abbr if month)
    yield from ("Accuracy", "Loss", "training", "validation")  # of the charts


def every(environment: Environment) -> set[Text]:
    """Return the keys that a catalogue has to have; of a plural, both forms."""
    return {
        *in_templates(environment), *in_python(), *in_tables(), *language.in_scripts()
    }  # fmt: skip


class _Shown(HTMLParser):
    """Collects what a page shows: texts, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def handle_data(self, data: str) -> None:
        self.shown.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shown += [value or "" for name, value in attrs if name in SHOWN]


def bare_in_template(environment: Environment, source: str) -> list[str]:
    """Return what a template shows that is in no catalogue; names and units are as they are."""
    tree = environment.parse(source)
    html = _Shown()
    html.feed(
        "".join(value if kind == "data" else "" for _, kind, value in environment.lex(source))
    )
    marked = {
        id(inner)
        for call in tree.find_all(nodes.Call)
        if getattr(call.node, "name", "") in MARKERS
        for inner in call.find_all(nodes.Const)
    }
    written = [
        each.value
        for each in tree.find_all(nodes.Const)
        if id(each) not in marked and isinstance(each.value, str)
    ]
    shown = [each for each in html.shown if re.search("[a-zA-Z]{2}", each)]
    return [*map(str.strip, shown), *filter(re.compile(r"[A-Z]?[a-z]+,? [a-z]").match, written)]


def bare_in_script(source: str) -> list[str]:
    """Return what a script says that is in no catalogue."""
    found = LITERAL.finditer(COMMENT.sub("", source))
    return [each[3] for each in found if SAID.match(each[3]) and not each[1]]


def bare_in_python(source: str) -> list[str]:
    """Return sentences for which no marker asks; logs and errors are in English, docs are none."""
    tree = ast.parse(source)
    quiet: list[ast.AST] = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.Call)
        and (getattr(each.func, "id", "") in {*MARKERS, "RefusedError"} or is_log(each.func))
    ]
    quiet += [each for each in ast.walk(tree) if isinstance(each, ast.Expr) and is_text(each.value)]
    known = {id(inner) for each in quiet for inner in ast.walk(each)}
    texts = [each for each in ast.walk(tree) if isinstance(each, ast.Constant)]
    return [
        each.value
        for each in texts
        if id(each) not in known and isinstance(each.value, str) and SENTENCE.match(each.value)
    ]


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_log(function: ast.AST) -> bool:
    return ast.unparse(function).startswith("_log.")
