"""What a report says is what the kernel says, at every moment, and no more of it is kept than is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from overseer.errors import Failure
from overseer.kernel.events import (
    PlanChanged,
    RunResumed,
    RunStarted,
    StepFailed,
    StepHeld,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.kernel.restart import change_faults
from overseer.plan import to_document
from overseer.reports.render import Progress
from overseer.reports.report import Report
from overseer.reports.retelling import run_lines
from overseer.terminal.summary import summary_lines
from tests.kernel.plans import documents, outcome
from tests.kernel.plans import planned as planned_document
from tests.kernel.simulation import World, planned
from tests.kernel.test_properties import RULES, SEEDS, seldom

LOOP = """
steps:
- {step_id: first, tool: t}
- step_id: loop
  repeat: {limit: 500}
  depends_on: [first]
  steps:
  - {step_id: a, tool: t, args: {value: 1}}
  - {step_id: b, tool: t, when: {ref: "{{a}}", op: eq, value: 2}}
"""

# Whether a step's turn has come is in no event.
SHOWN = {
    "parked": {"waiting", "retrying"},
    "ready": {"waiting", "retrying"},
    "open": {"running"},
    "blocked": {"skipped"},
    "succeeded": {"succeeded", "partial"},  # of a scope, if the plan went on without something in it
}


def statuses(report: Report) -> dict[str, str]:
    return {step.step_id: step.status for step in report.steps()}


@seldom
@given(documents(), RULES, SEEDS)
def test_a_report_tells_of_the_plan_what_the_kernel_knows(document: Any, rules: Any, seed: int) -> None:
    world = World(planned_document(document), outcome, rules, seed).begin()
    report, told = Report(world.plan), 0
    while world.step():
        for event in world.events[told:]:
            report.observe(event)
        told = len(world.events)
        by_id = {step.step_id: step for step in report.steps()}
        for step_id, status in world.statuses().items():
            assert by_id[step_id].status in SHOWN.get(status, {status})
            if status == "succeeded":
                assert by_id[step_id].value is world.state.root.values[step_id]
            if status == "failed":
                assert by_id[step_id].error is world.state.root.failures[step_id]
    whole = Report(world.plan, world.events)
    assert (whole.status, whole.output, whole.error) == (world.state.status, world.state.output, world.state.failure)


@seldom
@given(documents(), RULES, SEEDS, st.integers(1, 60))
def test_a_report_without_rounds_counts_the_same(document: Any, rules: Any, seed: int, cut: int) -> None:
    plan = planned_document(document)
    world = World(plan, outcome, rules, seed).begin().run()
    resumed = World(plan, outcome, rules, seed).resume(world.events[:cut]).run()
    for events in (world.events, resumed.events):
        whole = Report(plan, events)
        assert Report(plan, events, keeps_rounds=False).counts() == whole.counts()
        assert whole.counts() == Counter(step["status"] for step in whole.document()["steps"])


def test_every_step_of_every_round_is_in_the_document_with_its_value() -> None:
    world = World(planned(LOOP), inputs={}).begin().run()
    steps = Report(world.plan, world.events).document()["steps"]
    assert len(steps) == 2 + 2 * 500
    assert steps[2] | {"started": 0, "ended": 0} == {
        "step_id": "loop[0]/a",
        "status": "succeeded",
        "value": 1,
        "error": None,
        "started": 0,
        "ended": 0,
        "attempts": 1,
    }


def test_a_long_loop_leaves_nothing_behind_where_nothing_of_it_is_told() -> None:
    world = World(planned(LOOP)).begin().run()
    report = Report(world.plan, keeps_rounds=False)
    progress = Progress(world.plan, lambda _line: None)
    for event in world.events:
        report.observe(event)
        progress.observe(event)
        state = report._state
        assert len(report._steps) <= 2 + 2
        assert not any((state.unblocked, state.over, state.settling, state.ready, state.openable, state.alarms))
        assert len(progress._began) <= 2
    assert report.counts() == {"succeeded": 502, "skipped": 500}


def test_a_change_of_plan_is_followed() -> None:
    beside = "{step_id: beside, tool: t}"
    plan = planned(f"""
        steps:
        - {beside}
        - {{step_id: loop, iterations: 2, steps: [{{step_id: in, tool: t}}]}}
        - {{step_id: gone, tool: t, depends_on: [loop]}}
        """)
    after = planned(f"""
        steps:
        - {beside}
        - {{step_id: loop, tool: t}}
        - {{step_id: new, tool: t, depends_on: [loop]}}
        """)
    world = World(plan, lambda key, *_: Failure("tool", "no") if "[1]" in key else key).begin()
    world.advance()
    for key in ("loop[0]/in", "loop[1]/in"):
        world.end(key)
        world.advance()
    assert statuses(Report(plan, world.events)) == {
        "beside": "running",
        "loop": "failed",
        "loop[0]/in": "succeeded",
        "loop[1]/in": "failed",
        "gone": "skipped",
    }
    assert not change_faults(world.state, after)
    world.tell(PlanChanged(9.5, to_document(after)))
    report = Report(plan, world.events)
    assert statuses(report) == {"beside": "running", "loop": "waiting", "new": "waiting"}
    assert [step.error for step in report.steps()] == [None, None, None]
    assert statuses(Report(plan, world.run().events)) == dict.fromkeys(("beside", "loop", "new"), "succeeded")


def test_what_was_spent_is_summed_over_attempts_lives_and_steps_that_are_gone() -> None:
    plan = planned("steps: [{step_id: a, tool: t, retry: 2}, {step_id: b, tool: t}]")
    report = Report(
        plan,
        [
            RunStarted(0.0, "r", {}),
            StepStarted(0.0, "a"),
            StepStarted(0.0, "b"),
            StepFailed(1.0, "a", Failure("transient", "no"), 2.0, spent={"requests": 1, "cost": 0.1}),
            StepStarted(2.0, "a", 2),
            StepFailed(3.0, "a", Failure("tool", "no"), spent={"requests": 1, "unpriced": 1}),
            RunResumed(4.0),
            StepStarted(5.0, "a", 3),
            StepSucceeded(6.0, "a", 1, spent={"requests": 1, "tokens": 1500, "cost": 0.2}),
        ],
    )
    whole = {"requests": 3, "tokens": 1500, "cost": 0.3, "unpriced": 1}
    document = report.document()
    assert document["spent"] == document["steps"][0]["spent"] == whole
    assert "spent" not in document["steps"][1]
    told = "spent: 3 requests, 1,500 tokens, $0.30, price unknown of 1 request"
    assert told in _ending(report)
    assert told in run_lines(report)
    after = planned("steps: [{step_id: b, tool: t}]")
    report.observe(PlanChanged(7.0, to_document(after), sandbox="full"))
    assert report.document()["sandbox"] == "full"
    assert report.document()["spent"] == whole


def test_the_calls_of_a_steps_code_are_counted_and_paid_for_by_the_step() -> None:
    plan = planned("steps: [{step_id: a, code: x}, {step_id: b, tool: t}]")
    report, lines = Report(plan), []
    progress = Progress(plan, lines.append)
    for event in (
        RunStarted(0.0, "r", {}),
        StepStarted(0.0, "a"),
        ToolCalled(0.0, "a", "1", "t", {}),
        StepStarted(0.0, "b"),
        ToolReturned(0.5, "a", "1", 1, spent={"requests": 1}),
        ToolCalled(0.6, "a", "2", "t", {}),
    ):
        report.observe(event)
        progress.observe(event)
    report.observe(StepSucceeded(1.0, "a", 1, spent={"requests": 1}))
    first, second = report.document()["steps"]
    assert (first["calls"], first["spent"]) == (2, {"requests": 2})
    assert not second.keys() & {"calls", "spent"}
    assert lines == []
    progress.flush()
    assert lines[0] == "Executing 2 steps in parallel:"


def test_how_long_a_step_was_held_is_summed_and_said_once() -> None:
    plan = planned("""
        steps:
        - {step_id: a, description: Ask, tool: t, retry: 2}
        - {step_id: each, iterations: 2, steps: [{step_id: x, tool: t}]}
        """)
    world, lines = World(plan).begin(), []
    world.advance()
    report, progress = Report(plan, world.events), Progress(plan, lines.append)
    for event in (
        StepHeld(1.0, "a", "openai"),
        StepReleased(3.0, "a"),
        StepHeld(4.0, "a", "openai"),
        StepHeld(4.0, "each[0]/x", "openai"),
        StepHeld(4.0, "each[1]/x", "openai"),
        StepFailed(5.0, "a", Failure("transient", "no"), 6.0),
        StepReleased(5.5, "each[1]/x"),
        StepStarted(6.0, "a", 2),
        StepHeld(7.0, "a", "ollama"),
        RunResumed(90.0),
    ):
        report.observe(event)
        progress.observe(event)
    assert [step.get("held_s") for step in report.document()["steps"]] == [3.0, None, None, 1.5]
    assert [line for line in lines if line.startswith("waiting")] == [
        "waiting for the limit of openai: Ask",
        "waiting for the limit of openai: each",
        "waiting for the limit of ollama: Ask",
    ]


def _ending(report: Report) -> list[str]:
    return ["".join(text for _, text in line) for line in summary_lines(report)]


def test_a_run_that_spent_nothing_says_nothing_of_it() -> None:
    report = Report(planned(LOOP), World(planned(LOOP)).begin().run().events)
    document = report.document()
    assert "spent" not in document
    assert not any("spent" in step for step in document["steps"])
    assert not any("spent" in line for line in [*_ending(report), *run_lines(report)])


def test_what_a_resume_looks_at_again_waits_without_its_earlier_end() -> None:
    plan = planned("steps: [{step_id: a, tool: t}, {step_id: b, tool: t, depends_on: [a]}]")
    failed = World(plan, lambda *_: Failure("tool", "no")).begin().run()
    report = Report(plan, [*failed.events, RunResumed(9.0)])
    assert [(step.status, step.error, step.ended, step.reason) for step in report.steps()] == [
        ("waiting", None, None, "")
    ] * 2


def test_a_run_that_nobody_goes_on_with_is_interrupted_in_what_it_was_doing() -> None:
    world = World(planned(LOOP)).begin()
    for _ in range(4):
        world.step()
    world.advance()
    report = Report(world.plan, world.events)
    assert (report.status, statuses(report)["loop"]) == ("running", "running")
    report.interrupt()
    assert (report.status, statuses(report)["loop"], statuses(report)["first"]) == (
        "interrupted",
        "interrupted",
        "succeeded",
    )
