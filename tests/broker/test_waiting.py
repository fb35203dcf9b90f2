"""Waiting for a slot: for limits as long as it takes, for a server that wants to be left alone not without end."""

from __future__ import annotations

import pytest

from overseer.broker.limits import Limit, Limits, Multipliers
from overseer.broker.meter import Meter
from overseer.broker.waiting import Waiting
from overseer.tool import Cancellation, ToolError
from tests.broker.clock import FakeClock

NAMES = ("provider:near", "model:near/tiny")


def waiting(longest_pause_s: float) -> Waiting:
    return Waiting(Cancellation(), Meter(None), lambda name, give_up: None, longest_pause_s)


@pytest.mark.parametrize("is_shared", [False, True])
def test_who_would_have_to_wait_too_long_for_a_server_fails_at_once(is_shared: bool) -> None:
    clock = FakeClock()
    whole = Limits(clock=clock)
    limits = whole.share(Multipliers(rpm=0.5)) if is_shared else whole
    with waiting(60).slot(limits, NAMES) as slot:
        slot.throttled(500)
    clock.advance(100)
    with pytest.raises(ToolError, match="near/tiny has had too many requests before") as refused:
        waiting(60).slot(limits, NAMES).__enter__()
    assert (refused.value.kind, refused.value.retry_after_s) == ("rate_limited", 400)
    clock.advance(400)
    with waiting(60).slot(limits, NAMES):
        pass


def test_a_limit_of_the_settings_is_no_pause() -> None:
    limits = Limits({NAMES[0]: Limit(per_day=1)})
    with waiting(60).slot(limits, NAMES):
        pass
    assert limits.pause_s(NAMES) == 0
    assert limits.pause_s(("somebody else",)) == 0
