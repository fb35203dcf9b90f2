"""What a level is worth, found out by attacking: a node tries what it must not be able to do.

It goes the way of every node. What it says is not all that counts: the file that it should not get at is
looked at afterwards, and the sockets it should not reach are asked whether anybody came.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from overseer.jsonvalue import Json
from overseer.sandbox import attacks
from overseer.sandbox.values import Job, Level, Limits, Outcome

# What a level does not promise: without a root of its own, a node can find out whether a path exists.
_NOT_PROMISED: dict[Level, frozenset[str]] = {
    "hardened": frozenset({"see that a file exists"}),
    "platform": frozenset({"see that a file exists"}),
}

_TIME_S = 10.0


@dataclass(frozen=True, slots=True)
class Check:
    """One attack, and what came of it."""

    attack: str
    got: str = ""  # empty: it was refused
    is_promised: bool = True

    @property
    def has_failed(self) -> bool:
        return bool(self.got) and self.is_promised

    def to_json(self) -> dict[str, Json]:
        return {"attack": self.attack, "refused": not self.got, "got": self.got or None, "promised": self.is_promised}


def tested(level: Level, run: Callable[[Job], Outcome]) -> tuple[Check, ...]:
    """What came of every attack at this level."""
    spared = _NOT_PROMISED.get(level, frozenset())
    with _World() as world:
        source = Path(attacks.__file__).read_text(encoding="utf-8")
        outcome = run(Job(source, world.facts, Limits(wall_s=_TIME_S)))
        if outcome.verdict != "good" or not isinstance(outcome.value, dict):
            return (Check("carry out the self-test", outcome.error or "it gave no answer"),)
        checks = [Check(name, str(got), name not in spared) for name, got in outcome.value.items()]
        if missing := attacks.ATTACKS.keys() - outcome.value.keys():
            checks += [Check(name, "was not tried") for name in sorted(missing)]
        return (*checks, *(Check(name, got) for name, got in world.traces()))


class _World:
    """Things that a node must not reach."""

    def __enter__(self) -> _World:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overseer-")))
            self._secret = secrets.token_hex(16)
            self._canary = self._folder / "canary"
            self._canary.write_text(self._secret)
            self._before = self._canary.stat()
            self._tcp = stack.enter_context(_listening(socket.AF_INET, ("127.0.0.1", 0)))
            self._unix = stack.enter_context(_listening(socket.AF_UNIX, str(self._folder / "socket")))
            abstract = "\0overseer-" + secrets.token_hex(8) if sys.platform == "linux" else str(self._folder / "other")
            self._abstract = stack.enter_context(_listening(socket.AF_UNIX, abstract))
            self.facts: dict[str, Json] = {
                "canary": str(self._canary),
                "folder": str(self._folder),
                "socket": str(self._folder / "socket"),
                "abstract": abstract,
                "port": self._tcp.getsockname()[1],
                "pid": os.getpid(),
                "program": sys.executable,
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def traces(self) -> Iterator[tuple[str, str]]:
        """What the attacks left behind, whatever the node says."""
        after = self._canary.stat()
        is_same = (after.st_mode, after.st_mtime_ns, after.st_ctime_ns, after.st_size) == (
            self._before.st_mode,
            self._before.st_mtime_ns,
            self._before.st_ctime_ns,
            self._before.st_size,
        )
        yield "leave a trace in a file outside", "" if is_same else "it was changed"
        names = {path.name for path in self._folder.iterdir()} - {"canary", "socket", "other"}
        yield "leave a trace in a folder outside", f"there is {sorted(names)} in it" if names else ""
        came = [name for name, listener in self._listeners() if _has_come(listener)]
        yield "reach a socket outside", f"somebody came: {', '.join(came)}" if came else ""

    def _listeners(self) -> list[tuple[str, socket.socket]]:
        return [("TCP", self._tcp), ("socket file", self._unix), ("abstract socket", self._abstract)]


@contextmanager
def _listening(family: int, address: object) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen(8)
        listener.setblocking(False)
        yield listener


def _has_come(listener: socket.socket) -> bool:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True
