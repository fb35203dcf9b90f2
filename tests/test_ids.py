"""Names of runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer import ids
from tests.strategies import unhurried

seconds = st.floats(min_value=0, max_value=3e10)


@unhurried
@given(seconds, seconds)
def test_later_runs_sort_after_earlier_ones(first, second):
    first, second = sorted([first, second])
    if int(first * 1000) < int(second * 1000):
        assert ids.new_run_id(first) < ids.new_run_id(second)


@unhurried
@given(seconds)
def test_an_id_is_short_and_can_name_a_file_anywhere(now):
    run_id = ids.new_run_id(now)
    assert len(run_id) == 14
    assert ids.is_run_id(run_id)


@unhurried
@given(seconds)
def test_an_id_means_itself_also_in_capitals_and_with_lookalikes(now):
    run_id = ids.new_run_id(now)
    assert ids.as_typed(run_id) == run_id
    assert ids.as_typed(f" {run_id.upper()} ") == run_id
    assert ids.as_typed(run_id.replace("1", "l").replace("0", "O")) == run_id


def test_chance_tells_runs_of_one_moment_apart(monkeypatch):
    drawn = iter([b"\0\0\0\1", b"\0\0\0\2"])
    monkeypatch.setattr(ids.os, "urandom", lambda count: next(drawn))
    assert [ids.new_run_id(1.5), ids.new_run_id(1.5)] == ["0000001ew00001", "0000001ew00002"]


@pytest.mark.parametrize("text", ["", "../r1", "r/1", "R1", "-r", "r 1", "r.1", "r1\n", "x" * 65, "ä"])
def test_what_could_not_name_a_file_is_no_id(text):
    assert not ids.is_run_id(text)
