"""Scopes and their rounds: how they open, what a closed round leaves behind, how they are stopped."""

from __future__ import annotations

from overseer.errors import BrokenInvariant, Failure, PlanError
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.events import RoundClosed, RoundOpened, ScopeOpened
from overseer.kernel.queues import offer_round, unblock_first
from overseer.kernel.state import Frame, OpenScope, RunState, Status, TimeUp
from overseer.plan.references import Unreadable
from overseer.plan.values import Each, On, Scope


def scope_opened(event: ScopeOpened, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    step = frame.graph.steps[step_id]
    assert isinstance(step.action, Scope)
    scope = flow.opened_scope(state, frame, step, step.action)
    frame.scopes[step_id] = scope
    frame.status[step_id] = Status.OPEN
    frame.attempts[step_id] = frame.attempts.get(step_id, 0) + 1
    frame.active += 1
    if step.timeout_s is not None:
        state.set_alarm(event.at + step.timeout_s, TimeUp(state.attempt_at(frame, step_id)))
    offer_round(state, scope)
    if scope.is_over:
        state.settling.append(scope)


def round_opened(event: RoundOpened, state: RunState) -> None:
    scope = state.scope_at(event.key)
    if scope is None:
        raise BrokenInvariant(f"a round of '{event.key}' was opened, which is not an open scope")
    signal = scope.signals.popleft() if isinstance(scope.scope.mode, On) else None
    names = flow.round_names(scope, event.index, signal)
    frame = state.new_frame(
        f"{event.key}[{event.index}]", scope.graph, rank=(*scope.rank, event.index), names=names, scope=scope
    )
    scope.next_index = event.index + 1
    scope.open[event.index] = frame
    state.frames[frame.key] = frame
    enter(frame, scope)
    unblock_first(state, frame)
    offer_round(state, scope)


def enter(frame: Frame, scope: OpenScope) -> None:
    """An isolated round sees its inputs alone; without them it cannot run."""
    if not scope.scope.is_isolated or "inputs" in frame.names:
        return
    try:
        frame.names = {"inputs": flow.round_inputs(scope, frame.names)}
    except (PlanError, Unreadable) as error:
        frame.refusal = flow.explained(error, scope.step)
        frame.is_stopped = True


def round_closed(event: RoundClosed, state: RunState) -> None:
    scope = state.scope_at(event.key)
    if scope is None:
        raise BrokenInvariant(f"a round of '{event.key}' was closed, which is not an open scope")
    frame = scope.open.pop(event.index)
    _forget(state, frame)
    if event.status == "stopped":
        scope.broken[event.index] = frame
    elif event.failure is None:
        _keep(scope, event.index, event.value)
        scope.is_partial |= event.status == "partial"
    elif scope.step.on_error == "fail":
        scope.broken[event.index] = frame
        _break(state, scope, event.index, event.failure)
    else:
        _keep(scope, event.index, flow.slot_for(scope.step, event.failure))
        scope.is_partial = True
    scope.is_done |= event.is_last
    offer_round(state, scope)
    if scope.is_over:
        state.settling.append(scope)


def _keep(scope: OpenScope, index: int, value: Json) -> None:
    scope.last = value
    if isinstance(scope.scope.mode, Each):
        scope.results[index] = value


def _break(state: RunState, scope: OpenScope, index: int, failure: Failure) -> None:
    """A round failed, and the scope with it: the other rounds finish what is running and no more."""
    if scope.failure is None:
        where = f"round {index}: " if scope.rounds != 1 else ""
        scope.failure = Failure("body", f"{where}{failure.message}")
    for frame in scope.open.values():
        stop(state, frame)


def _forget(state: RunState, frame: Frame) -> None:
    """Drop a closed round and those below it from the places where keys are looked up."""
    stack = [frame]
    while stack:
        closed = stack.pop()
        state.frames.pop(closed.key, None)
        for scope in closed.scopes.values():
            stack.extend(scope.open.values())
            stack.extend(scope.broken.values())


# --- stopping


def stop(state: RunState, frame: Frame) -> None:
    """Start nothing more in a frame and in all the rounds below it."""
    stack = [frame]
    while stack:
        stopped = stack.pop()
        stopped.is_stopped = True
        if stopped.is_over:
            state.over.append(stopped)
        for scope in stopped.scopes.values():
            state.settling.append(scope)
            stack.extend(scope.open.values())


def close_rounds(state: RunState, scope: OpenScope) -> None:
    """The scope has ended before its open rounds did: nothing in them may start any more."""
    for frame in scope.open.values():
        stop(state, frame)
        _forget(state, frame)
