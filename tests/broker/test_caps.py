"""What may be spent at most, as people write it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.caps import (
    NO_CAP,
    Cap,
    cap_from_mapping,
    cap_from_text,
    cap_of,
    cap_text,
    money_text,
    overruled,
    smallest,
)
from overseer.plan.values import Allowance


@pytest.mark.parametrize(
    ("text", "cap"),
    [
        ("requests=10,tokens=20k,cost=0.50,time=10m", Cap(10, 20_000, 0.5, 600)),
        (" tokens = 1.1k , cost=$2", Cap(tokens=1100, cost=2.0)),
        ("tokens=1.5M", Cap(tokens=1_500_000)),
        ("requests=0", Cap(requests=0)),
        ("time=1h30m", Cap(time_s=5400)),
        ("time=90", Cap(time_s=90)),
        ("cost=.05", Cap(cost=0.05)),
    ],
)
def test_a_budget_is_read_from_a_command_line(text: str, cap: Cap) -> None:
    assert cap_from_text(text) == cap


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is not an amount; write a budget as requests=10,tokens=20k,cost=0.50,time=10m"),
        ("10", "'10' is not an amount"),
        ("requests=", "'requests=' is not an amount"),
        ("requests=1,", "'' is not an amount"),
        ("request=1", "there is no budget of 'request'; did you mean 'requests'?"),
        ("pages=1", "there is no budget of 'pages'; there are: requests, tokens, cost, time"),
        ("requests=1,requests=2", "requests is given twice"),
        ("requests=ten", "requests is 'ten'; give a whole number, such as 10 or 20k"),
        ("requests=1.5", "requests is '1.5'; give a whole number"),
        ("tokens=-1", "tokens is '-1'; give a whole number"),
        (f"tokens={'9' * 400}", "give a whole number"),
        ("cost=cheap", "cost is 'cheap'; give dollars, such as 0.50"),
        ("time=soon", 'time: "soon" is not a duration'),
        ("time=0", "time: must be longer than nothing"),
    ],
)
def test_what_is_wrong_with_a_budget_is_said(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - its text is compared below
        cap_from_text(text)
    assert complaint in str(refusal.value)


def test_a_budget_is_read_from_a_file() -> None:
    given_values = {"requests": 10, "tokens": "20k", "cost": 0.5, "time": "10m"}
    assert cap_from_mapping(given_values) == Cap(10, 20_000, 0.5, 600)
    assert cap_from_mapping({"requests": None, "time": 5}) == Cap(time_s=5)
    assert cap_from_mapping({}) == NO_CAP


@pytest.mark.parametrize("value", [True, -1, 1.5, [1], 10**400, math.nan, math.inf])
def test_values_of_a_file_are_checked_alike(value: Any) -> None:
    with pytest.raises(ValueError, match=r"requests is .*; give a whole number"):
        cap_from_mapping({"requests": value})


@pytest.mark.parametrize(
    "values", [{"requests": -1}, {"tokens": 1.5}, {"requests": True}, {"cost": -0.1}, {"time_s": math.nan}]
)
def test_a_cap_that_is_no_amount_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="or nothing for no cap"):
        Cap(**values)


@given(
    st.builds(
        Cap,
        requests=st.none() | st.integers(0, 10**6),
        tokens=st.none() | st.integers(0, 10**9),
        cost=st.none() | st.integers(0, 10**9).map(lambda millionths: millionths / 10**6),
        time_s=st.none() | st.integers(1, 10**6) | st.floats(0.001, 10**6),
    )
)
def test_what_is_written_is_read_back(cap: Cap) -> None:
    if cap != NO_CAP:
        assert cap_from_text(cap_text(cap)) == cap


def test_the_cap_that_a_plan_states() -> None:
    assert cap_of(None) == NO_CAP
    assert cap_of(Allowance(requests=1, tokens=2, cost=3.0, time_s=4.0, rpm=0.5)) == Cap(1, 2, 3.0, 4.0)


def test_caps_are_joined_amount_by_amount() -> None:
    one, other = Cap(requests=5, tokens=0), Cap(requests=7, tokens=1, cost=2.0)
    assert smallest() == NO_CAP
    assert smallest(one, other, NO_CAP) == Cap(requests=5, tokens=0, cost=2.0)
    assert overruled(one, other) == Cap(requests=7, tokens=1, cost=2.0)
    assert overruled(other, one) == Cap(requests=5, tokens=0, cost=2.0)
    assert overruled(one, NO_CAP) == one


def test_money_has_cents() -> None:
    assert [money_text(dollars) for dollars in (0, 0.5, 12.34, 0.005, 1e-7)] == [
        "0.00",
        "0.50",
        "12.34",
        "0.005",
        "0.0000001",
    ]
