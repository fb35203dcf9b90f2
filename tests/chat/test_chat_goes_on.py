"""A chat outlives what goes wrong in a request: Ctrl-C where nobody listens for it, and faults of the program."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer import exits
from overseer.chat.chat import Chat
from overseer.chat.ending import Ending
from overseer.chat.handled import Handled
from overseer.errors import JournalError
from tests.chat.person import Somebody, talk_with


class Typed:
    """Gives lines, and then the end of the input."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)

    def request(self, prompt: str) -> str:
        if not self._lines:
            raise EOFError
        return self._lines.pop(0)

    def answer(self, prompt: str, *, default: str = "") -> str:
        raise EOFError

    def discard_typed(self) -> bool:
        return False

    def give_up(self, error: BaseException) -> bool:
        return False

    def complete_with(self, completer: object) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def killing() -> Iterator[list[int]]:
    """What Ctrl-C does to a command: it ends the process."""
    killed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: killed.append(number))
    yield killed
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def fail(error: Exception) -> Callable[[], None]:
    def raises() -> None:
        raise error

    return raises


@pytest.mark.parametrize(
    ("happens", "is_told"),
    [
        (interrupt, "interrupted"),
        (fail(ValueError("a bug")), "unexpected error: ValueError: a bug"),
        (fail(JournalError("no room")), "error: no room"),
    ],
    ids=["Ctrl-C", "a fault of the program", "a full disk"],
)
def test_a_chat_goes_on(
    happens: Callable[[], None],
    is_told: str,
    *,
    killing: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    talk = talk_with(Somebody(), ["unused"], folder=tmp_path)
    asked: list[str] = []

    def request(self: Any, text: str) -> Any:
        asked.append(text)
        if text == "first":
            happens()
        return Handled(text)

    monkeypatch.setattr(type(talk), "request", request)
    reader = Typed("first", "second")
    chat = Chat(talk, talk.bench, reader, {}, journal=None, command_line=lambda words: 0, ending=Ending())
    assert chat.run() == exits.OK
    assert asked == ["first", "second"]
    assert is_told in capsys.readouterr().err
    assert not killing
    interrupt()
    assert killing == [signal.SIGINT]  # outside of the chat all is as it was
