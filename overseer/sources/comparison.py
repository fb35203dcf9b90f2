"""Changes of files on systems without inotify: look twice a second and compare.

A change is reported once it looks the same twice, so that a file being written is reported once;
one that is written without end is reported now and then. It cannot tell a file moved into a folder
from one made there, nor see what is undone between two looks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TypeAlias

from overseer.sources.outlet import Close
from overseer.sources.target import Change, Listener, Target

# After so many looks, what still changes is reported all the same.
MOST_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """What shows whether an entry is the same thing, and whether it was written since."""

    identity: tuple[int, int, int]
    contents: tuple[int, int]


Look: TypeAlias = Mapping[str, Mark]  # by name; the empty name is the folder itself


class Comparison:
    """For systems without inotify: a thread that looks at all targets every so often."""

    def __init__(self, *, every_s: float = 0.5) -> None:
        self._every_s = every_s
        self._watches: list[Watch] = []
        self._lock = Lock()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="overseer-files", daemon=True)
        self._thread.start()

    def add(self, listener: Listener) -> Close:
        first = look(listener.target)
        watch = Watch(listener, reported=first, before=first)
        with self._lock:
            self._watches.append(watch)
        return lambda: self._remove(watch)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _remove(self, watch: Watch) -> None:
        with self._lock:
            self._watches.remove(watch)

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            with self._lock:
                watches = list(self._watches)
            for watch in watches:
                watch.compare()


@dataclass(slots=True, eq=False)
class Watch:
    """A target: how it was reported to be, how it looked last, and what has not come to rest since."""

    listener: Listener
    reported: Look
    before: Look
    restless: Mapping[str, int] = field(default_factory=dict)  # for how many looks

    def compare(self) -> None:
        # A folder that cannot be read at the moment has not gone.
        with suppress(OSError):
            self.take(look(self.listener.target))
        self.listener.catch_up()

    def take(self, now: Look) -> None:
        """Report what is different in this look, if it is the right moment."""
        overdue = {name for name, looks in self.restless.items() if looks >= MOST_LOOKS}
        changed = dict(changes(self.reported, self.before, now, overdue))
        kept = {name: mark for name, mark in self.reported.items() if name not in changed}
        self.reported = kept | {name: now[name] for name in changed if name in now}
        self.before = now
        different = {name for name, _ in self.reported.items() ^ now.items()}
        self.restless = {name: self.restless.get(name, 0) + 1 for name in different}
        for name, change in changed.items():
            self.listener.tell(self.listener.target.path_of(name), change)


def changes(reported: Look, before: Look, now: Look, overdue: Collection[str] = ()) -> Iterator[tuple[str, Change]]:
    """How `now` differs from what was reported, where it has come to rest or is overdue."""
    # Entries before their folder when they go: the order in which they are deleted.
    for name in sorted(reported.keys() | now.keys(), reverse="" not in now):
        old, new = reported.get(name), now.get(name)
        if new == old or (new != before.get(name) and name not in overdue):
            continue
        if new is None:
            yield name, "deleted"
        elif old is None:
            yield name, "created"
        else:
            yield name, "modified" if new.identity == old.identity else "moved"


def look(target: Target) -> Look:
    """The marks of the target: of the one file, or of a folder and what is directly in it."""
    try:
        if target.name is not None:
            return {target.name: _mark(os.stat(target.shown))}
        marks = {"": _mark(os.stat(target.folder))}
        with os.scandir(target.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    marks[entry.name] = _mark(entry.stat(follow_symlinks=False))
        return marks
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _mark(status: os.stat_result) -> Mark:
    # A folder's own time and size change with its entries, which are not its contents here.
    contents = (0, 0) if stat.S_ISDIR(status.st_mode) else (status.st_mtime_ns, status.st_size)
    return Mark((stat.S_IFMT(status.st_mode), status.st_dev, status.st_ino), contents)
