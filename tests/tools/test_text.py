"""Texts: put together, taken apart, sorted, compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call

LINES = st.lists(st.text(alphabet="abAB 12é", max_size=6), max_size=8)


@pytest.mark.parametrize(
    ("tool", "args", "result"),
    [
        ("text_join", {"texts": ["a", None, "b"], "separator": "-"}, "a-b"),
        ("text_split", {"text": "red, green,, blue", "separator": ","}, ["red", "green", "blue"]),
        ("text_replace", {"text": "a.b.c", "find": ".", "replacement": "+"}, "a+b+c"),
        ("text_case", {"text": "straße"}, "STRASSE"),
        ("text_case", {"text": "HELLO", "case": "lower"}, "hello"),
        ("text_case", {"text": "i don't know élan", "case": "title"}, "I Don't Know Élan"),
        ("sort_lines", {"text": "pear\nÄpfel\nfig\nApple"}, "Äpfel\nApple\nfig\npear"),
        ("sort_lines", {"text": "b\na\nc", "reverse": True}, "c\nb\na"),
        ("sort_lines", {"text": "10 x\nnone\n9.5 y\n-1 z", "by": "number"}, "-1 z\n9.5 y\n10 x\nnone"),
        ("sort_lines", {"text": "ccc\na\nbb", "by": "length"}, "a\nbb\nccc"),
        ("unique_lines", {"text": "b\na\nb\nA"}, "b\na\nA"),
        ("unique_lines", {"text": "b\na\nB", "ignore_case": True}, "b\na"),
        ("unique_lines", {"text": "a\n\nb\n\na", "keep_empty": True}, "a\n\nb\n"),
        ("filter_lines", {"text": "ok\nError 5\nfine", "containing": "error"}, "Error 5"),
        ("filter_lines", {"text": "ok\nError 5", "containing": "error", "invert": True}, "ok"),
        ("filter_lines", {"text": "Error\nerror", "containing": "error", "ignore_case": False}, "error"),
    ],
)
def test_lines_and_letters(tool: str, args: dict[str, Any], result: Any) -> None:
    assert call(tool, **args) == result


def test_a_diff_shows_what_changed_and_how_much_did_not() -> None:
    result = call("diff_texts", old="a\nb\nc\nd", new="a\nB\nc\nd", old_name="v1", new_name="v2")
    assert result == {
        "same": False,
        "ratio": 0.75,
        "added": 1,
        "removed": 1,
        "diff": "--- v1\n+++ v2\n@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n d",
    }


def test_alike_texts_have_an_empty_diff() -> None:
    assert call("diff_texts", old="a\nb", new="a\nb") == {
        "same": True,
        "ratio": 1.0,
        "added": 0,
        "removed": 0,
        "diff": "",
    }


@given(LINES, LINES)
def test_a_diff_counts_what_makes_one_text_the_other(old: list[str], new: list[str]) -> None:
    result = call("diff_texts", old="\n".join(old), new="\n".join(new))
    before, after = "\n".join(old).splitlines(), "\n".join(new).splitlines()
    assert len(before) + result["added"] - result["removed"] == len(after)


@given(LINES)
def test_sorting_loses_no_line(lines: list[str]) -> None:
    text = "\n".join(lines)
    for by in ("text", "number", "length"):
        assert sorted(call("sort_lines", text=text, by=by).split("\n")) == sorted(text.splitlines() or [""])


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("text_split", {"text": "a", "separator": ""}, "separator is empty; give at least one character"),
        ("text_replace", {"text": "a", "find": "", "replacement": "b"}, "find is empty"),
        ("text_join", {"texts": "abc"}, "texts"),
        ("text_case", {"text": "a", "case": "odd"}, "case"),
        ("sort_lines", {"text": "a", "by": "colour"}, "by"),
        ("unique_lines", {}, "text"),
        ("filter_lines", {"text": "a", "containing": ""}, "containing is empty"),
        ("diff_texts", {"old": "a", "new": "b", "context_lines": -1}, "context_lines is -1; give 0 or more"),
        ("diff_texts", {"old": "\n" * 20_001, "new": ""}, "old has 20001 lines; compare at most 20000"),
    ],
)
def test_what_cannot_be_done_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
