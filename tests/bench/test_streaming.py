"""The measurement of streaming: both ways do all of the work, and what is measured is what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.streaming import PLANS, afterwards, main, meanwhile, timed, written
from overseer.frontends.replies import read_reply
from overseer.plan import Draft


@pytest.mark.parametrize("name", PLANS)
def test_the_plans_have_ten_steps_and_no_faults(name: str) -> None:
    read = read_reply(written(PLANS[name]))
    assert isinstance(read, Draft)
    assert not read.faults
    assert len(read.plan.steps) == 10


@pytest.mark.parametrize("way", [afterwards, meanwhile])
def test_each_way_does_every_step_once(way: object) -> None:
    assert timed(way, PLANS["a few dependencies"], 0.05, 0.01) > 0.05  # type: ignore[arg-type]


def test_it_prints_a_ratio_for_each_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.json"
    assert main(["--rounds", "1", "--stream-s", "0.05", "--step-s", "0.01", "--json", str(out)]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == list(PLANS)
    assert {name: len(rounds) for name, rounds in json.loads(out.read_text()).items()} == dict.fromkeys(PLANS, 1)
