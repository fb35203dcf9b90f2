"""The ways to run a graph that are always there: each gives the right values, and does what it is said to do."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from bench.contenders import CONTENDERS, REFERENCE, Contender
from bench.dags import made
from bench.measure import Failed, measured, measured_apart
from bench.peers import Go

ALWAYS = {name: contender for name, contender in CONTENDERS.items() if not contender.distributions}


@pytest.fixture(params=ALWAYS)
def contender(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Contender:
    return surrounded(ALWAYS[request.param], monkeypatch, tmp_path)


def test_the_reference_and_ours_are_always_there() -> None:
    assert {"serial", REFERENCE, "waves", "overseer", "overseer_journal"} <= ALWAYS.keys()


@pytest.mark.parametrize("name", ["wide:7", "chain:9", "layered:40", "fanout:1"])
def test_every_step_gets_the_values_that_it_needs(contender: Contender, name: str) -> None:
    dag = made(name)
    seen: dict[str, Mapping[str, int]] = {}

    def body(step: str, inputs: Mapping[str, int]) -> int:
        seen[step] = dict(inputs)
        return 1 + max(inputs.values(), default=0)

    async def async_body(step: str, inputs: Mapping[str, int]) -> int:
        await asyncio.sleep(0)
        return body(step, inputs)

    go = prepared(contender)(dag, async_body if contender.is_async else body, 4)
    depths = dag.depths()
    assert dict(go()) == depths
    assert seen == {step: {need: depths[need] for need in needs} for step, needs in dag.deps.items()}


def test_every_run_is_timed_and_those_of_sleepers_know_their_delays(contender: Contender) -> None:
    assert [run.delays for run in measured(contender, "layered:30", workers=3, repeats=2).runs] == [None, None]
    (run,) = measured(contender, "joke:1", workers=3, repeats=1).runs
    assert run.run_s >= made("joke:1").critical_path_s() * 0.99
    assert run.delays
    assert 0 <= run.delays.half_s <= run.delays.most_s <= run.delays.worst_s


@pytest.mark.parametrize(("name", "steps"), [("overseer", []), ("overseer_journal", [3])])
def test_only_the_contender_with_a_journal_records_its_steps(
    name: str, steps: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contender = surrounded(CONTENDERS[name], monkeypatch, tmp_path)
    prepared(contender)(made("chain:3"), lambda step, inputs: 1 + max(inputs.values(), default=0), 2)()
    assert [recorded(journal) for journal in tmp_path.rglob("journal.db")] == steps


def test_a_measurement_in_a_process_of_its_own_brings_its_figures_back() -> None:
    outcome = measured_apart(CONTENDERS["serial"], "chain:20", workers=1, repeats=3, timeout_s=30)
    assert not isinstance(outcome, Failed)
    assert len(outcome.runs) == 3
    assert all(run.total_s > 0 for run in outcome.runs)


def test_one_that_takes_too_long_has_failed() -> None:
    outcome = measured_apart(CONTENDERS["serial"], "fanout:200", workers=1, repeats=1, timeout_s=1.5)
    assert outcome == Failed("took more than 1.5 s")


def test_one_that_raises_has_failed_and_says_why() -> None:
    outcome = measured_apart(CONTENDERS["serial"], "chain:many", workers=1, repeats=1, timeout_s=30)
    assert outcome == Failed("ValueError: invalid literal for int() with base 10: 'many'")


def test_a_wrong_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.baselines.serial", lambda dag, body, workers: lambda: dict.fromkeys(dag.deps, 1))
    with pytest.raises(ValueError, match="step s1 gave 1 instead of 2"):
        measured(CONTENDERS["serial"], "chain:3", workers=1, repeats=1)


def surrounded(contender: Contender, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Contender:
    """The contender in the environment that it has in a process of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for name, value in contender.environment.items():
        monkeypatch.setenv(name, value)
    return contender


def prepared(contender: Contender) -> Callable[..., Go]:
    module, _, function = contender.adapter.partition(":")
    prepare: Callable[..., Go] = getattr(import_module(module), function)
    return prepare


def recorded(journal: Path) -> int:
    with closing(sqlite3.connect(journal)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM events WHERE kind = 'StepSucceeded'").fetchone()
    return int(count)
