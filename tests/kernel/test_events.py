"""Events as records: what is written down is what happened, exactly."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given

from overseer.errors import Failure
from overseer.kernel.events import (
    Event,
    RoundClosed,
    RunFinished,
    StepFailed,
    StepStarted,
    StepSucceeded,
    from_record,
    to_record,
)
from tests.strategies import all_events, unhurried


@unhurried
@given(all_events)
def test_an_event_comes_back_equal_from_its_record(event):
    assert from_record(to_record(event)) == event


@unhurried
@given(all_events)
def test_an_event_comes_back_equal_from_json(event):
    text = json.dumps(to_record(event))
    back = from_record(json.loads(text))
    assert back == event
    assert json.dumps(to_record(back)) == text  # also what `==` takes for equal: 1, 1.0 and True


def test_every_kind_of_event_names_itself():
    assert len({kind.__name__ for kind in get_args(Event)}) == len(get_args(Event))


def test_a_record_leaves_out_what_is_at_its_default():
    assert to_record(StepStarted(1.0, "fr")) == {"event": "StepStarted", "at": 1.0, "key": "fr"}
    assert to_record(StepStarted(1.0, "fr", 2))["attempt"] == 2
    assert to_record(RunFinished(1.0, "succeeded")) == {"event": "RunFinished", "at": 1.0, "status": "succeeded"}


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", [], {}])
def test_an_empty_value_stays_what_it_is(value):
    back = from_record(json.loads(json.dumps(to_record(StepSucceeded(1.0, "fr", value)))))
    assert repr(back) == repr(StepSucceeded(1.0, "fr", value))
    closed = RoundClosed(1.0, "map", 0, "succeeded", value)
    assert repr(from_record(json.loads(json.dumps(to_record(closed))))) == repr(closed)


def test_a_record_without_later_fields_can_be_read():
    old = {"event": "StepSucceeded", "at": 1.0, "key": "fr", "value": [1]}
    assert from_record(old) == StepSucceeded(1.0, "fr", [1])
    old = {"event": "StepFailed", "at": 1.0, "key": "fr", "failure": {"kind": "tool", "message": "no"}}
    assert from_record(old) == StepFailed(1.0, "fr", Failure("tool", "no"))


def test_a_failure_is_a_record_inside_the_record():
    event = StepFailed(1.0, "fr", Failure("rate_limited", "slow down", retry_after_s=2.5), retry_at=3.5)
    assert to_record(event)["failure"] == {"kind": "rate_limited", "message": "slow down", "retry_after_s": 2.5}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"event": "StepVanished", "at": 1.0},
        {"event": "StepStarted", "at": 1.0},
        {"event": "StepStarted", "at": 1.0, "key": "fr", "colour": "red"},
        {"event": "StepFailed", "at": 1.0, "key": "fr", "failure": {"kind": "tool"}},
        {"event": "StepFailed", "at": 1.0, "key": "fr", "failure": "none"},
    ],
)
def test_a_record_of_no_event_is_refused(record):
    with pytest.raises(ValueError, match="not the record of an event"):
        from_record(record)
