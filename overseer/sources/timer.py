"""Timers: one thread that sleeps until the next tick of any of them.

Tick n is due n intervals after the timer was opened, however late the ones before it came. If
several are due at once, after a suspension or under load, only the last of them is sent: a gap in
the numbers tells how many were missed.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from threading import Condition, Thread
from typing import Protocol

from overseer.sources.ondemand import OnDemand
from overseer.sources.outlet import Close, Outlet, SourceError

# Faster than this, the thread would do nothing but tick.
SHORTEST_S = 0.001


class Clock(Protocol):
    """What the timers need of time."""

    def monotonic(self) -> float: ...

    def now(self) -> datetime: ...

    def wait(self, condition: Condition, timeout_s: float | None) -> None:
        """Wait, with `condition` held, until it is notified or the time has passed."""
        ...


class SystemClock:
    """The time of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, condition: Condition, timeout_s: float | None) -> None:
        condition.wait(timeout_s)


class Timers:
    """All timers that share a thread; there is none while there are no timers."""

    def __init__(self, clock: Clock | None = None) -> None:
        used_clock = clock or SystemClock()
        self._thread = OnDemand(lambda: TimerThread(used_clock))

    def open(self, interval_s: float, outlet: Outlet) -> Close:
        if interval_s < SHORTEST_S:
            raise SourceError(
                outlet.scope, f"tick every {interval_s:g} s", why="that is too fast", remedy="use 1ms or more"
            )
        return self._thread.use(lambda thread: thread.add(interval_s, outlet))


@dataclass(frozen=True, slots=True, order=True)
class Tick:
    """The next tick of one timer; the one that is due first sorts first."""

    due_at: float
    timer: int
    number: int = field(compare=False)
    start: float = field(compare=False)
    interval_s: float = field(compare=False)
    outlet: Outlet = field(compare=False)

    def latest(self, now: float) -> Tick:
        """The last tick of this timer that is due; the ones before it have been missed."""
        return self._numbered(max(self.number, int((now - self.start) / self.interval_s)))

    def next(self) -> Tick:
        return self._numbered(self.number + 1)

    def _numbered(self, number: int) -> Tick:
        return replace(self, number=number, due_at=self.start + number * self.interval_s)


class TimerThread:
    """Sends the ticks of its timers when they are due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = Condition()
        self._ticks: list[Tick] = []
        self._serial = count()
        self._is_stopped = False
        self._thread = Thread(target=self._run, name="overseer-timers", daemon=True)
        self._thread.start()

    def add(self, interval_s: float, outlet: Outlet) -> Close:
        start = self._clock.monotonic()
        tick = Tick(start + interval_s, next(self._serial), 1, start, interval_s, outlet)
        with self._changed:
            heapq.heappush(self._ticks, tick)
            self._changed.notify()
        return lambda: self._remove(tick.timer)

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        self._thread.join()

    def _remove(self, timer: int) -> None:
        with self._changed:
            self._ticks = [tick for tick in self._ticks if tick.timer != timer]
            heapq.heapify(self._ticks)

    def _run(self) -> None:
        while (tick := self._wait_for_tick()) is not None:
            at = self._clock.now().isoformat(timespec="milliseconds")
            # A scope too busy for a tick is served by the next one: the number shows the gap.
            tick.outlet.send({"tick": tick.number, "at": at})

    def _wait_for_tick(self) -> Tick | None:
        """The next tick once it is due; none if the thread is to stop."""
        with self._changed:
            while not self._is_stopped:
                now = self._clock.monotonic()
                if self._ticks and self._ticks[0].due_at <= now:
                    due = self._ticks[0].latest(now)
                    heapq.heapreplace(self._ticks, due.next())
                    return due
                self._clock.wait(self._changed, self._ticks[0].due_at - now if self._ticks else None)
        return None
