"""Runs of the engine whose plan grows: they wait without a word, end when told to, and survive the end of a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.broker.permissions import CAREFUL, Grants
from overseer.errors import PlanError
from overseer.kernel.events import Event, PlanClosed, StepSucceeded
from overseer.plan import plan_from
from overseer.reports.report import Report
from overseer.reports.retelling import run_lines
from overseer.running.approval import NotApproved
from overseer.tool import tool
from tests.fakes import Latch

ROOT = Path(__file__).parents[2]


@tool
def give(value: Any) -> Any:
    """What it gets."""
    return value


@tool(effect="write")
def save(value: Any) -> Any:
    """Keeps what it gets."""
    return value


def step(step_id: str, value: Any = 1, tool: str = "give") -> dict[str, Any]:
    return {"step_id": step_id, "tool": tool, "args": {"value": value}}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def done(latch: Latch, step_id: str) -> Any:
    def watch(event: Event) -> None:
        if isinstance(event, StepSucceeded) and event.key == step_id:
            latch.open()

    return watch


def begun(engine: Engine, *steps: dict[str, Any], **options: Any) -> Any:
    """An open run all of whose steps are done."""
    latch = Latch()
    run = engine.prepare({"steps": list(steps)}, is_open=True, watch=done(latch, steps[-1]["step_id"]), **options)
    run.start()
    assert latch.is_open_within(10)
    return run


def test_an_open_run_goes_on_with_what_it_is_given_and_ends_with_the_last_of_it(journal: Journal) -> None:
    run = begun(Engine([give], journal=journal), step("a"))
    assert run.is_open
    run.change({"steps": [step("a"), step("b", "{{a}}")]}, is_last=False)
    run.change({"steps": [step("a"), step("b", "{{a}}"), step("c", ["{{b}}"])], "output": {"all": "{{c}}"}})
    result = run.wait(10)
    assert (result.status, result.output) == ("succeeded", {"all": [1]})
    assert not run.is_open
    assert journal.runs()[0].status == "succeeded"


def test_it_may_be_told_that_it_has_all(journal: Journal) -> None:
    run = begun(Engine([give], journal=journal), step("a"))
    run.complete()
    assert run.wait(10).succeeded
    with pytest.raises(PlanError, match="the run has ended"):
        run.complete()


def test_a_run_that_is_not_open_has_nothing_to_be_told() -> None:
    latch = Latch()

    @tool
    def wait() -> None:
        """Until the test lets it."""
        latch.wait()

    run = Engine([wait]).start({"steps": [{"step_id": "a", "tool": "wait"}]})
    for tell in (run.complete, run.keep_begun):
        with pytest.raises(PlanError, match="the plan of the run is complete"):
            tell()
    latch.open()
    assert run.wait(10).succeeded


def test_an_idle_open_run_is_cancelled_at_once_and_can_be_resumed(journal: Journal) -> None:
    engine = Engine([give], journal=journal)
    run = begun(engine, step("a"))
    run.cancel()
    assert run.wait(10).status == "cancelled"
    assert engine.resume(run.run_id).succeeded


def test_growth_that_nobody_approved_leaves_the_run_as_it_was() -> None:
    engine = Engine([give, save], broker=Broker(CAREFUL))
    run = begun(engine, step("a"))
    both = {"steps": [step("a"), step("b", "{{a}}", "save")]}
    with pytest.raises(NotApproved):
        run.change(both, is_last=False)
    assert run.is_open
    run.change(both, approve=Grants(tools=frozenset({"save"})))
    assert run.wait(10).values == {"a": 1, "b": 1}


def test_a_step_that_is_done_cannot_be_changed() -> None:
    run = begun(Engine([give]), step("a"))
    with pytest.raises(PlanError, match="step 'a' has ended and cannot be changed"):
        run.change({"steps": [step("a", 2)]}, is_last=False)
    with pytest.raises(PlanError, match="step 'a' has ended and cannot be removed"):
        run.change({"steps": [step("b")]})
    run.complete()
    assert run.wait(10).succeeded


CHILD = """
import sys, os, signal
from pathlib import Path
from overseer import Engine, Journal
from tests.running.test_open_runs import begun, give, step

with Journal.open(Path(sys.argv[1])) as journal:
    run = begun(Engine([give], journal=journal), step("a"))
    run.change({"steps": [step("a"), step("b", "{{a}}")]}, is_last=False)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_while_it_waits_a_run_ends_with_what_was_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with Journal.open(path) as journal:
        (summary,) = journal.runs()
        assert (summary.status, summary.steps) == ("interrupted", 2)
        result = Engine([give], journal=journal).resume(summary.run_id)
        assert (result.status, result.values) == ("succeeded", {"a": 1, "b": 1})
        events = list(journal.events(summary.run_id))
        assert [event.reason for event in events if isinstance(event, PlanClosed)] == [
            "the run was cut off before all of its plan was there"
        ]
        plan = plan_from(journal.run(summary.run_id).plan).plan
        assert "not the whole plan: the run was cut off before" in "\n".join(run_lines(Report(plan, events)))
