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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from overseer.jsonvalue import Json
from overseer.sandbox import attacks
from overseer.sandbox.inside import calls, system
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


def attacked(level: Level, run: Callable[[Job], Outcome], others: Sequence[str]) -> tuple[Check, ...]:
    """What came of every attack at this level. `others` are files and folders that a node must not read."""
    spared = _NOT_PROMISED.get(level, frozenset())
    with _World(others) as world:
        got: dict[str, str] = {}
        # A node that has a folder of its own is locked in with other rules than one that has none.
        for limits in (Limits(_TIME_S), Limits(_TIME_S, scratch=0)) if level == "full" else (Limits(_TIME_S),):
            outcome = run(Job(Path(attacks.__file__).read_text(encoding="utf-8"), world.facts, limits))
            if outcome.verdict != "good" or not isinstance(outcome.value, dict):
                return (Check("carry out the self-test", outcome.error or "it gave no answer"),)
            for name in attacks.ATTACKS:
                got[name] = got.get(name) or str(outcome.value.get(name, "was not tried"))
        checks = [Check(name, what, name not in spared) for name, what in got.items()]
        return (*checks, *(Check(name, what) for name, what in world.traces()))


class _World:
    """Things that a node must not reach."""

    def __init__(self, others: Sequence[str]) -> None:
        self._others = list(others)

    def __enter__(self) -> _World:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(_short_folder()))
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
                "others": [*self._others, "/etc/passwd"],
                **_call_numbers(),
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


def _short_folder() -> tempfile.TemporaryDirectory[str]:
    """The name of a socket file has room for a hundred bytes."""
    usual = tempfile.gettempdir()
    return tempfile.TemporaryDirectory(prefix="overseer-", dir=usual if len(os.fsencode(usual)) < 70 else "/tmp")


def _call_numbers() -> dict[str, Json]:
    """The system calls to try; none where this is not Linux."""
    if sys.platform != "linux":
        return {"calls": {}, "refused": {}}
    numbers = calls.numbers(system.machine())
    names = {*calls.REFUSED, *calls.ABSENT, *calls.UNLISTED} - {"fork", "vfork", "vhangup", "sync"}
    return {"calls": numbers, "refused": {name: numbers[name] for name in sorted(names) if name in numbers}}


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
