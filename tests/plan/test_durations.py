"""Durations: how they are written, and exactly back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan import duration_text, seconds_of
from overseer.plan.durations import LONGEST_S


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("5s", 5.0),
        ("250ms", 0.25),
        ("3ms", 0.003),
        ("2m", 120.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        (" 1.5 s ", 1.5),
        ("1d", 86400.0),
        ("1d2h3m4s5ms", 93784.005),
        ("1e-3s", 0.001),
        (".5h", 1800.0),
        (5, 5.0),
        (0.5, 0.5),
    ],
)
def test_reading(written: object, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", '"" is not a duration; write a number with ms, s, m, h or d, such as 5s or 1h30m'),
        ("5", '"5" is not a duration; write a number with ms, s, m, h or d, such as 5s or 1h30m'),
        ("-5s", '"-5s" is not a duration'),
        ("5 seconds", '"5 seconds" is not a duration'),
        ("5S", '"5S" is not a duration'),
        ("infs", '"infs" is not a duration'),
        ("30m1h", '"30m1h" must name each unit once, the largest first, as in 1h30m'),
        ("1s1s", '"1s1s" must name each unit once, the largest first, as in 1h30m'),
        ("0s", "must be longer than nothing, not 0s"),
        (0, "must be longer than nothing, not 0"),
        (-1, "must be longer than nothing, not -1"),
        (float("nan"), "must be longer than nothing, not nan"),
        (float("inf"), "is longer than ten years: inf"),
        ("1e999s", "is longer than ten years: 1e999s"),
        (10**400, "is longer than ten years: 1000"),
        (True, "must be a duration such as 5s, 250ms or 1h30m, or a number of seconds"),
        (None, "must be a duration such as 5s, 250ms or 1h30m, or a number of seconds"),
        (["5s"], "must be a duration such as 5s, 250ms or 1h30m, or a number of seconds"),
    ],
)
def test_what_is_no_duration_is_refused(written: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        seconds_of(written)


def test_nothing_is_a_duration_where_that_is_wanted() -> None:
    assert seconds_of(0, zero_ok=True) == seconds_of("0s", zero_ok=True) == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5.0, "5s"),
        (0.25, "250ms"),
        (1.5, "1.5s"),
        (60, "1m"),
        (90.0, "1m30s"),
        (5400.0, "1h30m"),
        (86400.0, "1d"),
        (90061.0, "1d1h1m1s"),
        (0.1 + 0.2, "0.30000000000000004s"),
        (60.5, "60.5s"),
        (1e-7, "1e-07s"),
    ],
)
def test_writing(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(min_value=0, max_value=LONGEST_S, exclude_min=True) | st.integers(1, LONGEST_S))
def test_what_is_written_is_read_back_exactly(seconds: float) -> None:
    assert seconds_of(duration_text(seconds)) == seconds
