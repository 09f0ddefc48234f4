"""How numbers, times and lists are written on the pages."""

import base64
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from markupsafe import Markup

from florist.prediction import Result
from florist.web.language import gettext, number
from florist.web.uploads.copies import Upload

_NAMED: Final = 8
_MIDDLE: Final = (0.4, 0.6)
PLACES: Final = (
    ("at the top left", "at the top", "at the top right"),
    ("on the left", "in the middle", "on the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)
_SPACE: Final = "\N{NO-BREAK SPACE}"


def percent(share: float | None) -> str:
    """Write a share of 1; what is not quite 0 or 1 never looks as if it were."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return number(f"<0.1{_SPACE}%")
    if 0.999 < share < 1:
        return number(f">99.9{_SPACE}%")
    return number(f"{100 * share:.1f}{_SPACE}%")


def hundredths(share: float) -> str:
    """Write a share as so many of 100, rounded down; near all and none to a tenth."""
    step = 1 if 0.01 <= share <= 0.99 else 10
    share_of = math.floor(100 * step * share + 1e-6) / step
    return gettext("%(share)s of 100") % {"share": number(f"{share_of:g}")}


def count(how_many: int) -> str:
    """Write a whole number with its thousands apart."""
    return number(f"{how_many:,}")


def listed(names: Sequence[str]) -> str:
    """Write names as a sentence would, the many in short."""
    if len(names) > _NAMED:
        few, more = ", ".join(names[: _NAMED - 2]), len(names) - _NAMED + 2
        return gettext("%(names)s and %(more)s more") % {"names": few, "more": count(more)}
    return gettext("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def moment(when: datetime) -> str:
    """Write a time in UTC; a script turns it into the reader's own."""
    return gettext("%(day)s %(month)s %(year)s, %(time)s UTC") % {
        "day": when.day,
        "month": gettext(f"{when:%b}"),
        "year": when.year,
        "time": f"{when:%H:%M}",
    }


def marked(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = text.split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if odd % 2 else part for odd, part in enumerate(parts))


def headline(answered: Result | Upload) -> str:
    """Write an answer in words."""
    best, *others = (each.label for each in answered.predictions)
    match answered.verdict:
        case "none":
            return gettext("Probably none of these")
        case "unsure" if others:
            return gettext("Could be %(best)s or %(other)s") % {"best": best, "other": others[0]}
        case _:
            return best


def aside(answered: Result | Upload) -> str:
    """Write what belongs to the answer in smaller letters, if anything does."""
    if answered.verdict == "none":
        return gettext("looks most like %(label)s") % {"label": answered.predictions[0].label}
    return ""


def whereabouts(point: tuple[float, float]) -> str:
    """Write where in a picture a point is, given as shares of its width and height."""
    column, row = ((share > _MIDDLE[0]) + (share > _MIDDLE[1]) for share in point)
    return gettext(PLACES[row][column])


def data_url(content: bytes, kind: str) -> str:
    """Write a small picture into the page itself."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


FILTERS: Final = (
    percent, hundredths, count, number, listed, sentence, moment, marked, headline, aside,
    whereabouts, data_url,
)  # fmt: skip
