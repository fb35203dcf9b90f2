"""Amounts as people write them, and what is said of those that are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan.amounts import NotAnAmount, count_of, count_text, dollars_of, part_of, span_of


@pytest.mark.parametrize(
    ("read", "written", "amount"),
    [
        (count_of, 20, 20),
        (count_of, 20.0, 20),
        (count_of, " 50k ", 50_000),
        (count_of, "1.1k", 1100),
        (count_of, "1.5M", 1_500_000),
        (count_of, 10**15, 10**15),
        (dollars_of, 2, 2.0),
        (dollars_of, "$0.50", 0.5),
        (dollars_of, ".05", 0.05),
        (span_of, "1h30m", 5400.0),
        (span_of, "90", 90.0),
        (span_of, "10m", 600.0),
        (part_of, 1, 1.0),
        (part_of, "0.25", 0.25),
    ],
)
def test_amounts_are_read(read: Callable[[object], float], written: object, amount: float) -> None:
    assert read(written) == amount
    assert type(read(written)) is type(amount)


@pytest.mark.parametrize("value", [True, None, -1, 10**16, 10**400, math.nan, math.inf, "", "x", "1e3", "1_000", [1]])
@pytest.mark.parametrize("read", [count_of, dollars_of, part_of])
def test_what_is_no_amount_is_refused(read: Callable[[object], float], value: Any) -> None:
    with pytest.raises(NotAnAmount):
        read(value)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (count_of, 1.5, "must be a whole number, such as 10 or 20k"),
        (dollars_of, "free", "must be dollars, such as 0.50"),
        (part_of, 0, "must be a number above 0 and up to 1"),
        (part_of, 1.5, "must be a number above 0 and up to 1"),
        (span_of, "soon", '"soon" is not a duration'),
        (span_of, 0, "must be longer than nothing"),
    ],
)
def test_what_is_expected_is_said(read: Callable[[object], float], value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read(value)


@given(st.integers(0, 10**15))
def test_a_written_count_is_read_back(count: int) -> None:
    assert count_of(count_text(count)) == count
