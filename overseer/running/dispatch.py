"""How work gets to the threads of a pool, and what came of it back to the run that sent it.

A few *lanes* of the pool serve a run as long as it has work and take it from a line: handing over a
step then costs a fraction of a pool's `submit`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock

from overseer.broker.result import ToolResult
from overseer.running.worker import StepCaller, Work, perform


class NotTaken(Exception):
    """Nobody can do a work; the text says why."""

    @property
    def is_end_of_program(self) -> bool:
        """Whether that is so because Python has begun to shut down, of which there is no other public sign."""
        return "interpreter shutdown" in str(self)


@dataclass(slots=True)
class Returned:
    """A work that was sent has ended, be it that nobody waits for it any more."""

    work: Work
    outcome: ToolResult


Deliver = Callable[[Returned], None]


class Lanes:
    """Threads of a pool that stay with one run as long as it has work for them.

    There are never more than the run has had works out at the same time, those included that
    nobody waits for any more but that still keep a thread busy. All methods are called by the
    thread that owns the run.
    """

    def __init__(self, pool: ThreadPoolExecutor, caller: StepCaller, deliver: Deliver) -> None:
        self._pool = pool
        self._caller = caller
        self._deliver = deliver
        self._line: SimpleQueue[Work | None] = SimpleQueue()  # None sends one lane home
        self._lanes = 0
        self._out = 0  # works sent and not returned
        self._lost = 0  # how many of them nobody waits for

    def send(self, work: Work) -> None:
        """Have it done; NotTaken if nobody can do it."""
        if self._out >= self._lanes:
            self._open_lane()
        self._out += 1
        self._line.put(work)

    def is_lost(self) -> None:
        """A sent work is not waited for any more, though it may still be at it."""
        self._lost += 1

    def is_back(self, *, was_lost: bool = False) -> None:
        """A sent work has been returned."""
        self._out -= 1
        self._lost -= was_lost

    @property
    def is_idling(self) -> bool:
        """Whether a thread is kept that others could use."""
        return self._lanes > self._out

    def rest(self) -> None:
        """There may be no work for a while: keep no thread that is not at work."""
        while self._lanes > self._out:
            self._line.put(None)
            self._lanes -= 1

    def close(self) -> None:
        """Nothing more will be sent."""
        self._out = 0  # those still at work find the way home later
        self.rest()

    def _open_lane(self) -> None:
        door = _Door()
        try:
            with door.lock:
                self._pool.submit(self._lane, door)
                door.is_open = True
        except Exception as error:  # a pool that is shut down, no thread to be had, or somebody's own pool
            if self._lanes <= self._lost:  # else there is one that will get to it
                raise _not_taken(error) from error
        else:
            self._lanes += 1

    def _lane(self, door: _Door) -> None:
        with door.lock:
            if not door.is_open:
                return
        while (work := self._line.get()) is not None:
            self._deliver(Returned(work, perform(work, self._caller)))


class _Door:
    """Keeps a lane out that nobody counts on: a pool that could not start a thread may still run it later."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.is_open = False


def _not_taken(error: Exception) -> NotTaken:
    return NotTaken(f"the executor takes no work: {error}")
