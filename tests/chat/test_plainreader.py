"""Lines read without a line editor: what is typed, line breaks in it, and where it ends."""

from __future__ import annotations

import errno
import io

import pytest
from prompt_toolkit import PromptSession

from overseer.chat.plainreader import PlainReader
from overseer.chat.reader import Reader


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


class GoneTerminal(io.StringIO):
    """What a process has of a terminal that was closed."""

    def readline(self, size: int | None = -1, /) -> str:
        raise OSError(errno.EIO, "Input/output error")

    def write(self, text: str, /) -> int:
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("shown", [io.StringIO(), GoneTerminal()], ids=["when reading", "when asking"])
def test_a_terminal_that_is_gone_is_the_end_of_the_input(shown: io.StringIO) -> None:
    reader = PlainReader(GoneTerminal(), shown)
    with pytest.raises(EOFError):
        reader.request("> ")
    with pytest.raises(EOFError):
        reader.answer("which? ")


def test_so_it_is_where_reading_gives_nothing_and_nothing_can_be_shown_any_more() -> None:
    class Closing(io.StringIO):
        def write(self, text: str, /) -> int:
            if text == "\n":
                raise OSError(errno.EIO, "Input/output error")
            return super().write(text)

    with pytest.raises(EOFError):
        PlainReader(io.StringIO(""), Closing()).request("> ")


def test_it_is_the_end_of_the_input_for_the_line_editor_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def prompt(*_args: object, **_options: object) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(PromptSession, "prompt", prompt)
    reader = Reader(keeps=lambda line: True)
    with pytest.raises(EOFError):
        reader.request("> ")
    with pytest.raises(EOFError):
        reader.answer("which? ")
