"""The files that runs write, kept apart between processes: a run holds what its plan names, or nothing of it.

There is a lock for each file, which the operating system drops with the process that has it, however that ends.
Whoever does not get all of them holds none while it waits, so that no two can wait for each other here.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from overseer.errors import RunBusy
from overseer.home import make_private
from overseer.journal.locks import RunLock, lock_at

# Each takes a descriptor. The rest of a plan that names more is kept apart within its own process alone.
MOST_FILES = 100
_MOST_SWEPT = 1000

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

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._locks: dict[Path, RunLock] = {}

    def has_all_of(self, names: Collection[str]) -> bool:
        return self._names.issuperset(names)

    def has(self, path: Path) -> bool:
        return path in self._locks

    def add(self, names: Collection[str], locks: Mapping[Path, RunLock]) -> None:
        self._names |= set(names)
        self._locks |= locks

    def given_up(self) -> dict[Path, RunLock]:
        """The locks, for somebody else to hold."""
        locks, self._locks = self._locks, {}
        return locks

    def release(self) -> None:
        for lock in self.given_up().values():
            lock.release()
        self._names.clear()


class WriteLocks:
    """The locks of all files, as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_swept = False

    def take(self, names: Collection[str], who: str, held: HeldFiles | None = None) -> HeldFiles | Holder:
        """All of the files among these resources, with what is `held` already; or who is in the way.

        In that case it holds no more than before. It needs no waiting.
        """
        held, taken = held or HeldFiles(), HeldFiles()
        try:
            self._prepare()
            for path, name in self._paths(names).items():
                if held.has(path):
                    continue
                found = lock_at(path, who)
                if isinstance(found, str):
                    taken.release()
                    process, _, other = found.partition(" ")
                    return Holder(name, int(process) if process.isdigit() else None, other)
                taken.add((), {path: found})
        except OSError as error:  # nothing can be kept here, which is no reason to do nothing
            _log.debug("what is written is not kept apart from other processes: %s", error)
        held.add(names, taken.given_up())
        return held

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

    def _prepare(self) -> None:
        """Have the folder, without what processes left there that were killed."""
        make_private(self._folder)
        if self._is_swept:
            return
        self._is_swept = True
        for path in islice(self._folder.glob("*.lock"), _MOST_SWEPT):
            if isinstance(found := lock_at(path), RunLock):
                found.release()

    def _paths(self, names: Collection[str]) -> dict[Path, str]:
        """Where the locks of files are: one for each, by whatever ways to it those are named."""
        paths: dict[Path, str] = {}
        for name in sorted(names):
            if name.startswith(_FILE):
                with suppress(ValueError):  # no file can be called so, as whoever wants to write it is told
                    paths.setdefault(self._path(name), name)
        return dict(islice(paths.items(), MOST_FILES))

    def _path(self, name: str) -> Path:
        path = os.path.realpath(name.removeprefix(_FILE))
        return self._folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.lock"
