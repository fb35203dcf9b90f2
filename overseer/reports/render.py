"""A plan and a run as plain lines of text: append only, no colours, nothing redrawn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence

from overseer.journal.journal import Pruned, RunSummary
from overseer.jsonvalue import Json, json_text
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    PlanClosed,
    RunResumed,
    ScopeOpened,
    SignalArrived,
    SourceOpened,
    StepCancelled,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.plan import duration_text, plan_from, waves
from overseer.plan.inputs import must_be_given
from overseer.plan.values import Code, Input, Scope, WorkflowPlan, WorkflowStep
from overseer.reports.reasons import Reasons
from overseer.reports.report import Report
from overseer.spending import spent_text

Say = Callable[[str], None]

_MOST_LINES = 6  # of a message that says why something failed


def plan_lines(plan: WorkflowPlan) -> list[str]:
    """The plan as people read it before it runs."""
    count = len(plan.steps)
    lines = [f"Workflow Plan ({count} step{'s' if count != 1 else ''}):"]
    for number, step in enumerate(plan.steps, 1):
        lines += _step_lines(step, f"  {number}. ", "     ")
    return lines


def _step_lines(step: WorkflowStep, head: str, indent: str) -> list[str]:
    lines = [f"{head}{step.title}"]
    if isinstance(step.action, Code):
        lines.append(f"{indent}Node task: {step.action.task}")
    elif isinstance(step.action, Scope) and step.action.body is not None:
        for inner in step.action.body.steps:
            lines += _step_lines(inner, f"{indent}- ", f"{indent}  ")
    return lines


def wave_lines(plan: WorkflowPlan) -> list[str]:
    """Which steps could run side by side."""
    return [f"  wave {number}: {', '.join(wave)}" for number, wave in enumerate(waves(plan), 1)]


def input_lines(plan: WorkflowPlan) -> list[str]:
    """What can be given to the plan, and what has to be."""
    return [f"  input {name}: {_input_text(declared)}" for name, declared in plan.inputs.items()]


def _input_text(declared: Input) -> str:
    if must_be_given(declared):
        default = ", which has to be given"
    else:
        default = f" ({json_text(declared.default)} if it is not given)"
    about = f"; {declared.description}" if declared.description else ""
    return f"{declared.type}{default}{about}"


def value_text(value: Json) -> str:
    """A result for a person: text as it is, the rest as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


class Progress:
    """Says in a line or two what each event of a run means.

    Steps that start together are announced together. Of the rounds inside a scope only what went
    wrong is told, so that a map over a thousand items stays readable.
    """

    def __init__(self, plan: WorkflowPlan, say: Say) -> None:
        self._titles = {step.step_id: step.title for step in plan.steps}
        self._say = say
        self._starting: list[str] = []
        self._began: dict[str, float] = {}
        self._reasons = Reasons()
        self._waits: set[tuple[str, str]] = set()  # of which step of the plan it was told that it waits for what

    def observe(self, event: Event) -> None:
        if isinstance(event, PlanChanged):
            self._titles |= {step.step_id: step.title for step in plan_from(event.plan).plan.steps}
        if isinstance(event, StepStarted):
            if _is_outer(event.key):
                self._began[event.key] = event.at
                if event.attempt == 1:
                    self._starting.append(self._title(event.key))
            return
        if isinstance(event, ToolCalled | ToolReturned | StepReleased) or self._is_told(event):
            return
        if self._starting and not isinstance(event, ScopeOpened):
            self.flush()
        if line := self._line(event):
            self._say(line)

    def _is_told(self, event: Event) -> bool:
        """Whether this was said before: a limit that a step waits for once, it will wait for again and again."""
        if not isinstance(event, StepHeld):
            return False
        wait = (_outermost(event.key), event.what)
        is_told = wait in self._waits
        self._waits.add(wait)
        return is_told

    def flush(self) -> None:
        """Announce the steps that have started since the last line."""
        starting, self._starting = self._starting, []
        if len(starting) > 1:
            self._say(f"Executing {len(starting)} steps in parallel:")
            for title in starting:
                self._say(f"  - {title}")
        elif starting:
            self._say(f"Executing: {starting[0]}")

    def _line(self, event: Event) -> str | None:
        match event:
            case StepSucceeded(at=at, key=key) if _is_outer(key):
                return f"done: {self._title(key)} ({self._seconds(key, at)})"
            case StepFailed(key=key, failure=failure, retry_at=None):
                title = self._title(key)
                return f"failed: {title}: {self._reasons.of(title, failure.message)}"
            case StepFailed(at=at, key=key, failure=failure, retry_at=float(again)):
                return f"trying again in {again - at:.1f} s: {self._title(key)}: {failure.message}"
            case StepSkipped(key=key, detail=detail) if _is_outer(key):
                return f"skipped: {self._title(key)} ({detail})"
            case StepCancelled(key=key, reason=reason) if _is_outer(key):
                return f"cancelled: {self._title(key)} ({reason})"
            case StepInterrupted(key=key, has_begun=has_begun):
                return f"{'interrupted' if has_begun else 'given up before it began'}: {self._title(key)}"
            case StepHeld(key=key):
                return f"waiting for {event.what}: {self._title(_outermost(key))}"
            case ScopeOpened(at=at, key=key, rounds=rounds) if _is_outer(key):
                self._began[key] = at
                return self._scope_line(key, rounds)
            case SourceOpened(key=key, where=where):
                return f"listening: {self._title(key)}: {where}"
            case SignalArrived(key=key):
                return f"event: {self._title(key)}"
            case CancelAsked():
                return cancel_text(event)
            case RunResumed():
                return "going on where the run was"
            case PlanClosed(reason=reason) if reason:
                return f"no more steps will come: {reason}"
            case _:
                return None

    def _scope_line(self, key: str, rounds: int | None) -> str:
        self.flush()
        return f"Executing: {self._title(key)}" + (f" ({rounds} rounds)" if rounds not in (None, 1) else "")

    def _title(self, key: str) -> str:
        return self._titles.get(key, key)

    def _seconds(self, key: str, at: float) -> str:
        return f"{at - self._began.get(key, at):.2f} s"


def few_lines(text: str) -> str:
    """A message without most of its lines, where it has many: `overseer show` tells them all."""
    lines = text.strip().split("\n")
    if len(lines) <= _MOST_LINES + 1:
        return "\n".join(lines)
    return "\n".join([*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES:,} lines more"])


def cancel_text(asked: CancelAsked) -> str:
    """What being asked to stop means for the steps that are running."""
    if asked.hard:
        return f"stopping at once ({asked.reason})"
    return "stopping: running steps may finish; ask again to stop at once"


def _outermost(key: str) -> str:
    return key.partition("[")[0]


def _is_outer(key: str) -> bool:
    return "/" not in key


def spent_lines(report: Report) -> list[str]:
    """What the run spent, in a line; none if it spent nothing."""
    return [f"spent: {spent_text(report.spent)}"] if report.spent else []


def counts_text(counts: Mapping[str, int]) -> str:
    """How many steps ended how."""
    return ", ".join(f"{count} {status}" for status, count in counts.items())


# --- lists of runs


def run_line(run: RunSummary) -> str:
    """A run in a list of runs."""
    dismissed = "  (dismissed)" if run.is_dismissed else ""
    return f"{run.run_id}  {when(run.created)}  {run.status:<11}  {run.name}{dismissed}"


def dismissed_lines(runs: Sequence[RunSummary]) -> list[str]:
    """Which runs are told of as interrupted no more."""
    if not runs:
        return ["no run was interrupted"]
    return ["not told of any more, and still to be gone on with:", *(f"  {run_line(run)}" for run in runs)]


def pruned_lines(pruned: Pruned, age_s: float) -> list[str]:
    """Which runs were removed from the journal."""
    count = len(pruned.runs)
    if not count:
        return [f"no run ended more than {duration_text(age_s)} ago"]
    freed = f"; the journal is {pruned.freed_bytes:,} bytes smaller" if pruned.freed_bytes else ""
    return [f"removed {count} run{'s' if count != 1 else ''}{freed}:", *(f"  {run_line(run)}" for run in pruned.runs)]


def when(at: float) -> str:
    """A time as people read it, where they are."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
