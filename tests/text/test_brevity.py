"""The beginning of a text."""

from __future__ import annotations

import pytest

from overseer.text.brevity import brief, shortened


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("12345", "12345"), ("123456", "1234…")])
def test_only_what_is_too_long_is_shortened(text: str, shown: str) -> None:
    assert shortened(text, 5) == shown


def test_what_is_brief_stands_in_one_line() -> None:
    assert brief(" a\n\tb\r\n c ", 5) == "a b c"
    assert brief("a\nb\nc d", 5) == "a b …"
