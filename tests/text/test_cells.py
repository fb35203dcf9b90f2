"""How much room a text takes: cut, padded and wrapped to a width, whatever it is written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.text.cells import cells, cut, padded, wrapped

texts = st.text(max_size=60) | st.text("ab 日本😀é\u0301\u200d", max_size=60)


@given(texts, st.integers(0, 30))
def test_what_is_cut_is_no_wider_and_says_so(text: str, width: int) -> None:
    short = cut(text, width)
    assert cells(short) <= width
    if short != text and width > 1:
        assert short.endswith("…")


@given(texts, st.integers(0, 30))
def test_what_is_padded_is_exactly_as_wide(text: str, width: int) -> None:
    assert cells(padded(text, width)) == width


@given(texts.map(lambda text: " ".join(text.split())), st.integers(2, 30), st.integers(1, 5))
def test_what_is_wrapped_fits_and_loses_nothing_that_there_is_room_for(text: str, width: int, most: int) -> None:
    lines = wrapped(text, width, most)
    assert 1 <= len(lines) <= most
    assert all(cells(line) <= width for line in lines)
    if not lines[-1].endswith("…"):
        assert _letters("".join(lines)) == _letters(text)


def _letters(text: str) -> str:
    return text.replace(" ", "").replace("\u200d", "")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Translate to French", ["Translate", "to French"]),
        ("Donaudampfschifffahrt", ["Donaudampf", "schifffah…"]),
        ("日本語のテキスト", ["日本語のテ", "キスト"]),
        ("", [""]),
    ],
)
def test_lines_end_between_words_where_they_can(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10, 2) == lines


def test_a_text_that_takes_no_room_is_not_shown_without_end() -> None:
    assert len(cut("e" + "\u0301" * 10_000, 10)) <= 82
