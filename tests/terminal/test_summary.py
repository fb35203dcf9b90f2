"""How a run went, in a few lines."""

from __future__ import annotations

from overseer.errors import Failure
from overseer.kernel.events import Event, RunFinished, RunStarted, StepFailed, StepSkipped, StepStarted, StepSucceeded
from overseer.plan import plan_from
from overseer.reports.report import Report
from overseer.terminal.style import text_of
from overseer.terminal.summary import summary_lines
from overseer.timing import timing_of

PLAN = plan_from(
    {
        "steps": [{"step_id": name, "tool": "web"} for name in "abc"]
        + [{"step_id": "d", "tool": "web", "depends_on": "a"}]
    }
).plan

SIDE_BY_SIDE: list[Event] = [
    RunStarted(0.0, "r1", {}),
    *(StepStarted(0.0, name) for name in "abc"),
    StepSucceeded(1.0, "a", 1, spent={"requests": 1, "tokens": 1000, "cost": 0.021}),
    StepStarted(1.0, "d"),
    StepSucceeded(1.5, "b", 1, spent={"requests": 2, "tokens": 500, "unpriced": 2}),
    StepSucceeded(2.0, "c", 1),
    StepSucceeded(2.0, "d", 1),
    RunFinished(2.0, "succeeded"),
]


def said(events: list[Event]) -> list[str]:
    return [text_of(line) for line in summary_lines(Report(PLAN, events), timing_of(PLAN, events))]


def test_it_tells_what_was_gained_by_doing_things_side_by_side_and_what_was_spent() -> None:
    assert said(SIDE_BY_SIDE) == [
        "run r1 succeeded: 4 succeeded",
        "took 2.00 s: 2.8x against one after the other (5.50 s); its longest chain of steps took 2.00 s",
        "spent: 3 requests, 1,500 tokens, $0.021, price unknown of 2 requests",
    ]


def test_where_nothing_was_gained_the_time_is_enough() -> None:
    alone: list[Event] = [
        RunStarted(0.0, "r1", {}),
        StepStarted(0.0, "a"),
        StepFailed(1.0, "a", Failure("tool", "it is down")),
        StepSkipped(1.0, "d", "failure", "'a' failed"),
        RunFinished(1.0, "failed", failure=Failure("tool", "step 'a' failed: it is down")),
    ]
    lines = said(alone)
    assert lines[0].startswith("run r1 failed: 1 failed")
    assert "1 skipped" in lines[0]
    assert lines[1:] == ["  step 'a' failed: it is down", "took 1.00 s"]


def test_who_has_followed_a_run_is_not_told_again_why_a_step_failed() -> None:
    def lines(kind: str) -> list[str]:
        ended = RunFinished(1.0, "failed", failure=Failure(kind, "step 'a' failed: it is down"))
        return [text_of(line) for line in summary_lines(Report(PLAN, [SIDE_BY_SIDE[0], ended]), was_followed=True)]

    assert len(lines("body")) == 1
    assert lines("budget")[1:] == ["  step 'a' failed: it is down"]


def test_without_times_none_are_told() -> None:
    report = Report(PLAN, SIDE_BY_SIDE)
    assert [text_of(line).partition(" ")[0] for line in summary_lines(report)] == ["run", "spent:"]
