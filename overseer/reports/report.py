"""What became of every step of a run: the state that its events add up to, as people and programs read it.

It watches a run as it happens or reads one from the journal; both give the same document. What
happened is for the kernel to say. Kept beside it are the times and reasons that decide nothing, and
the steps of rounds that are over, which the kernel forgets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from overseer.errors import BrokenInvariant, Failure
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.events import (
    Event,
    PlanChanged,
    PlanClosed,
    QuestionAsked,
    RoundClosed,
    RunFinished,
    RunResumed,
    RunStarted,
    ScopeOpened,
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
from overseer.kernel.reducer import apply
from overseer.kernel.rules import Rules
from overseer.kernel.state import Frame, RunState, Status, StatusName
from overseer.plan.references import Unreadable
from overseer.plan.values import WorkflowPlan
from overseer.spending import total

RUN_SCHEMA = "overseer.run/1"

# What the kernel tells apart and readers need not.
_SHOWN: dict[StatusName, str] = {
    Status.PARKED: "waiting",
    Status.READY: "waiting",
    Status.OPEN: "running",
    Status.BLOCKED: "skipped",
}
_ENDS_HOLD = (StepReleased, StepSucceeded, StepFailed, StepCancelled, StepInterrupted)
_UNFINISHED = ("waiting", "running", "retrying")


@dataclass(slots=True)
class StepReport:
    """One step of one round."""

    step_id: str  # its key: that of a step in a round says which round
    status: str = "waiting"
    value: Json = None
    error: Failure | None = None
    reason: str = ""
    started: float | None = None
    ended: float | None = None
    attempts: int = 0
    calls: int = 0  # that its code has made
    held_s: float = 0.0  # how long it waited for limits and other runs
    spent: Json = None  # by all its attempts, in all lives of the run

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
        if self.held_s:
            record["held_s"] = round(self.held_s, 6)
        if self.calls:
            record["calls"] = self.calls
        if self.spent:
            record["spent"] = self.spent
        return record


class Report:
    """The state of every step, by key, and of the run as a whole.

    A report that keeps no rounds only counts the steps of those that are over. It does not grow with
    the length of a loop, and has no use for documents.
    """

    def __init__(
        self, plan: WorkflowPlan, events: Iterable[Event] = (), *, run_id: str = "", keeps_rounds: bool = True
    ) -> None:
        self.started: float | None = None
        self.ended: float | None = None
        self.sandbox = ""  # the level at which its code ran last
        self.cut_off = ""  # why its steps are not the whole of a plan that was to grow
        self.spent: Json = None  # by all steps, also those that are not kept or not in the plan any more
        self._state = RunState(plan, Rules(), run_id)
        self._steps = {step.step_id: StepReport(step.step_id) for step in plan.steps}
        self._keeps_rounds = keeps_rounds
        self._held: dict[str, float] = {}  # steps that wait for a limit, and since when
        self._put_away: Counter[str] = Counter()  # how often the steps that are not kept ended how
        self._is_abandoned = False
        for event in events:
            self.observe(event)

    @property
    def run_id(self) -> str:
        return self._state.run_id

    @property
    def name(self) -> str:
        return self._state.plan.name

    @property
    def state(self) -> RunState:
        """What the events add up to, to be read only."""
        return self._state

    @property
    def plan(self) -> WorkflowPlan:
        """The plan that the run follows, or followed last."""
        return self._state.plan

    @property
    def status(self) -> str:
        if self._is_abandoned and not self._state.is_ended:
            return "interrupted"
        return self._state.status or "running"

    @property
    def output(self) -> Json:
        return self._state.output

    @property
    def error(self) -> Failure | None:
        return self._state.failure

    def interrupt(self) -> None:
        """The run is not going on anywhere: say so of it, and of what it was doing."""
        self._is_abandoned = True

    def steps(self) -> list[StepReport]:
        """Every step as planned, each scope followed by what ran inside it."""
        self._update(self._frames())
        if self._state.is_ended:
            for step in self._steps.values():
                _give_up(step)
        place = {step.step_id: at for at, step in enumerate(self._state.plan.steps)}
        kept = [step for key, step in self._steps.items() if _outermost(key) in place]
        return sorted(kept, key=lambda step: place[_outermost(step.step_id)])

    def counts(self) -> Counter[str]:
        """How many steps ended how, also those that are not kept."""
        return Counter(step.status for step in self.steps()) + self._put_away

    def arguments(self, key: str) -> dict[str, Json] | None:
        """What a step that has just started was given; None where that cannot be told."""
        try:
            frame, step_id = self._state.place_of(key)
            return flow.arguments(frame, frame.graph.steps[step_id])
        except (BrokenInvariant, LookupError, Unreadable):
            return None

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
            **({"sandbox": self.sandbox} if self.sandbox else {}),
            **({"cut_off": self.cut_off} if self.cut_off else {}),
            **({"spent": self.spent} if self.spent else {}),
            "steps": [step.to_json() for step in self.steps()],
        }

    # --- from event to event

    def observe(self, event: Event) -> None:
        """Take note of one event."""
        closing = self._state.frames.get(f"{event.key}[{event.index}]") if isinstance(event, RoundClosed) else None
        apply(event, self._state)
        self._forget_queues()
        if self._held and isinstance(event, _ENDS_HOLD) and event.key in self._held:
            self._step(event.key).held_s += event.at - self._held.pop(event.key)
        match event:
            case RunStarted(at=at, sandbox=sandbox):
                self.started, self.sandbox = at, sandbox
            case RunResumed(sandbox=sandbox):
                self.ended, self.sandbox = None, sandbox or self.sandbox
                self._held.clear()  # nobody knows for how long the earlier process went on
                self._wait_again()
            case RunFinished(at=at):
                self.ended = at
            case StepStarted(at=at, key=key, attempt=attempt):
                self._begun(key, at, attempt)
            case ScopeOpened(at=at, key=key):
                self._begun(key, at, 1)
            case StepSucceeded(at=at, key=key, spent=spent):
                self._step(key).ended = at
                self._count(key, spent)
            case StepInterrupted(at=at, key=key):
                self._step(key).ended = at
            case StepFailed(at=at, key=key, failure=failure, spent=spent):  # which the state forgets if tried again
                step = self._step(key)
                step.ended, step.error = at, failure
                self._count(key, spent)
            case StepSkipped(at=at, key=key, detail=reason) | StepCancelled(at=at, key=key, reason=reason):
                step = self._step(key)
                step.ended, step.reason = at, reason
            case StepHeld(at=at, key=key):
                self._held.setdefault(key, at)
            case ToolCalled(key=key):
                self._step(key).calls += 1
            case ToolReturned(key=key, spent=spent):
                self._count(key, spent)
            case PlanChanged(spent=spent, sandbox=sandbox):
                self.spent = total(self.spent, spent)
                self.sandbox, self.cut_off = sandbox or self.sandbox, ""
                self._drop_replaced()
            case QuestionAsked(spent=spent):
                self.spent = total(self.spent, spent)
            case PlanClosed(reason=reason):
                self.cut_off = reason
            case RoundClosed(index=index):
                assert closing is not None
                assert closing.scope is not None
                if index not in closing.scope.broken:  # where a resume would go on in it
                    self._close(closing)

    def _begun(self, key: str, at: float, attempt: int) -> None:
        step = self._step(key)
        step.started = at if step.started is None or attempt == 1 else step.started
        step.error, step.reason, step.ended = None, "", None

    def _count(self, key: str, spent: Json) -> None:
        if spent:
            step = self._step(key)
            step.spent, self.spent = total(step.spent, spent), total(self.spent, spent)

    def _step(self, key: str) -> StepReport:
        if key not in self._steps:
            self._steps[key] = StepReport(key)
        return self._steps[key]

    def _forget_queues(self) -> None:
        """Nothing is decided here: what the state keeps for a decision would only pile up."""
        state = self._state
        for queue in (state.unblocked, state.over, state.settling, state.doomed):
            queue.clear()
        for heap in (state.ready, state.openable, state.alarms):
            heap.clear()

    # --- what the state says

    def _frames(self) -> Iterator[Frame]:
        """Every round that the state still has, with those inside it."""
        return _with_inner(self._state.frames[""]) if "" in self._state.frames else iter(())

    def _update(self, frames: Iterable[Frame]) -> None:
        """Let the steps of these rounds be as the state has them."""
        for frame in frames:
            for step_id in frame.graph.steps:
                if step := self._steps.get(frame.key_of(step_id)):
                    self._update_step(step, frame, step_id)

    def _update_step(self, step: StepReport, frame: Frame, step_id: str) -> None:
        status = frame.status_of(step_id)
        scope = frame.scopes.get(step_id)
        is_partial = status == Status.SUCCEEDED and scope is not None and scope.is_partial
        step.status = "partial" if is_partial else _SHOWN.get(status, status)
        step.value = frame.values.get(step_id) if status == Status.SUCCEEDED else None
        step.error = frame.failures.get(step_id, step.error)
        step.attempts = frame.attempts.get(step_id, 1 if step_id in frame.scopes else 0)
        if self._is_abandoned and step.status == "running":
            step.status = "interrupted"

    def _wait_again(self) -> None:
        """Of the steps that another life of the run looks at again, the last one's end says nothing any more."""
        for frame in self._frames():
            for step_id in frame.graph.steps:
                step = self._steps.get(frame.key_of(step_id))
                if step is not None and frame.status_of(step_id) in (Status.WAITING, Status.OPEN):
                    step.ended, step.error, step.reason = None, None, ""

    def _close(self, frame: Frame) -> None:
        """The state has forgotten a round: keep what it said of its steps, or count it."""
        frames = list(_with_inner(frame))
        self._update(frames)
        if not self._keeps_rounds:
            for inner in frames:
                for step_id in inner.graph.steps:
                    if step := self._steps.pop(inner.key_of(step_id), None):
                        _give_up(step)
                        self._put_away[step.status] += 1

    def _drop_replaced(self) -> None:
        """A step that another has taken the place of has no rounds any more."""
        root = self._state.root
        for step_id in {_outermost(key) for key in self._steps if "/" in key}:
            if step_id not in root.scopes:
                inner = [key for key in self._steps if "/" in key and _outermost(key) == step_id]
                for key in inner:
                    del self._steps[key]
        for step in self._state.plan.steps:
            if root.status_of(step.step_id) == Status.WAITING:
                self._steps[step.step_id] = StepReport(step.step_id)


def _give_up(step: StepReport) -> None:
    """What has not ended in a run or a round that has will not do so any more."""
    if step.status in _UNFINISHED:
        step.status = "cancelled"
        what = "its scope" if "/" in step.step_id else "the run"
        step.reason = step.reason or f"{what} ended before it could"


def _with_inner(frame: Frame) -> Iterator[Frame]:
    """A round, and all the rounds inside it that it still knows."""
    stack = [frame]
    while stack:
        outer = stack.pop()
        yield outer
        for scope in outer.scopes.values():
            stack += [*scope.open.values(), *scope.broken.values()]


def _outermost(key: str) -> str:
    """The step of the plan itself that a key is part of."""
    return key.partition("[")[0]
