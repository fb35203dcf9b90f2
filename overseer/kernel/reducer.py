"""What happened: here, in `rounds` and in `restart` the state learns of steps, rounds and the run.

`apply` takes one event. Applying a run's events in order gives the run's state, but for what
belongs to the process: the scheduler parks steps and readies them, and the run loop tells `queues`
of its work. Whoever adds an event to the vocabulary adds its case here.
"""

from __future__ import annotations

from typing import assert_never

from overseer.errors import BrokenInvariant
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.calls import forget_calls, forget_failed_calls, tool_called, tool_returned
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    PlanClosed,
    QuestionAsked,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunResumed,
    RunStarted,
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
from overseer.kernel.holds import hold_changed
from overseer.kernel.queues import abandon, offer_round, release_claims, unblock_first, withdraw_claims
from overseer.kernel.restart import change_plan, resume_run
from overseer.kernel.rounds import close_rounds, round_closed, round_opened, scope_opened, stop
from overseer.kernel.state import ENDED, Frame, GraceOver, Retry, RunState, Status, StatusName
from overseer.plan.reading import plan_from


def apply(event: Event, state: RunState) -> None:
    """Let the state know of one event."""
    match event:
        case StepStarted():
            _started(event, state)
        case StepSucceeded():
            frame, step_id = state.running.get(event.key) or state.place_of(event.key)  # a scope is open, not running
            frame.values[step_id] = event.value
            _end(state, event.key, frame, step_id, Status.SUCCEEDED)
        case StepFailed():
            _failed(event, state)
        case StepSkipped():
            _skipped(event, state)
        case StepCancelled(at=at, key=key):
            _cancelled(state, key, at)
        case StepInterrupted():
            _interrupted(event, state)
        case StepHeld() | StepReleased():
            hold_changed(event, state)
        case ToolCalled():
            tool_called(event, state)
        case ToolReturned():
            tool_returned(event, state)
        case ScopeOpened():
            scope_opened(event, state)
        case RoundOpened():
            round_opened(event, state)
        case RoundClosed():
            round_closed(event, state)
        case SignalArrived(key=key, payload=payload):
            _signal_arrived(state, key, payload)
        case SourceOpened() | QuestionAsked():
            pass  # told for those who watch: the scope was open before, and nothing depends on a question
        case CancelAsked():
            _cancel_asked(event, state)
        case PlanChanged() | PlanClosed():
            _plan_changed(event, state)
        case RunStarted():
            _run_started(event, state)
        case RunResumed():
            resume_run(event, state)
        case RunFinished(status=status, output=output, failure=failure):
            state.status, state.output, state.failure = status, output, failure
        case _:
            assert_never(event)


# --- steps


def _started(event: StepStarted, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    if frame.status.get(step_id) in ENDED:
        raise BrokenInvariant(f"'{event.key}' was started after it had ended")
    frame.status[step_id] = Status.RUNNING
    frame.attempts[step_id] = event.attempt
    frame.unbegun.discard(step_id)
    frame.active += 1
    state.running[event.key] = (frame, step_id)


def _failed(event: StepFailed, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    step = frame.graph.steps[step_id]
    if event.is_abandoned:
        abandon(state, frame, step_id, event.at, "timed out")
    forget_failed_calls(frame, step_id)
    if event.retry_at is not None:
        _leave_running(state, event.key, frame, step_id, Status.RETRYING)
        state.set_alarm(event.retry_at, Retry(state.attempt_at(frame, step_id)))
        return
    frame.failures[step_id] = event.failure
    frame.is_uneven = True
    if step.on_error != "fail":
        frame.values[step_id] = flow.slot_for(step, event.failure)
    _end(state, event.key, frame, step_id, Status.FAILED)
    if step.on_error == "fail" and frame.graph.plan.on_error == "fail_fast":
        stop(state, frame)
        state.doomed.append(frame)


def _cancelled(state: RunState, key: str, at: float) -> None:
    """A step is given up without having ended: its part of the plan comes to no result, and a resume goes on there."""
    frame, step_id = state.place_of(key)
    if frame.status.get(step_id) == Status.RUNNING:
        abandon(state, frame, step_id, at, "was given up")
    _leave_running(state, key, frame, step_id, Status.CANCELLED)


def _interrupted(event: StepInterrupted, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    if not event.has_begun:  # a resume starts it as if nothing had been
        frame.unbegun.add(step_id)
        _leave_running(state, event.key, frame, step_id, Status.RETRYING)
        return
    abandon(state, frame, step_id, event.at, "was given up")
    _leave_running(state, event.key, frame, step_id, Status.INTERRUPTED)


def _skipped(event: StepSkipped, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    frame.is_uneven = True
    if event.because == "failure":
        _end(state, event.key, frame, step_id, Status.BLOCKED)
    else:
        frame.values[step_id] = None
        _end(state, event.key, frame, step_id, Status.SKIPPED)


def _end(state: RunState, key: str, frame: Frame, step_id: str, status: StatusName) -> None:
    """A step has ended: nothing but its own users is looked at."""
    _leave_running(state, key, frame, step_id, status)
    if frame.calls:
        forget_calls(frame, step_id)
    if step_id in frame.scopes:
        close_rounds(state, frame.scopes[step_id])
    frame.unended -= 1
    left = frame.left
    for user in frame.graph.users[step_id]:
        left[user] -= 1
        if not left[user]:
            state.unblocked.append((frame, user))
    if frame.is_over:
        state.over.append(frame)


def _leave_running(state: RunState, key: str, frame: Frame, step_id: str, status: StatusName) -> None:
    was = frame.status.get(step_id)
    frame.status[step_id] = status
    if was == Status.RUNNING:
        del state.running[key]
        state.held.pop(key, None)
        state.deadlines.pop(key, None)
        frame.active -= 1
    elif was == Status.OPEN:
        frame.active -= 1
    elif was == Status.PARKED:
        withdraw_claims(state, key)
    if state.claims.holds(key):
        release_claims(state, key)
    if frame.is_stopped and frame.is_over:
        state.over.append(frame)


def _signal_arrived(state: RunState, key: str, payload: Json) -> None:
    if scope := state.scope_at(key):
        scope.signals.append(payload)
        scope.arrived += 1
        offer_round(state, scope)


# --- the run


def _run_started(event: RunStarted, state: RunState) -> None:
    state.run_id = event.run_id
    state.status, state.is_open = "running", event.is_open
    graph = state.graph_of(state.plan, "")
    state.frames[""] = root = state.new_frame("", graph, names={"inputs": event.inputs})
    unblock_first(state, root)


def _plan_changed(event: PlanChanged | PlanClosed, state: RunState) -> None:
    if isinstance(event, PlanChanged):
        state.is_open &= event.is_open
        change_plan(state, plan_from(event.plan).plan)
        return
    state.is_open = False
    if state.root.is_over:
        state.over.append(state.root)


def _cancel_asked(event: CancelAsked, state: RunState) -> None:
    if event.hard:
        state.cancel = "hard"
    elif state.cancel is None:
        state.cancel = "gently"
        state.set_alarm(event.at + state.rules.grace_s, GraceOver())
