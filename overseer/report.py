"""What became of every step of a run, gathered from its events.

It watches a run as it happens or reads one from the journal; both give the same document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel.events import (
    Event,
    RunFinished,
    RunResumed,
    RunStarted,
    ScopeOpened,
    StepCancelled,
    StepFailed,
    StepInterrupted,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from overseer.plan.values import WorkflowPlan

RUN_SCHEMA = "overseer.run/1"

_UNFINISHED = ("waiting", "running", "retrying")


@dataclass(slots=True)
class StepReport:
    """One step of one round."""

    step_id: str
    status: str = "waiting"
    value: Json = None
    error: Failure | None = None
    reason: str = ""
    started: float | None = None
    ended: float | None = None
    attempts: int = 0
    is_blocked: bool = False  # skipped because something it needs failed: a resume looks at it again

    def to_json(self) -> dict[str, Json]:
        record: dict[str, Json] = {
            "step_id": self.step_id,
            "status": self.status,
            "value": self.value,
            "error": self.error.to_json() if self.error else None,
            "started": self.started,
            "ended": self.ended,
            "attempts": self.attempts,
        }
        if self.reason:
            record["reason"] = self.reason
        return record


class Report:
    """The state of every step, by key, and of the run as a whole."""

    def __init__(self, plan: WorkflowPlan, events: Iterable[Event] = ()) -> None:
        self.name = plan.name
        self.run_id = ""
        self.status = "running"
        self.output: Json = None
        self.error: Failure | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.steps: dict[str, StepReport] = {step.step_id: StepReport(step.step_id) for step in plan.steps}
        for event in events:
            self.observe(event)

    def observe(self, event: Event) -> None:
        """Take note of one event."""
        match event:
            case RunStarted(at=at, run_id=run_id):
                self.run_id, self.started = run_id, at
            case RunResumed():
                self._resumed()
            case StepStarted(at=at, key=key, attempt=attempt):
                self._begun(key, at, attempt)
            case ScopeOpened(at=at, key=key):
                self._begun(key, at, 1)
            case StepSucceeded(at=at, key=key, value=value):
                self._ended(key, at, "succeeded").value = value
            case StepFailed(at=at, key=key, failure=failure, retry_at=retry_at):
                self._ended(key, at, "failed" if retry_at is None else "retrying").error = failure
            case StepSkipped(at=at, key=key, because=because, detail=detail):
                step = self._ended(key, at, "skipped")
                step.reason, step.is_blocked = detail, because == "failure"
            case StepCancelled(at=at, key=key, reason=reason):
                self._ended(key, at, "cancelled").reason = reason
            case StepInterrupted(at=at, key=key):
                self._ended(key, at, "interrupted")
            case RunFinished(at=at, status=status, output=output, failure=failure):
                self.status, self.output, self.error, self.ended = status, output, failure, at
                self._close()

    def _step(self, key: str) -> StepReport:
        if key not in self.steps:
            self.steps[key] = StepReport(key)
        return self.steps[key]

    def _begun(self, key: str, at: float, attempt: int) -> None:
        step = self._step(key)
        step.started = at if step.started is None or attempt == 1 else step.started
        step.status, step.error, step.reason, step.ended, step.attempts = "running", None, "", None, attempt

    def _ended(self, key: str, at: float, status: str) -> StepReport:
        step = self._step(key)
        step.status, step.ended = status, at
        return step

    def _resumed(self) -> None:
        self.status, self.output, self.error, self.ended = "running", None, None, None
        for step in self.steps.values():
            if step.status == "running":
                step.status = "interrupted"
            elif step.status == "cancelled" or (step.status == "skipped" and step.is_blocked):
                step.status, step.reason = "waiting", ""

    def _close(self) -> None:
        for step in self.steps.values():
            if step.status in _UNFINISHED:
                step.status = "cancelled"
                step.reason = step.reason or "the run ended before it could"

    def interrupt(self) -> None:
        """The run is not going on anywhere: say so of what it was doing."""
        if self.status == "running":
            self.status = "interrupted"
            for step in self.steps.values():
                if step.status == "running":
                    step.status = "interrupted"

    def document(self) -> dict[str, Any]:
        """The run as one JSON document."""
        return {
            "schema": RUN_SCHEMA,
            "run_id": self.run_id,
            "name": self.name,
            "status": self.status,
            "output": self.output,
            "error": self.error.to_json() if self.error else None,
            "started": self.started,
            "ended": self.ended,
            "steps": [step.to_json() for step in self._in_order()],
        }

    def _in_order(self) -> list[StepReport]:
        """As planned, each scope followed by what ran inside it."""
        place = {key: at for at, key in enumerate(self.steps)}
        return sorted(self.steps.values(), key=lambda step: place[step.step_id.partition("[")[0]])
