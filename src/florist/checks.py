"""What was read from a file that anybody may have written, checked before it is used.

Each function returns what it was given, as the type that it says, or raises `ValueError`.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from florist.errors import printable

NOT_AS_EXPECTED: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What comes out where a file holds something of another shape than was expected."""

_DEEPEST: Final = 4


def text(value: object) -> str:
    """Accept text without characters that a terminal, a page or a log would stumble over."""
    if not isinstance(value, str) or printable(value) != value:
        raise ValueError(f"expected text, found {_shown(value)}")
    return value


def count(value: object, least: int = 0) -> int:
    """Accept a whole number of at least `least`."""
    if type(value) is not int or value < least:
        raise ValueError(f"expected a whole number from {least}, found {_shown(value)}")
    return value


def share(value: object) -> float:
    """Accept a number from 0 to 1; NaN is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"expected a share from 0 to 1, found {_shown(value)}")
    return float(value)


def plain(value: object, depth: int = 0) -> Any:
    """Accept what JSON can hold, a few levels deep, with text that can be shown."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [plain(each, depth + 1) for each in value]
        case Mapping():
            return {text(name): plain(each, depth + 1) for name, each in value.items()}
        case _:
            return text(value)


def _shown(value: object) -> str:
    found = printable(repr(value))
    return found if len(found) <= 60 else f"{found[:60]}…"
