"""Text that a spreadsheet is to show, not to compute."""

from typing import Final

# What begins a formula in a spreadsheet, in the wide forms of East Asian keyboards, too:
# https://owasp.org/www-community/attacks/CSV_Injection.
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def defused(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text
