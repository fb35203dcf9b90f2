"""Lines read without a line editor: what is typed, line breaks in it, and where it ends."""

from __future__ import annotations

import errno
import io
import os

import pytest
from prompt_toolkit import PromptSession

from overseer.chat.plainreader import PlainReader
from overseer.chat.reader import Reader
from tests.processes import Child


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


# The main thread takes no signals, as if each came just before it began to read.
DEAF = """
import os, signal, sys, threading, time
from overseer.chat.plainreader import PlainReader
outer, inner = os.openpty()
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: print("told to end", flush=True))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
class Shown:
    def write(self, text): text == "> " and os.kill(os.getpid(), signal.SIGTERM)
    def flush(self): threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    PlainReader(open(inner), Shown()).request("> ")
except KeyboardInterrupt:
    print("given up", flush=True)
os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_is_heard_that_comes_just_before_reading_begins() -> None:
    with Child(DEAF) as child:
        assert child.hear_all() == ["told to end", "given up"]


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
