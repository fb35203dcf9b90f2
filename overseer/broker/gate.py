"""Where threads wait to be admitted: one lock, one clock, and a way to be woken for each who waits.

Nobody polls. Whoever changes something lets in those who may start by it and wakes just those. For
what only time can change, one of those who wait sleeps until the next due moment on behalf of all.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from overseer.broker.admission import Admission, Call, Waiter
from overseer.broker.gauge import Gauge
from overseer.tool import Cancellation, ToolError

# Told which name is waited for, and in how many seconds it opens at the earliest where that is known.
OnWait = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody waited, and for which name."""

    seconds: float = 0.0
    name: str | None = None


NO_WAIT = Wait()


class Gate:
    """Admits calls, one after the other; shared by all threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._admission = Admission()
        self._asleep: dict[Waiter, None] = {}  # who sleeps, or is about to, in the order in which they began
        self._sleeper: Waiter | None = None  # one of them, whose sleep ends at the next due moment
        self._alarm_at = math.inf  # when that is, as it went to sleep

    def enter(
        self,
        call: Call,
        *,
        rank: tuple[int, ...] = (),
        cancellation: Cancellation | None = None,
        on_wait: OnWait | None = None,
    ) -> Wait:
        """Wait until all of the call's gauges admit it; ToolError if it is given up meanwhile."""
        if cancellation is not None and cancellation.is_asked:
            raise _given_up(call)
        with self._lock:
            began_at = self._clock()
            if self._admission.try_start(call, began_at):
                return NO_WAIT
            woken = threading.Event()
            waiter = self._admission.park(call, rank=rank, wake=woken.set, now=began_at)
            self._set_alarm()
            if waiter.is_admitted:
                return NO_WAIT
            name, opens_at = waiter.outlook()
        try:
            if on_wait is not None:
                on_wait(name, opens_at - began_at if opens_at < math.inf else None)
            self._wait(waiter, woken, cancellation)
        except BaseException:
            with self._lock:
                self._admission.withdraw(waiter, self._clock())
                self._set_alarm()
            raise
        return Wait(call.began_at - began_at, name)

    def leave(self, call: Call, *, went_well: bool) -> None:
        """A call has ended."""
        with self._lock:
            now = self._clock()
            for gauge in call.gauges:
                gauge.end(call.tokens, now, began_at=call.began_at, went_well=went_well)
            self._let_in(now)

    def correct(self, call: Call, tokens: int) -> None:
        """A running call takes so many tokens, not those that were estimated."""
        with self._lock:
            for gauge in call.gauges:
                gauge.correct(tokens - call.tokens)
            call.tokens = tokens
            self._let_in(self._clock())

    def throttle(self, call: Call, wait_s: float) -> None:
        """The server refused a running call and wants to be left alone for so long."""
        with self._lock:
            now = self._clock()
            was_limited = all(gauge.is_limited for gauge in call.gauges)
            for gauge in call.gauges:
                gauge.throttle(wait_s, now, began_at=call.began_at)
            if not was_limited:
                self._admission.regroup()
            self._let_in(now)

    def pause_s(self, gauges: Sequence[Gauge]) -> float:
        """How long it takes until none of these is paused any more."""
        if not any(gauge.is_limited for gauge in gauges):
            return 0.0
        with self._lock:
            now = self._clock()
            return max(0.0, *(gauge.paused_until - now for gauge in gauges))

    @contextmanager
    def reconfigured(self) -> Iterator[float]:
        """Where gauges are made or limited otherwise than before; the time."""
        with self._lock:
            now = self._clock()
            yield now
            self._admission.regroup()
            self._let_in(now)

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return self._admission.waiting

    def _let_in(self, now: float) -> None:
        """To be called after every change, with the lock held."""
        if not self._admission.is_idle:
            self._admission.admit(now)
            self._set_alarm()

    def _wait(self, waiter: Waiter, woken: threading.Event, cancellation: Cancellation | None) -> None:
        take_back = cancellation.call_when_asked(woken.set) if cancellation is not None else lambda: None
        try:
            while True:
                woken.clear()  # first: who wakes it after this is not missed
                if cancellation is not None and cancellation.is_asked:
                    raise _given_up(waiter.call)
                timeout_s = self._sleep_of(waiter)
                if waiter.is_admitted:
                    return
                woken.wait(timeout_s)
        finally:
            take_back()
            with self._lock:
                self._asleep.pop(waiter, None)

    def _sleep_of(self, waiter: Waiter) -> float | None:
        """How long it may sleep if nobody wakes it; None for as long as it takes."""
        with self._lock:
            if waiter.is_gone:
                return None
            self._asleep[waiter] = None
            self._set_alarm()
            now = self._clock()
            if self._sleeper is waiter and self._admission.due <= now:
                self._let_in(now)
            if self._sleeper is not waiter:
                return None
            self._alarm_at = self._admission.due
            return self._alarm_at - now if self._alarm_at < math.inf else None

    def _set_alarm(self) -> None:
        """See to it that somebody sleeps until the next due moment and no longer."""
        if self._sleeper is None or self._sleeper.is_gone:
            # Not just anyone who waits: one that is still being told so may be busy with that for long.
            self._sleeper, self._alarm_at = next((w for w in self._asleep if not w.is_gone), None), math.inf
        if self._sleeper is not None and self._admission.due < self._alarm_at:
            self._sleeper.wake()


def _given_up(call: Call) -> ToolError:
    names = " and ".join(gauge.name for gauge in call.gauges if gauge.is_limited)
    return ToolError(f"was given up while it waited for {names or 'its turn'}", kind="cancelled")
