"""What a terminal is taken to be able to do."""

from __future__ import annotations

import io
from typing import Any

import pytest

from overseer.terminal.screen import Screen, screen_of


class Stream(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def screen(*, is_terminal: bool = True, encoding: str = "utf-8", **given: Any) -> Screen:
    options = {name: given.pop(name) for name in ("is_plain", "colour") if name in given}
    environ = {"TERM": "xterm-256color", **given}
    return screen_of(Stream(is_terminal=is_terminal), environ, encoding=encoding, **options)


@pytest.mark.parametrize(
    ("given", "has_colour"),
    [
        ({}, True),
        ({"is_terminal": False}, False),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"is_terminal": False, "FORCE_COLOR": "1"}, True),
        ({"is_terminal": False, "FORCE_COLOR": "0"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "colour": True}, True),
        ({"is_terminal": False, "colour": True}, True),
        ({"FORCE_COLOR": "1", "colour": False}, False),
        ({"is_plain": True, "FORCE_COLOR": "1"}, False),
    ],
)
def test_who_is_asked_first_about_colours(given: dict[str, Any], has_colour: bool) -> None:
    assert screen(**given).has_colour is has_colour


@pytest.mark.parametrize(
    "given",
    [{"is_terminal": False}, {"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}, {"colour": False}, {"is_plain": True}],
)
def test_lines_are_appended_where_nothing_can_or_should_be_drawn_anew(given: dict[str, Any]) -> None:
    assert screen().is_live
    assert not screen(**given).is_live


@pytest.mark.parametrize(
    ("encoding", "is_unicode"), [("utf-8", True), ("cp1252", False), ("ascii", False), ("?", False)]
)
def test_letters_are_such_as_the_terminal_has(encoding: str, is_unicode: bool) -> None:
    found = screen(encoding=encoding)
    assert found.is_unicode is is_unicode
    found.shown("é 中 ✓").encode(found.encoding)


def test_nothing_that_is_shown_steers_the_terminal() -> None:
    assert screen().shown("\x1b[2Jgone\r\x07") == "\\x1b[2Jgone\\x0d\\x07"


@pytest.mark.parametrize(
    ("given", "reflows"),
    [
        ({}, True),
        ({"XTERM_VERSION": "x"}, False),
        ({"XTERM_VERSION": "x", "TMUX": "t"}, True),
        ({"TERM": "linux"}, False),
    ],
)
def test_which_terminals_cut_long_lines(given: dict[str, Any], reflows: bool) -> None:
    assert screen(**given).reflows is reflows
