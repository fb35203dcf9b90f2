"""What may happen next. `decide` looks at the queues of the state and names one event, or none.

It changes nothing that an event would have to record: it only drops stale entries and moves steps
between queues, all of which can be worked out again. `advance` alternates deciding and applying
until there is nothing left to decide; the caller then waits for the world.
"""

from __future__ import annotations

import heapq
from typing import assert_never

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.events import (
    CancelAsked,
    Event,
    RoundClosed,
    RoundOpened,
    RoundStatus,
    RunFinished,
    ScopeOpened,
    StepCancelled,
    StepFailed,
    StepInterrupted,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from overseer.kernel.holds import has_time_left
from overseer.kernel.queues import admit, make_ready, release_claims, withdraw_claims
from overseer.kernel.reducer import apply
from overseer.kernel.state import (
    Attempt,
    Frame,
    GraceOver,
    OpenScope,
    Overdue,
    Reason,
    Retry,
    RunState,
    Status,
    TimeUp,
)
from overseer.plan.references import Unreadable
from overseer.plan.values import Scope, WorkflowStep

# A loop whose rounds start no step would otherwise keep the run from hearing anything.
MOST_AT_ONCE = 1000

_STOPPED = "its part of the plan was stopped"


def advance(state: RunState, now: float) -> list[Event]:
    """Decide and apply what can be decided now, at most so much that others get a hearing; in order."""
    events: list[Event] = []
    while len(events) < MOST_AT_ONCE and (event := decide(state, now)) is not None:
        apply(event, state)
        events.append(event)
    return events


def decide(state: RunState, now: float) -> Event | None:
    """The next thing to happen by itself, or None until something arrives from outside."""
    if state.status != "running":
        return None
    if state.cancel == "hard" and state.running:
        return StepInterrupted(now, next(iter(state.running)))
    if state.alarms and state.alarms[0].at <= now and (event := _due(state, now)):
        return event
    if state.doomed and (event := _given_up(state, now)):
        return event
    if state.over and (event := _ended(state, now)):
        return event
    if state.settling and (event := _settled(state, now)):
        return event
    if state.cancel is not None:
        return None if state.running else RunFinished(now, "cancelled")
    while True:
        if state.unblocked and (event := _unblocked(state, now)):
            return event
        if state.lingering and (event := _hopeless(state, now)):
            return event
        if len(state.running) < state.rules.max_parallel and (event := _started(state, now)):
            return event
        # Dropping a stale step may have let in another, or have it wait for something else.
        if not state.unblocked and not (state.lingering and state.claims.hopeless()):
            return None


# --- alarms


def _due(state: RunState, now: float) -> Event | None:
    while state.alarms and state.alarms[0].at <= now:
        # The alarm stays until what it asks for has been applied and it is stale.
        if event := _rung(state, state.alarms[0].reason, now):
            return event
        heapq.heappop(state.alarms)
    return None


def _rung(state: RunState, reason: Reason, now: float) -> Event | None:
    match reason:
        case Retry(attempt):
            return _tried_again(state, attempt, now)
        case TimeUp(attempt):
            return _timed_out(state, attempt, now)
        case Overdue(attempt):
            state.claims.give_up_on(attempt)
            return None
        case GraceOver():
            return CancelAsked(now, True, "the grace period is over") if state.cancel == "gently" else None
        case _:
            assert_never(reason)


def _tried_again(state: RunState, attempt: Attempt, now: float) -> Event | None:
    frame, step_id = state.place_at(attempt) or (None, "")
    if frame is None or frame.status_of(step_id) != Status.RETRYING or frame.is_stopped:
        return None
    return _queued(state, frame, frame.graph.steps[step_id], now)


def _timed_out(state: RunState, attempt: Attempt, now: float) -> Event | None:
    frame, step_id = state.place_at(attempt) or (None, "")
    if frame is None or frame.status_of(step_id) not in (Status.RUNNING, Status.OPEN):
        return None
    step = frame.graph.steps[step_id]
    failure = Failure("timeout", f"took longer than its timeout of {state.rules.timeout_of(step):g} s")
    if isinstance(step.action, Scope):
        below = _first_running_below(state, f"{attempt.key}[", f"'{attempt.key}' took too long", now)
        return below or StepFailed(now, attempt.key, failure)
    if has_time_left(state, attempt.key, now):
        return None
    again = flow.retry_at(state.rules, frame, step, failure, now)
    return StepFailed(now, attempt.key, failure, again, is_abandoned=True)


def _first_running_below(state: RunState, prefix: str, reason: str, now: float) -> Event | None:
    key = next((key for key in state.running if key.startswith(prefix)), None)
    return None if key is None else StepCancelled(now, key, reason)


# --- ends


def _given_up(state: RunState, now: float) -> Event | None:
    """Under `fail_fast`, running steps are not waited for."""
    while state.doomed:
        prefix = state.doomed[0].key
        if event := _first_running_below(state, f"{prefix}/" if prefix else "", "another step failed", now):
            return event
        state.doomed.popleft()
    return None


def _ended(state: RunState, now: float) -> Event | None:
    while state.over:
        frame = state.over[0]
        if state.frames.get(frame.key) is frame and frame.is_over and not _is_awaited(state, frame):
            return _run_finished(state, now) if frame.scope is None else _round_closed(frame, frame.scope, now)
        state.over.popleft()
    return None


def _is_awaited(state: RunState, frame: Frame) -> bool:
    """Whether there will be more in a frame though all that it has is over: its end will be looked at again then."""
    return state.is_open and frame.scope is None and not frame.is_stopped


def _run_finished(state: RunState, now: float) -> Event:
    root = state.root
    failure, output = flow.failure_of(root), None
    try:
        output = flow.output_of(root)
    except (Unreadable, flow.Meaningless) as error:
        failure = failure or Failure("bad_request", f"output: {error}")
    if failure is not None:
        return RunFinished(now, "failed", output, failure)
    return RunFinished(now, "partial" if root.is_partial else "succeeded", output)


def _round_closed(frame: Frame, scope: OpenScope, now: float) -> Event:
    index = frame.rank[-1]
    if flow.is_cut_short(frame):
        return RoundClosed(now, scope.key, index, "stopped")
    failure = flow.failure_of(frame)
    if failure is None:
        try:
            value = flow.output_of(frame)
            is_last = flow.ends_loop(frame, scope, value)
            status: RoundStatus = "partial" if frame.is_partial else "succeeded"
            return RoundClosed(now, scope.key, index, status, value, None, is_last)
        except (Unreadable, flow.Meaningless) as error:
            failure = flow.explained(error, scope.step)
    return RoundClosed(now, scope.key, index, "failed", None, failure, flow.ends_failed_loop(frame, scope, failure))


def _settled(state: RunState, now: float) -> Event | None:
    while state.settling:
        scope = state.settling[0]
        is_known = state.frames.get(scope.frame.key) is scope.frame  # else a scope around it has ended
        if is_known and scope.is_open and scope.is_over:
            if scope.failure is None and not scope.is_complete:
                return StepCancelled(now, scope.key, _STOPPED)
            result = _result(scope)
            if isinstance(result, Failure):
                return StepFailed(now, scope.key, result)
            return StepSucceeded(now, scope.key, result, scope.is_partial)
        state.settling.popleft()
    return None


def _result(scope: OpenScope) -> Json | Failure:
    try:
        return flow.scope_result(scope)
    except flow.Meaningless as error:
        return flow.explained(error, scope.step)


def _hopeless(state: RunState, now: float) -> Event | None:
    """Nobody waits for ever for what work holds that was given up and does not come back."""
    while (found := state.claims.hopeless()) is not None:
        (frame, step_id), holder, resource = found
        key = frame.key_of(step_id)
        is_known = state.frames.get(frame.key) is frame and not frame.is_stopped
        if is_known and frame.status.get(step_id) == Status.PARKED:
            return StepFailed(now, key, flow.hopeless_failure(state, holder, resource))
        withdraw_claims(state, key)
    return None


# --- beginnings


def _unblocked(state: RunState, now: float) -> Event | None:
    queue = state.unblocked
    while queue:
        frame, step_id = queue[0]
        status = frame.status.get(step_id)
        if status is None and not frame.is_stopped:
            if step_id in frame.graph.plain and not frame.is_uneven:
                make_ready(state, frame, step_id)
            elif event := _first_move(state, frame, frame.graph.steps[step_id], now):
                return event
        elif status == Status.READY and not frame.is_stopped:
            step = frame.graph.steps[step_id]
            if isinstance(step.action, Scope):
                return _opening(state, frame, step, step.action, now)
        queue.popleft()
    return None


def _first_move(state: RunState, frame: Frame, step: WorkflowStep, now: float) -> Event | None:
    """What becomes of a step all of whose dependencies have ended; None if it awaits its turn."""
    key = frame.key_of(step.step_id)
    if frame.is_uneven and (reason := flow.skipped_because(frame, step)):
        return StepSkipped(now, key, *reason)
    if step.when is not None:
        try:
            if not flow.holds(step.when, flow.reader(frame)):
                return StepSkipped(now, key, "guard", "its guard does not hold")
        except (flow.Meaningless, Unreadable) as error:
            return StepFailed(now, key, flow.explained(error, step))
    return _queued(state, frame, step, now)


def _queued(state: RunState, frame: Frame, step: WorkflowStep, now: float) -> Event | None:
    """Put a step in line, once it holds what it writes; a scope that needs to hold nothing opens at once."""
    try:
        wants = flow.wants_of(state, frame, step)
    except Unreadable as error:
        return StepFailed(now, frame.key_of(step.step_id), flow.explained(error, step))
    if not wants and isinstance(step.action, Scope):
        return _opening(state, frame, step, step.action, now)
    frame.status[step.step_id] = Status.PARKED
    waiter = (frame, step.step_id)
    if not wants or state.claims.take(
        frame.key_of(step.step_id), wants, rank=frame.rank_of(step.step_id), waiter=waiter
    ):
        admit(state, frame, step.step_id)
    return None


def _opening(state: RunState, frame: Frame, step: WorkflowStep, scope: Scope, now: float) -> Event:
    key = frame.key_of(step.step_id)
    try:
        opened = flow.opened_scope(state, frame, step, scope)
    except (flow.Meaningless, Unreadable) as error:
        return StepFailed(now, key, flow.explained(error, step))
    return ScopeOpened(now, key, flow.certain_rounds(opened))


def _started(state: RunState, now: float) -> Event | None:
    """The best of what is ready: a step that can start, or a scope's next round."""
    _drop_stale(state)
    while state.openable and not _can_open(*state.openable[0][::2]):
        heapq.heappop(state.openable)
    if state.ready and (not state.openable or state.ready[0][0] < state.openable[0][0]):
        _, _, frame, step_id = state.ready[0]
        return StepStarted(now, frame.key_of(step_id), frame.attempts.get(step_id, 0) + 1)
    if state.openable:
        _, _, scope = state.openable[0]
        return RoundOpened(now, scope.key, scope.next_index)
    return None


def _drop_stale(state: RunState) -> None:
    """Clear the head of the line of steps that cannot start any more."""
    while state.ready:
        _, _, frame, step_id = state.ready[0]
        is_ready = frame.status.get(step_id) == Status.READY
        if is_ready and not frame.is_stopped:
            return
        heapq.heappop(state.ready)  # first, because letting in another may put that one at the head
        if is_ready:
            del frame.status[step_id]
            release_claims(state, frame.key_of(step_id))


def _can_open(rank: tuple[int, ...], scope: OpenScope) -> bool:
    return rank[-1] == scope.next_index and scope.wants_round()
