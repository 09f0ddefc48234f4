"""What is printed of a name that may hold anything."""

import pytest

from florist.errors import printable


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-01-02 at 3.04.05\u202fPM.png",  # macOS
        "10\u00a0000 roses.jpg",
        "バラ\u3000赤.jpg",
        "می\u200cخواهم",  # Persian
        "\U0001f469\u200d\U0001f33e.png",  # a farmer is a woman, a joiner and an ear of rice
        "été",
        "\ue000\U0001fae9",  # private use, and newer than Python's own table
    ],
)
def test_text_of_any_script_is_left_alone(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("a\x1b[31mb\n", "a\\x1b[31mb\\n"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("\udcff", "\\udcff"),
        ("invoice\u202egnp.exe", "invoice\\u202egnp.exe"),
        ("\u2066\u200f", "\\u2066\\u200f"),
        ("two\u2028lines\u2029", "two\\u2028lines\\u2029"),
        ("e\u0301t", "ét"),
    ],
)
def test_what_is_no_text_is_escaped(name: str, printed: str) -> None:
    assert printable(name) == printed
