"""Answers in Markdown, as a terminal shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.terminal.flow import broken
from overseer.terminal.markdown import Markdown
from overseer.terminal.screen import Screen
from overseer.terminal.style import ASCII_MARKS, UNICODE_MARKS, Line, text_of
from overseer.text.cells import cells as cells_of


def markdown(columns: int = 40, *, is_unicode: bool = True) -> Markdown:
    marks = UNICODE_MARKS if is_unicode else ASCII_MARKS
    return Markdown(columns=lambda: columns, marks=marks, shown=Screen().shown)


def shown(text: str, columns: int = 40, *, is_unicode: bool = True) -> list[str]:
    answer = markdown(columns, is_unicode=is_unicode)
    return [text_of(line) for line in [*answer.feed(text), *answer.close()]]


CODE = "```python\ndef f(x):\n\n\treturn x   # a line of code that is longer than forty columns are\n```\n"
TABLE = """
| Name | What it means | N |
|---|---|--:|
| alpha | the first of the letters of the alphabet | 1 |
| 中文 | two wide letters | 22 |
"""


def test_code_can_be_copied_as_it_was_written() -> None:
    assert shown(CODE) == ["def f(x):", "", "\treturn x   # a line of code that is longer than forty columns are"]


def test_an_answer_is_shown_block_by_block() -> None:
    answer = markdown()
    assert answer.feed("# Tit") == []
    assert answer.open_text == "# Tit"
    assert answer.feed("le\n\nA para") == [(("heading", "Title"),)]
    assert answer.feed("graph\nof two lines\n") == []
    assert [text_of(line) for line in answer.feed("\n")] == ["", "A paragraph", "of two lines"]
    assert [text_of(line) for line in answer.feed("```\ncode\n```\n")] == ["", "code"]
    assert answer.feed("last") == []
    assert [text_of(line) for line in answer.close()] == ["", "last"]
    assert answer.open_text == ""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- one\n- two\n  - in two\n- three", ["• one", "• two", "  • in two", "• three"]),
        ("3. three\n4. four", ["3. three", "4. four"]),
        ("- one\n\n  more of one\n\n- two", ["• one", "", "  more of one", "• two"]),
        ("- run\n  ```\n  x = 1\n  ```\n- two", ["• run", "  x = 1", "• two"]),
        ("> said\n> so", ["│ said", "│ so"]),
        ("see [this](https://example.org/a)", ["see this (https://example.org/a)"]),
        ("<https://example.org/a>", ["https://example.org/a"]),
        ("![a cat](cat.png)", ["[a cat] (cat.png)"]),
        ("<b>not</b> bold", ["<b>not</b> bold"]),
        ("a  \nb", ["a", "b"]),
        ("```\nnever closed", ["never closed"]),
        ("# \n", [""]),
        ("", []),
    ],
)
def test_blocks_look_like_what_they_are(text: str, lines: list[str]) -> None:
    assert shown(text, 60) == lines


def test_marks_have_styles() -> None:
    answer = markdown(80)
    (line,) = [*answer.feed("a **b** *c* `d` [e](f)"), *answer.close()]
    styles = {text: style for style, text in line if style}
    assert styles == {"b": "strong", "c": "emphasis", "d": "code", "e": "link"}


def test_a_table_has_its_columns_side_by_side_where_there_is_room() -> None:
    assert shown(TABLE, 100) == [
        "Name   What it means                             N",
        "─────  ────────────────────────────────────────  ──",
        "alpha  the first of the letters of the alphabet  1",
        "中文   two wide letters                          22",
    ]


def test_its_cells_are_broken_where_there_is_less() -> None:
    assert shown(TABLE, 40, is_unicode=False) == [
        "Name   What it means                 N",
        "-----  ----------------------------  --",
        "alpha  the first of the letters of   1",
        "       the alphabet",
        "中文   two wide letters              22",
    ]


def test_and_told_row_by_row_where_there_is_none() -> None:
    assert shown(TABLE, 16)[:4] == ["Name: alpha", "What it means:", "the first of", "the letters of"]


def test_nothing_in_an_answer_steers_the_terminal() -> None:
    for text in ("a\x1b[2Jb", "`a\x1b]0;t\x07`", "```\n\x1b[?1049h\n```", "[x](http://a\x9b1m)", "\u202eabc"):
        assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in "".join(shown(text)))


MARKS = ["# ", "a", " b", "\n", "\n\n", "- ", "1. ", "```", "`", "|", "|-|", "> ", "  ", "*", "中", "[x](y)"]
pieces = st.lists(st.sampled_from(MARKS))


@given(pieces, st.integers(1, 60))
def test_how_an_answer_was_cut_does_not_show(given_pieces: list[str], columns: int) -> None:
    answer = markdown(columns)
    lines: list[Line] = []
    for piece in given_pieces:
        lines += answer.feed(piece)
    lines += answer.close()
    assert [text_of(line) for line in lines] == shown("".join(given_pieces), columns)


@given(st.text(st.sampled_from("ab 中\n")), st.integers(2, 12))
def test_broken_lines_keep_to_their_width_and_lose_no_word(text: str, cells: int) -> None:
    lines = [text_of(line) for line in broken([("", text)], cells, is_strict=True)]
    assert all(cells_of(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
