"""A run in retrospect: every step in a line, long things cut short, columns that stay columns."""

from __future__ import annotations

from overseer.errors import Failure
from overseer.kernel.events import RunFinished, RunStarted, StepFailed, StepStarted, StepSucceeded
from overseer.reports.report import Report
from overseer.reports.retelling import LONGEST_TEXT, run_lines, shortened
from tests.kernel.simulation import World, planned

PLAN = planned("""
name: nightly
steps:
- {step_id: fetch, tool: t}
- {step_id: 日本語, tool: t}
- {step_id: parse, tool: t, retry: 2}
- {step_id: below, tool: t, depends_on: [parse]}
""")


def test_every_step_has_a_line_in_columns_and_says_why_it_is_as_it_is() -> None:
    report = Report(PLAN)
    for event in (
        RunStarted(0.0, "r1", {}),
        StepStarted(0.0, "fetch"),
        StepSucceeded(1.5, "fetch", "x"),
        StepStarted(0.0, "日本語"),
        StepSucceeded(75.0, "日本語", "x"),
        StepStarted(0.0, "parse"),
        StepFailed(1.0, "parse", Failure("transient", "no"), 2.0),
        StepStarted(2.0, "parse", 2),
        StepFailed(3.0, "parse", Failure("tool", "line one\nline two")),
        RunFinished(7300.0, "failed", None, Failure("body", "step 'parse' failed: line one\nline two")),
    ):
        report.observe(event)
    first, times, *steps = run_lines(report)
    assert first == "run r1 failed: nightly"
    assert times.endswith(", took 2 h 01 m")
    assert steps == [
        "  succeeded    fetch     1.50 s",
        "  succeeded    日本語  1 m 15 s",
        "  failed       parse     3.00 s  (2 attempts) line one\n               line two",
        "  cancelled    below             the run ended before it could",
    ]


def test_of_the_steps_in_rounds_only_those_that_went_wrong_have_a_line() -> None:
    plan = planned("""
        steps:
        - {step_id: other, tool: t}
        - step_id: each
          iterations: 100
          on_error: continue
          steps: [{step_id: word, tool: t}]
        """)
    unlucky = (
        World(plan, lambda key, *_: key if key == "other" or key < "each[3" else Failure("tool", "no")).begin().run()
    )
    lines = run_lines(Report(plan, unlucky.events))
    at = next(place for place, line in enumerate(lines) if line.startswith("  partial      each"))
    assert lines[at + 1].startswith("               in rounds: ")
    told = [line for line in lines if line.startswith("    failed       each[")]
    assert len(told) == 20
    assert all(line.endswith("  no") for line in told)
    failed = sum(step.status == "failed" for step in Report(plan, unlucky.events).steps())
    assert f"    … and {failed - 20} more (all of them: --json)" in lines


def test_what_is_long_is_cut_short_and_says_by_how_much() -> None:
    assert shortened("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    assert shortened("日" * 3234) == "日" * 2000 + "…\n… and 1,234 characters more (all of it: --json)"
    report = Report(PLAN, [RunStarted(0.0, "r1", {}), RunFinished(1.0, "succeeded", ["y" * 5000])])
    assert run_lines(report)[-1].endswith("…\n… and 3,008 characters more (all of it: --json)")


def test_a_run_that_has_not_begun_can_be_told_of() -> None:
    assert run_lines(Report(PLAN, run_id="r1"))[:3] == ["run r1 running: nightly", "not begun", "  waiting      fetch"]
