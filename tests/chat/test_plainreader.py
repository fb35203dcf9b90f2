"""Lines read without a line editor: what is typed, line breaks in it, and where it ends."""

from __future__ import annotations

import io

import pytest

from overseer.chat.plainreader import PlainReader


def test_a_backslash_at_the_end_lets_a_request_go_on() -> None:
    shown = io.StringIO()
    reader = PlainReader(io.StringIO("one\ntwo\\\nthree\n"), shown)
    assert [reader.request("> "), reader.request("> ")] == ["one", "two\nthree"]
    assert shown.getvalue() == "> >   "


def test_nothing_typed_is_the_default() -> None:
    shown = io.StringIO()
    reader = PlainReader(io.StringIO("\nb\n"), shown)
    assert [reader.answer("which? ", default="a"), reader.answer("which? ", default="a")] == ["a", "b"]
    assert shown.getvalue() == "which? [a] " * 2


def test_the_end_of_the_input_is_one_even_within_a_request() -> None:
    reader = PlainReader(io.StringIO("one\\\n"), io.StringIO())
    with pytest.raises(EOFError):
        reader.request("> ")
    with pytest.raises(EOFError):
        reader.answer("which? ")
