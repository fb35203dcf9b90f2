from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from overseer.plan.values import Timer
from overseer.sources import Busy, SourceError, Sources, Timers

HERE = Path()
NINE = datetime(2026, 1, 31, 9, tzinfo=UTC)


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.wakes_at: float | None = None
        self._registered = threading.Condition()
        self._sleeper: threading.Condition | None = None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NINE + timedelta(seconds=self.seconds - 1000)

    def wait(self, condition: threading.Condition, timeout_s: float | None) -> None:
        with self._registered:
            self._sleeper = condition
            self.wakes_at = None if timeout_s is None else self.seconds + timeout_s
            self._registered.notify_all()
        condition.wait()

    def advance(self, seconds: float) -> None:
        """Let time pass while the timers sleep; returns when they have done what was due and sleep again."""
        condition = self._asleep()
        with condition, self._registered:
            self.seconds += seconds
            self._sleeper = None
            condition.notify()
        self._asleep()

    def _asleep(self) -> threading.Condition:
        with self._registered:
            assert self._registered.wait_for(lambda: self._sleeper is not None, timeout=10)
            return self._sleeper


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def timed(clock):
    sources = Sources(timers=Timers(clock))
    yield sources
    sources.close_all()


def timer_threads():
    return [thread for thread in threading.enumerate() if thread.name == "overseer-timers"]


def test_first_tick_comes_after_one_interval(timed, clock, inbox):
    timed.open("t", Timer(5), inbox.deliver, base=HERE)
    clock.advance(4.9)
    assert inbox.is_empty()
    clock.advance(0.2)
    assert inbox.rest() == [{"tick": 1, "at": "2026-01-31T09:00:05.100+00:00"}]


def test_a_late_tick_does_not_delay_the_next(timed, clock, inbox):
    timed.open("t", Timer(5), inbox.deliver, base=HERE)
    clock.advance(9)
    assert clock.wakes_at == 1010
    clock.advance(1)
    assert [payload["tick"] for payload in inbox.rest()] == [1, 2]


def test_a_thousand_ticks_do_not_drift(timed, clock, inbox):
    timed.open("t", Timer(0.1), inbox.deliver, base=HERE)
    for _ in range(1000):
        clock.advance(clock.wakes_at - clock.seconds if clock.wakes_at else 0.1)
    assert clock.seconds == pytest.approx(1100, abs=0.11)
    assert [payload["tick"] for payload in inbox.rest()][-1] >= 999


def test_missed_ticks_become_one_and_its_number_tells(timed, clock, inbox):
    timed.open("t", Timer(5), inbox.deliver, base=HERE)
    clock.advance(32)
    assert [payload["tick"] for payload in inbox.rest()] == [6]
    clock.advance(3)
    assert [payload["tick"] for payload in inbox.rest()] == [7]


def test_timers_keep_apart(timed, clock, inbox):
    named = []
    for key, seconds in (("slow", 3), ("fast", 2)):
        timed.open(key, Timer(seconds), lambda payload, key=key: named.append((key, payload["tick"])), base=HERE)
    for _ in range(6):
        clock.advance(1)
    # Both are due at the end; the one that was opened first goes first.
    assert named == [("fast", 1), ("slow", 1), ("fast", 2), ("slow", 2), ("fast", 3)]


def test_a_tick_for_a_busy_scope_is_left_out(timed, clock):
    ticks = []

    def deliver(payload):
        if payload["tick"] == 2:
            raise Busy("not now")
        ticks.append(payload["tick"])

    timed.open("t", Timer(1), deliver, base=HERE)
    for _ in range(3):
        clock.advance(1)
    assert ticks == [1, 3]


def test_a_closed_timer_is_silent_while_others_go_on(timed, clock, inbox):
    closed = []
    timed.open("closed", Timer(1), closed.append, base=HERE)
    timed.open("open", Timer(1), inbox.deliver, base=HERE)
    clock.advance(1)
    timed.close("closed")
    clock.advance(1)
    assert len(closed) == 1
    assert len(inbox.rest()) == 2


def test_all_timers_of_all_runs_share_one_thread_that_ends_with_the_last(inbox):
    first = Sources()
    runs = [first, first.for_another_run()]
    assert timer_threads() == []
    for run in runs:
        run.open("a", Timer(60), inbox.deliver, base=HERE)
        run.open("b", Timer(60), inbox.deliver, base=HERE)
    assert len(timer_threads()) == 1
    runs[0].close_all()
    assert len(timer_threads()) == 1
    runs[1].close_all()
    assert timer_threads() == []


def test_a_timer_can_be_opened_again_after_the_last_was_closed(sources, inbox):
    for _ in range(3):
        sources.open("t", Timer(0.01), inbox.deliver, base=HERE)
        assert inbox.next()["tick"] >= 1
        sources.close("t")
        inbox.rest()


def test_real_time_ticks(sources, inbox):
    sources.open("t", Timer(0.01), inbox.deliver, base=HERE)
    ticks = inbox.take(5)
    assert [tick["tick"] for tick in ticks] == sorted({tick["tick"] for tick in ticks})
    assert datetime.fromisoformat(ticks[0]["at"]).tzinfo is not None


def test_too_fast_a_timer_is_refused(sources, inbox):
    with pytest.raises(SourceError, match="scope 't' cannot tick every 1e-06 s: that is too fast; use 1ms or more"):
        sources.open("t", Timer(1e-6), inbox.deliver, base=HERE)
