"""Which runs of the process write what, so that no two of them write the same thing at the same time.

    a run holds what its plan names from its beginning to its end; a step of a run that came later and
    names some of it, or whose plan does, waits for that end
    a call holds what it writes while it is made; a call of another run that writes some of it waits
    for the call

    in other processes, a run holds the files that its plan names as soon as nobody is ahead of it here; steps of
    one that cannot have them wait, and meanwhile it holds nothing, here neither

The first keeps runs in order, the second covers what is known only on the way: by a reference, by code.

Nobody can wait for each other in a ring. A step waits for runs that came before its own and for no other,
so the run that came first waits for none and comes to its end, then the next does; a run that waits for another
process is in nobody's way, and one that waits for nobody else has all of its files. A step is not on any thread
while it waits, so no pool can be full of those who wait for the pool. A call waits for calls that are being
made: each of these holds all that it writes, has the thread that it needs, and asks for nothing here as long
as it holds anything (whatever is called by it cannot wait, and fails instead).

Reading waits for nobody. No threads of its own; safe to use from any.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from overseer.journal.writelocks import HeldFiles, Holder, WriteLocks
from overseer.jsonvalue import Json
from overseer.tool import Cancellation, ToolError

# The resources that a call of a tool changes with these arguments.
WrittenBy = Callable[[str, Mapping[str, Json]], tuple[str, ...]]

# What another process holds is looked at again after this time: it cannot tell when it has ended.
LOOK_AGAIN_S = 0.2

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InTheWay:
    """A run by the name that people know it by, and what it writes, too."""

    run: str
    resource: str

    def seen_from(self, folder: str) -> str:
        """What is written, and a file by its path from a folder that it is in."""
        kind, _, path = self.resource.partition(":")
        if kind != "file" or not folder:
            return self.resource
        return path.removeprefix(f"{folder.rstrip('/')}/")


@dataclass(slots=True, eq=False)
class _Present:
    """A run that is under way."""

    stays: int = 0  # how many see to it that it is
    writes: frozenset[str] = _NOTHING
    held: HeldFiles | None = None  # of what it writes, among all processes
    gives_way: bool = False  # it could not have them, and is in nobody's way until it has


class Writers:
    """The runs that are under way, in the order in which they came."""

    def __init__(self, locks: WriteLocks | None = None) -> None:
        """Without `locks`, nothing is known of other processes."""
        self._locks = locks
        self._is_to_look_again = False
        self._lock = threading.Lock()
        self._runs: dict[str, _Present] = {}
        self._calls: dict[str, Counter[str]] = {}  # how many calls of which run are writing a resource
        self._names: dict[str, str] = {}
        self._wakes: list[Callable[[], None]] = []  # of those who wait for anything to change

    # --- runs

    @contextmanager
    def present(self, run_id: str) -> Iterator[None]:
        """A run is under way. Where somebody sees to that already, it keeps its place."""
        with self._lock:
            self._runs.setdefault(run_id, _Present()).stays += 1
        try:
            yield
        finally:
            with self._lock:
                self._runs[run_id].stays -= 1
                if not self._runs[run_id].stays:
                    self._release(self._runs.pop(run_id))
            self._wake()

    def expect(self, run_id: str, writes: frozenset[str]) -> None:
        """From here on, a run that is under way holds this, and nothing else."""
        with self._lock:
            present = self._runs[run_id]
            frees, present.writes = present.writes - writes, writes
        if frees:
            self._wake()

    def know_as(self, run_id: str, name: str) -> None:
        """Tell of a run by this name; without one, by its id."""
        if name:
            self._names[run_id] = name
        else:
            self._names.pop(run_id, None)

    def ahead(self, run_id: str, names: Collection[str], wake: Callable[[], None]) -> InTheWay | None:
        """A run that came before, or one of another process, and holds what this one does, or some of these.

        None if there is none. `wake` is called once when that may have changed.
        """
        with self._lock:
            mine = self._runs[run_id]
            wanted = mine.writes.union(names)
            for earlier, present in self._runs.items():
                if present is mine:
                    break
                if not present.gives_way and (shared := present.writes & wanted):
                    self._wakes.append(wake)
                    return InTheWay(self._name(earlier), min(shared))
            gave_way, holder = mine.gives_way, self._take(mine, run_id)
            if holder is None:
                return None
            self._wakes.append(wake)
            self._look_again_later()
        if not gave_way:
            self._wake()  # who waits for this run need not any more
        return InTheWay(self._told(holder), holder.resource)

    # --- other processes

    def _take(self, mine: _Present, run_id: str) -> Holder | None:
        """Have the files that a run writes, or say who is in the way.

        Then it holds none of them, or those that it had until its calls have written what they write.
        """
        if self._locks is None or not mine.writes or (mine.held is not None and mine.held.has_all_of(mine.writes)):
            return None
        found = self._locks.take(mine.writes, f"run {run_id}", mine.held)
        mine.gives_way = isinstance(found, Holder)
        if isinstance(found, Holder):
            if not any(run_id in calls for calls in self._calls.values()):
                self._release(mine)
            return found
        mine.held = found
        return None

    def _release(self, present: _Present) -> None:
        if present.held is not None:
            present.held.release()
            present.held = None

    def _look_again_later(self) -> None:
        if self._is_to_look_again:
            return
        self._is_to_look_again = True
        timer = threading.Timer(LOOK_AGAIN_S, self._look_again)
        timer.daemon = True
        timer.start()

    def _look_again(self) -> None:
        with self._lock:
            self._is_to_look_again = False
        self._wake()

    def _told(self, holder: Holder) -> str:
        run_id = holder.who.removeprefix("run ")
        return self._name(run_id) if holder.process == os.getpid() and run_id in self._runs else str(holder)

    # --- calls

    @contextmanager
    def writing(
        self,
        run_id: str,
        names: Collection[str],
        cancellation: Cancellation,
        on_wait: Callable[[InTheWay | None], None],
        *,
        may_wait: bool = True,
    ) -> Iterator[None]:
        """A call of a run is made that writes these, once no other run's does.

        `on_wait` is told what it waits for, and None when it does so no more. ToolError if it is given up.
        """
        self._wait(run_id, names, cancellation, on_wait, may_wait=may_wait)
        try:
            yield
        finally:
            with self._lock:
                for name in names:
                    calls = self._calls[name]
                    calls[run_id] -= 1
                    if not calls[run_id]:
                        del calls[run_id]
                    if not calls:
                        del self._calls[name]
            self._wake()

    def _wait(
        self,
        run_id: str,
        names: Collection[str],
        cancellation: Cancellation,
        on_wait: Callable[[InTheWay | None], None],
        *,
        may_wait: bool,
    ) -> None:
        freed = threading.Event()
        if (first := self._begin(run_id, names, freed.set)) is None:
            return
        if not may_wait:
            raise ToolError(f"{first.resource} is being written by {first.run}", kind="transient")
        on_wait(first)
        take_back = cancellation.call_when_asked(freed.set)
        try:
            while True:
                freed.wait()
                if cancellation.is_asked:
                    raise ToolError(f"was given up while it waited for {first.run}", kind="cancelled")
                freed.clear()  # before it looks: what changes after that is not missed
                if self._begin(run_id, names, freed.set) is None:
                    break
        finally:
            take_back()
        on_wait(None)

    def _begin(self, run_id: str, names: Collection[str], wake: Callable[[], None]) -> InTheWay | None:
        """Hold all of these for a call, or say what is in the way."""
        with self._lock:
            for name in names:
                for other in self._calls.get(name, ()):
                    if other != run_id:
                        self._wakes.append(wake)
                        return InTheWay(self._name(other), name)
            for name in names:
                self._calls.setdefault(name, Counter())[run_id] += 1
        return None

    # --- inside

    def _name(self, run_id: str) -> str:
        return self._names.get(run_id, f"run {run_id}")

    def _wake(self) -> None:
        """Have all who wait look again; there are few."""
        with self._lock:
            wakes, self._wakes = self._wakes, []
        for wake in wakes:
            wake()
