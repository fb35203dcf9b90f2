"""What one name admits: its windows, and what a server's complaints do to it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from overseer.broker.gauge import DAY_S, UNLIMITED, Aside, Gauge, Limit
from overseer.broker.window import Window


def test_what_ended_leaves_a_window_later_and_what_is_under_way_does_not() -> None:
    window = Window(10.0)
    window.add(2)
    window.add(3)
    window.end(2, 4.0)
    window.forget(13.9)
    assert (window.used, window.opens_at(1), window.opens_at(2), window.opens_at(3)) == (5, 14.0, 14.0, math.inf)
    window.forget(14.0)
    assert window.used == 3


@pytest.mark.parametrize("name", ["concurrency", "per_minute", "tokens_per_minute", "per_day"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8"])
def test_a_limit_that_is_no_count_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value!r}; give a whole number from 1"):
        Limit(**{name: value})


@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan])
def test_a_window_has_a_length(value: float) -> None:
    with pytest.raises(ValueError, match="give a number of seconds above 0"):
        Limit(window_s=value)


def test_a_request_counts_for_a_window_after_its_end() -> None:
    gauge = Gauge("a", Limit(per_minute=1))
    gauge.start(0)
    assert gauge.opens_at(0, 50.0) == math.inf
    end(gauge, 50.0)
    assert gauge.opens_at(0, 51.0) == 110.0
    assert gauge.opens_at(0, 110.0) == 110.0


def test_a_day_has_its_own_window() -> None:
    gauge = Gauge("a", Limit(per_day=2))
    for now in (0.0, 100.0):
        gauge.start(0)
        end(gauge, now)
    assert gauge.opens_at(0, 200.0) == DAY_S
    assert gauge.opens_at(0, 200.0, Aside(requests=1)) == DAY_S + 100


def test_tokens_open_as_soon_as_enough_have_left() -> None:
    gauge = Gauge("a", Limit(tokens_per_minute=100))
    for now in (0.0, 10.0, 20.0):
        gauge.start(30)
        end(gauge, now, tokens=30)
    assert gauge.opens_at(10, 20.0) == 20.0
    assert gauge.opens_at(11, 20.0) == 60.0
    assert gauge.opens_at(70, 20.0) == 70.0
    assert gauge.opens_at(10_000, 20.0) == 80.0, "too large for any window: when it is empty"


def test_a_request_larger_than_the_limit_is_let_into_an_empty_window() -> None:
    gauge = Gauge("a", Limit(tokens_per_minute=100))
    assert gauge.opens_at(101, 5.0) == 5.0
    gauge.start(101)
    assert gauge.opens_at(0, 5.0) == math.inf
    end(gauge, 6.0, tokens=101)
    assert gauge.opens_at(1, 6.0) == 66.0


def test_what_is_kept_for_others_is_not_there() -> None:
    gauge = Gauge("a", Limit(2, 2, 100))
    assert gauge.has_room(Aside(room=1))
    assert not gauge.has_room(Aside(room=2))
    assert gauge.opens_at(50, 0.0, Aside(requests=1, tokens=50)) == 0.0
    assert gauge.opens_at(51, 0.0, Aside(requests=1, tokens=50)) == math.inf
    assert gauge.opens_at(50, 0.0, Aside(requests=2)) == math.inf


def test_a_limit_that_comes_later_knows_what_is_under_way() -> None:
    gauge = Gauge("a")
    gauge.start(40)
    gauge.configure(Limit(2, 1, 50, 3))
    assert gauge.has_room()
    assert gauge.opens_at(0, 0.0) == math.inf
    end(gauge, 1.0, tokens=40)
    assert gauge.opens_at(0, 1.0) == 61.0
    gauge.configure(Limit(window_s=30))
    assert gauge.opens_at(1000, 1.0) == 1.0


def test_a_complaint_pauses_and_halves_and_success_brings_back_what_was() -> None:
    gauge = Gauge("a", Limit(8, 100, 1000))
    gauge.start(10)
    gauge.throttle(5.0, 1.0, began_at=0.0)
    end(gauge, 1.0, tokens=10, went_well=False)
    assert gauge.in_force() == Limit(4, 50, 500)
    assert gauge.opens_at(0, 1.0) == 6.0
    after = [gauge.in_force()]
    for second in range(400):
        now = 100.0 * second + 100
        gauge.start(10)
        end(gauge, now, tokens=10, began_at=now)
        after.append(gauge.in_force())
    assert after[-1] == Limit(8, 100, 1000)
    for name in ("concurrency", "per_minute", "tokens_per_minute"):
        values = [getattr(limit, name) for limit in after]
        assert values == sorted(values)
        assert len(set(values)) > 3, "it came back at one stroke"


def test_a_burst_of_complaints_is_one() -> None:
    gauge = Gauge("a", Limit(8))
    for _ in range(8):
        gauge.start(0)
    for wait_s in (1.0, 9.0, 2.0):
        gauge.throttle(wait_s, 3.0, began_at=2.0)
    assert gauge.in_force().concurrency == 4
    assert gauge.opens_at(0, 3.0) == 12.0
    for _ in range(8):
        end(gauge, 4.0, began_at=2.0)
    assert gauge.in_force().concurrency == 4, "what began before the complaint says nothing of the new pace"
    gauge.start(0)
    gauge.throttle(1.0, 20.0, began_at=12.0)
    assert gauge.in_force().concurrency == 2


def test_at_least_one_may_always_go() -> None:
    gauge = Gauge("a", Limit(1, 1, 1))
    for now in range(5):
        gauge.start(0)
        gauge.throttle(0.0, float(now), began_at=float(now))
    assert gauge.in_force() == Limit(1, 1, 1)


def test_where_nothing_is_configured_a_complaint_starts_from_what_was_under_way() -> None:
    gauge = Gauge("a")
    for _ in range(6):
        gauge.start(0)
    gauge.throttle(5.0, 1.0, began_at=0.0)
    assert gauge.in_force() == Limit(3)
    assert not gauge.has_room()
    assert gauge.opens_at(0, 1.0) == 6.0
    for _ in range(200):
        gauge.start(0)
        end(gauge, 50.0, began_at=20.0)
    assert gauge.in_force() == UNLIMITED


def test_a_limit_that_is_lowered_while_shrunk_is_where_it_grows_back_to() -> None:
    gauge = Gauge("a", Limit(16))
    gauge.start(0)
    gauge.throttle(0.0, 1.0, began_at=0.0)
    gauge.configure(Limit(32))
    assert gauge.in_force().concurrency == 8
    gauge.configure(Limit(4))
    assert gauge.in_force().concurrency == 4
    gauge.configure(UNLIMITED)
    assert gauge.in_force() == UNLIMITED


def test_a_part_of_the_whole_hears_no_complaints() -> None:
    gauge = Gauge("a", Limit(8), adapts=False)
    gauge.start(0)
    gauge.throttle(5.0, 1.0, began_at=0.0)
    assert gauge.in_force() == Limit(8)
    assert gauge.opens_at(0, 1.0) == 1.0


def end(gauge: Gauge, now: float, *, tokens: int = 0, began_at: float = 0.0, went_well: bool = True) -> None:
    gauge.end(tokens, now, began_at=began_at, went_well=went_well)
