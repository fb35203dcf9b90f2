"""Changes of files as Linux reports them: one inotify descriptor and one thread for all targets.

A target is watched through its folder, so that deleting, replacing and making it again are seen. The
folder in turn is watched through the one above it, so that a folder which is removed and made
again, as build tools do, is followed. Not seen are contents that change without the file being
closed, such as a log that its writer keeps open, and changes by other machines on a network share.
"""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TypeAlias

from overseer.sources.inotify_kernel import (
    IN_CLOSE_NOWRITE,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_IGNORED,
    IN_ISDIR,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_OPEN,
    IN_Q_OVERFLOW,
    Kernel,
)
from overseer.sources.outlet import Close
from overseer.sources.settling import Settling
from overseer.sources.target import Change, Listener, Target

_NAMES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
_CONTENTS = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE

# How soon a scope that was too busy is asked again.
_CATCH_UP_S = 1.0

Report: TypeAlias = tuple[Listener, str, Change]


class Inotify:
    """Tells listeners what happens to their targets. Raises OSError where there is no inotify to be had."""

    def __init__(self) -> None:
        with ExitStack() as undo:
            self._kernel = Kernel()
            undo.callback(os.close, self._kernel.fd)
            self._stop_fd = os.eventfd(0, os.EFD_CLOEXEC)
            undo.callback(os.close, self._stop_fd)
            self._close_descriptors = undo.pop_all().close
        self._lock = Lock()
        self._watches: list[Watch] = []
        self._thread = Thread(target=self._run, name="overseer-files", daemon=True)
        self._thread.start()

    def add(self, listener: Listener) -> Close:
        watches = [Watch(listener, listener.target)]
        if behind := _behind_link(listener.target):
            watches.append(Watch(listener, behind))
        with self._lock:
            self._begin(watches[0])
            for watch in watches[1:]:
                with suppress(OSError):
                    self._begin(watch)
        return lambda: self._remove(listener)

    def stop(self) -> None:
        os.eventfd_write(self._stop_fd, 1)
        self._thread.join()
        self._close_descriptors()

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            for watch in [watch for watch in self._watches if watch.listener is listener]:
                self._end(watch)

    # --- what the kernel watches

    def _begin(self, watch: Watch) -> None:
        self._watches.append(watch)
        # Above first, so that no moment is left in which the folder could be replaced unseen. It may
        # be closed to us, or not exist: then a folder that is made again is not followed.
        with suppress(OSError):
            watch.above_wd = self._kernel.add(os.path.dirname(watch.target.folder), _NAMES)
        try:
            self._watch_folder(watch)
        except OSError:
            self._end(watch)
            raise

    def _watch_folder(self, watch: Watch) -> None:
        """Watch the folder that is at the target's path at this moment."""
        before, watch.folder_wd = watch.folder_wd, None
        try:
            watch.folder_wd = self._kernel.add(watch.target.folder, _NAMES | _CONTENTS)
        finally:
            self._drop(before)

    def _end(self, watch: Watch) -> None:
        self._watches.remove(watch)
        self._drop(watch.folder_wd)
        self._drop(watch.above_wd)

    def _drop(self, wd: int | None) -> None:
        if wd is not None and not any(wd in (watch.folder_wd, watch.above_wd) for watch in self._watches):
            self._kernel.remove(wd)

    # --- what the kernel says

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._kernel.fd, select.POLLIN)
        poll.register(self._stop_fd, select.POLLIN)
        while all(fd != self._stop_fd for fd, _ in poll.poll(self._patience_ms())):
            with self._lock:
                reports = list(self._reports(time.monotonic()))
                listeners = [watch.listener for watch in self._watches]
            for listener, path, change in reports:
                listener.tell(path, change)
            for listener in listeners:
                listener.catch_up()

    def _patience_ms(self) -> int | None:
        """How long to sleep if the kernel says nothing; None for ever."""
        now = time.monotonic()
        with self._lock:
            dues = [due for watch in self._watches if (due := watch.settling.next_due()) is not None]
            if any(watch.listener.has_missed for watch in self._watches):
                dues.append(now + _CATCH_UP_S)
        return math.ceil(max(0.0, min(dues) - now) * 1000) if dues else None

    def _reports(self, now: float) -> Iterator[Report]:
        for wd, mask, name in self._kernel.read():
            if mask & IN_Q_OVERFLOW:
                yield from self._start_over()
            for watch in self._watches:
                if wd == watch.above_wd and (name == os.path.basename(watch.target.folder) or mask & IN_IGNORED):
                    yield from self._heard_of_folder(watch, mask, now)
                elif wd == watch.folder_wd and mask & IN_IGNORED:
                    yield from self._folder_gone(watch, now)
                elif wd == watch.folder_wd and watch.target.covers(name):
                    yield from watch.heard(mask, name, now)
        for watch in self._watches:
            yield from watch.settled(now)

    def _heard_of_folder(self, watch: Watch, mask: int, now: float) -> Iterator[Report]:
        if mask & IN_IGNORED:
            watch.above_wd = None
        elif mask & (IN_DELETE | IN_MOVED_FROM):
            yield from self._folder_gone(watch, now)
        elif mask & (IN_CREATE | IN_MOVED_TO):
            with suppress(OSError):
                self._watch_folder(watch)
            yield from watch.folder_back("moved" if mask & IN_MOVED_TO else "created", now)

    def _folder_gone(self, watch: Watch, now: float) -> Iterator[Report]:
        # The kernel says it twice: through the folder itself and through the one above.
        if watch.folder_wd is not None:
            gone, watch.folder_wd = watch.folder_wd, None
            self._drop(gone)
            yield from watch.folder_gone(now)

    def _start_over(self) -> Iterator[Report]:
        """The kernel's queue was full: nothing that was known is certain any more."""
        for watch in self._watches:
            with suppress(OSError):
                self._watch_folder(watch)
            watch.settling.forget()
            watch.is_there = os.path.lexists(watch.target.shown)
        for listener in dict.fromkeys(watch.listener for watch in self._watches):
            yield listener, listener.target.shown, "unknown"


@dataclass(slots=True, eq=False)
class Watch:
    """A target, where the kernel watches it, and what is about to be reported about it."""

    listener: Listener
    target: Target
    is_there: bool = field(init=False)  # whether a single file was last reported to be there
    folder_wd: int | None = None
    above_wd: int | None = None
    settling: Settling = field(default_factory=Settling)

    def __post_init__(self) -> None:
        self.is_there = os.path.lexists(self.target.shown)

    def heard(self, mask: int, name: str, now: float) -> Iterator[Report]:
        """What an event of an entry amounts to at once."""
        change: Change | None = None
        if mask & IN_CREATE:
            self.settling.appeared(name, now)
        elif mask & (IN_DELETE | IN_MOVED_FROM):
            self.settling.gone(name, now)
        elif mask & IN_MOVED_TO:
            change = self.settling.moved_in(name)
        elif mask & IN_CLOSE_WRITE:
            change = self.settling.written(name)
        elif mask & IN_CLOSE_NOWRITE:
            change = self.settling.closed(name)
        elif mask & IN_OPEN and not mask & IN_ISDIR:
            self.settling.opened(name)
        if change:
            yield self._report(name, change)

    def settled(self, now: float) -> Iterator[Report]:
        for name, change in self.settling.settled(now):
            yield self._report(name, change)

    def folder_gone(self, now: float) -> Iterator[Report]:
        if self.target.name is None:
            for name, change in self.settling.settled(math.inf):
                if change == "deleted":
                    yield self._report(name, change)
            self.settling.forget()
            yield self._report("", "deleted")
        elif self.is_there:
            self.settling.gone(self.target.name, now)
        else:
            self.settling.forget()

    def folder_back(self, change: Change, now: float) -> Iterator[Report]:
        """The folder is there again, perhaps with entries that came before it was watched."""
        if self.target.name is None:
            yield self._report("", change)
        with suppress(OSError):
            for name in filter(self.target.covers, os.listdir(self.target.folder)):
                self.settling.appeared(name, now)

    def _report(self, name: str, change: Change) -> Report:
        self.is_there = change != "deleted"
        return self.listener, self.target.path_of(name), change


def _behind_link(target: Target) -> Target | None:
    """Where the file really is, if the target is a link to one: that is where it is written."""
    if target.name is None or not os.path.islink(target.shown):
        return None
    folder, name = os.path.split(os.path.realpath(target.shown))
    return Target(folder, name, target.shown)
