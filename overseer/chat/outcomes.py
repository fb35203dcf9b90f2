"""What a run came to, made of its report: for the answer to the request, and for a plan that mends what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from overseer.frontends.outcome import Outcome, StepOutcome, StepStatus
from overseer.kernel.restart import begun_scopes, fixed_steps, settled_steps
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState, Status
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report, StepReport
from overseer.tool import Tool

_STATUSES: Mapping[str, StepStatus] = {
    "succeeded": "succeeded",
    "partial": "partial",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
    "running": "running",
    "retrying": "retrying",
}


def outcome_of(report: Report, tools: Mapping[str, Tool]) -> Outcome:
    """Where the run of a report stands. One that keeps no rounds knows nothing of what failed inside of scopes."""
    state, titles = report.state, _titles(report.plan)
    steps = [_outcome(step, state, titles) for step in report.steps()]
    fixed, begun = _limits_of_change(report, tools)
    return Outcome(
        report.run_id,
        report.plan,
        report.status,
        report.output,
        report.error.message if report.error is not None else "",
        tuple(step for step in steps if "/" not in step.key),
        tuple(step for step in steps if "/" in step.key and step.status == "failed"),
        fixed,
        begun,
    )


def _limits_of_change(report: Report, tools: Mapping[str, Tool]) -> tuple[Mapping[str, str], frozenset[str]]:
    """The steps that no other plan may change, and the scopes that it may only leave out."""
    state = report.state
    if not state.frames:
        return {}, frozenset()
    if report.status == "running":
        return settled_steps(state), frozenset()
    unrepeatable = frozenset(name for name, tool in tools.items() if not tool.idempotent)
    known = replace(state, rules=Rules(unrepeatable=unrepeatable))
    return fixed_steps(known), begun_scopes(known)


def _outcome(step: StepReport, state: RunState, titles: Mapping[str, str]) -> StepOutcome:
    reason = step.error.message if step.error is not None else step.reason
    status = _STATUSES.get(step.status, "waiting")
    if "/" in step.step_id:
        outermost = step.step_id.partition("[")[0]
        title = f"{titles.get(outermost, outermost)} ({step.step_id})"
        return StepOutcome(step.step_id, title, status, step.value, reason)
    if status == "skipped" and state.frames and state.root.status_of(step.step_id) == Status.BLOCKED:
        status = "blocked"
    return StepOutcome(step.step_id, titles.get(step.step_id, step.step_id), status, step.value, reason)


def _titles(plan: WorkflowPlan) -> dict[str, str]:
    return {step.step_id: step.title for step in plan.steps}
