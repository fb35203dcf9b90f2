"""The files that runs write, kept apart between processes: a run holds what its plan names, or nothing of it.

There is a lock for each file, which the operating system drops with the process that has it, however that ends.
Whoever does not get all of them holds none while it waits, so that no two can wait for each other here.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from overseer.errors import RunBusy
from overseer.home import make_private
from overseer.journal.locks import RunLock, lock_at

# Each takes a descriptor. The rest of a plan that names more is kept apart within its own process alone.
MOST_FILES = 100

_FILE = "file:"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds one of the files."""

    resource: str
    process: int | None  # None where it has not signed yet
    who: str

    def __str__(self) -> str:
        who = self.who or "something"
        if self.process is None:
            return f"{who} in another process"
        return f"{who} in {'this process' if self.process == os.getpid() else f'process {self.process}'}"


class HeldFiles:
    """Some files, until they are released or this process ends."""

    def __init__(self, names: frozenset[str], locks: list[RunLock]) -> None:
        self._names = names
        self._locks = locks

    def has_all_of(self, names: Collection[str]) -> bool:
        return self._names.issuperset(names)

    def release(self) -> None:
        while self._locks:
            self._locks.pop().release()


class WriteLocks:
    """The locks of all files, as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, names: Collection[str], who: str) -> HeldFiles | Holder:
        """All of the files among these resources, or who is in the way. It needs no waiting."""
        locks: list[RunLock] = []
        try:
            for name in sorted(name for name in names if name.startswith(_FILE))[:MOST_FILES]:
                found = lock_at(self._path(name), who)
                if isinstance(found, str):
                    HeldFiles(frozenset(), locks).release()
                    process, _, other = found.partition(" ")
                    return Holder(name, int(process) if process.isdigit() else None, other)
                locks.append(found)
        except OSError as error:  # nothing can be kept here, which is no reason to do nothing
            _log.debug("what is written is not kept apart from other processes: %s", error)
        return HeldFiles(frozenset(names), locks)

    @contextmanager
    def holding(self, names: Collection[str], who: str) -> Iterator[None]:
        """Alone with these; RunBusy says who is in the way."""
        found = self.take(names, who)
        if isinstance(found, Holder):
            path = found.resource.removeprefix(_FILE)
            raise RunBusy(f"{found} is at work on {path}; wait for it or stop it, then try again; nothing was changed")
        try:
            yield
        finally:
            found.release()

    def _path(self, name: str) -> Path:
        """Where the lock of a file is, whatever way leads to that file."""
        make_private(self._folder)
        path = os.path.realpath(name.removeprefix(_FILE))
        return self._folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.lock"
