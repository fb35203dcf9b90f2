"""A chat whose terminal goes away ends in one way, whatever it does and whether it hears of it by a signal."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("termios", reason="terminals of POSIX")

from overseer.journal.journal import Journal
from tests.chat.conftest import NO_MODEL, Chats
from tests.processes import PATIENCE_S
from tests.program import begun_at
from tests.servers.model_server import Answer, ModelServer

_STEERING = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


class Leaving:
    """Somebody at a chat who goes away, and takes the terminal along."""

    def __init__(self, chats: Chats, *options: str, hears: str = "deaf", **environ: str) -> None:
        self.outer, inner = os.openpty()
        known = {**os.environ, **NO_MODEL, "OVERSEER_HOME": str(chats.home), "TERM": "xterm", **environ}
        chat = ("--tools", str(chats.folder / "own"), *options)
        # "Deaf" ignores the signal of the terminal, as nohup has it, and what is begun does as well.
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN if hears == "deaf" else signal.SIG_DFL)
        try:
            self.process = begun_at(inner, *chat, folder=chats.folder, environment=known)
        finally:
            signal.signal(signal.SIGHUP, before)
        os.close(inner)
        self.seen = b""
        self.wait_for(lambda: b">" in _STEERING.sub(b"", self.seen).partition(b"/help.")[2])

    def enter(self, line: str) -> None:
        os.write(self.outer, f"{line}\r".encode())

    def wait_for(self, holds: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < until, self.seen
            if select.select([self.outer], [], [], 0.01)[0]:
                self.seen += os.read(self.outer, 65536)

    def code_after_leaving(self) -> int:
        os.close(self.outer)
        self.outer = -1
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.outer >= 0:
            os.close(self.outer)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def leaving(chats: Chats) -> Iterator[Callable[..., Leaving]]:
    begun: list[Leaving] = []

    def begin(*options: str, hears: str = "deaf", **environ: str) -> Leaving:
        begun.append(Leaving(chats, *options, hears=hears, **environ))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def left_behind(chats: Chats) -> list[str]:
    """How the runs ended that are to be gone on with."""
    with Journal.open(chats.home / "journal.db", read_only=True) as journal:
        return [run.summary.status for run in journal.left_behind()]


HUNG_UP = 128 + signal.SIGHUP


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["line editor", "plain"])
@pytest.mark.parametrize("hears", ["hears", "deaf"])
def test_at_the_prompt(leaving: Callable[..., Leaving], options: tuple[str, ...], hears: str) -> None:
    assert leaving(*options, hears=hears).code_after_leaving() == HUNG_UP


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["live lines", "plain"])
@pytest.mark.parametrize("hears", ["hears", "deaf"])
def test_in_a_run(leaving: Callable[..., Leaving], chats: Chats, options: tuple[str, ...], hears: str) -> None:
    chat = leaving(*options, hears=hears)
    chat.enter("/run waiting.yaml")
    chat.wait_for((chats.folder / "begun-w").exists)
    assert chat.code_after_leaving() == HUNG_UP
    assert left_behind(chats) == ["cancelled"]


def test_while_a_plan_is_made(leaving: Callable[..., Leaving]) -> None:
    with ModelServer([Answer('{"answer": "Late."}', delay_s=PATIENCE_S)]) as server:
        chat = leaving(OPENAI_BASE_URL=server.openai_url, OVERSEER_MODEL="openai/tiny")
        chat.enter("what is late")
        chat.wait_for(lambda: server.asked.acquire(blocking=False))
        assert chat.code_after_leaving() == HUNG_UP


def test_while_runs_in_the_background_are_waited_for(leaving: Callable[..., Leaving], chats: Chats) -> None:
    chat = leaving()
    chat.enter("/run waiting.yaml &")
    chat.wait_for((chats.folder / "begun-w").exists)
    chat.enter("/quit")
    chat.wait_for(lambda: b"under way in the background" in chat.seen)
    chat.enter("w")
    chat.wait_for(lambda: b"waiting; Ctrl-C goes back" in chat.seen)
    assert chat.code_after_leaving() == HUNG_UP
    assert left_behind(chats) == ["cancelled"]
