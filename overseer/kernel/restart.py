"""Going on with a run after a restart, or with another plan: what begins again and what stays."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from overseer.errors import PlanError
from overseer.jsonvalue import Json
from overseer.kernel.calls import forget_open_calls
from overseer.kernel.claims import Claims
from overseer.kernel.events import RunResumed
from overseer.kernel.queues import offer_round, release_claims, unblock_first, withdraw_claims
from overseer.kernel.rounds import enter
from overseer.kernel.state import ENDED, Frame, OpenScope, RunState, Status, StatusName, TimeUp
from overseer.plan.inputs import input_values
from overseer.plan.values import WorkflowPlan


def resume_run(event: RunResumed, state: RunState) -> None:
    """Give everything that did not end well another chance. No worker of the earlier life is left."""
    state.status, state.output, state.failure, state.cancel = "running", None, None, None
    state.is_open = False  # whoever had more steps for it is gone
    for queue in (state.unblocked, state.over, state.settling, state.doomed):
        queue.clear()
    for heap in (state.ready, state.openable, state.alarms):
        heap.clear()
    for by_key in (state.running, state.held, state.deadlines):
        by_key.clear()
    state.claims = Claims()
    state.lingering.clear()
    _reopen(state, state.root, event.at)


_AGAIN = frozenset(
    {
        Status.PARKED,
        Status.READY,
        Status.RUNNING,
        Status.RETRYING,
        Status.INTERRUPTED,
        Status.BLOCKED,
        Status.CANCELLED,
    }
)


def _reopen(state: RunState, frame: Frame, now: float) -> None:
    """Reopen a frame and the open rounds below it; what succeeded in them stays."""
    stack = [frame]
    while stack:
        reopened = stack.pop()
        state.frames[reopened.key] = reopened
        reopened.is_stopped = False
        reopened.refusal = None
        for step_id in list(reopened.status):
            if _begins_again(reopened, step_id):
                _forgive(reopened, step_id)
        for scope in reopened.scopes.values():
            if scope.is_open:
                _reopen_scope(state, scope, now)
                stack.extend(scope.open.values())
        if reopened.scope is not None:
            enter(reopened, reopened.scope)
        _recount(state, reopened)


def _begins_again(frame: Frame, step_id: str) -> bool:
    """Whether a resume gives a step another chance; a failure that the plan goes on without is its end."""
    status, step = frame.status_of(step_id), frame.graph.steps[step_id]
    return status in _AGAIN or (status == Status.FAILED and step.on_error == "fail")


def _after_resume(frame: Frame, step_id: str) -> StatusName:
    """What a resume makes of the status of a step."""
    if not _begins_again(frame, step_id):
        return frame.status_of(step_id)
    return Status.OPEN if step_id in frame.scopes else Status.WAITING


def _forgive(frame: Frame, step_id: str) -> None:
    frame.failures.pop(step_id, None)
    frame.values.pop(step_id, None)
    forget_open_calls(frame, step_id)
    if step_id in frame.unbegun:  # an attempt that only waited is none
        frame.unbegun.remove(step_id)
        frame.attempts[step_id] -= 1
    if step_id in frame.attempts:
        frame.forgiven[step_id] = frame.attempts[step_id]
    status = _after_resume(frame, step_id)
    if status == Status.OPEN:
        frame.status[step_id] = status
    else:
        frame.status.pop(step_id, None)


def _reopen_scope(state: RunState, scope: OpenScope, now: float) -> None:
    scope.failure = None
    scope.open.update(scope.broken)
    scope.broken = {}
    if scope.step.timeout_s is not None:
        attempt = state.attempt_at(scope.frame, scope.step.step_id)
        state.set_alarm(now + scope.step.timeout_s, TimeUp(attempt))
    offer_round(state, scope)
    if scope.is_over:
        state.settling.append(scope)


def _recount(state: RunState, frame: Frame) -> None:
    """Work out the counters and queues of a frame from what it says of its steps."""
    steps = frame.graph.steps
    ended = {step_id for step_id, status in frame.status.items() if status in ENDED}
    frame.left = {step_id: sum(need not in ended for need in step.depends_on) for step_id, step in steps.items()}
    frame.unended = len(steps) - len(ended)
    frame.active = sum(status in (Status.RUNNING, Status.OPEN) for status in frame.status.values())
    unblock_first(state, frame)


HAS_ENDED = "has ended"
BEGUN = "has finished a part of its work"
_DONE = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_SETTLED = {
    Status.SUCCEEDED: HAS_ENDED,
    Status.SKIPPED: HAS_ENDED,
    Status.RUNNING: "is running",
    Status.OPEN: "is running",
    Status.INTERRUPTED: "was interrupted",
}


def change_faults(state: RunState, plan: WorkflowPlan) -> tuple[str, ...]:
    """Why the rest of a run cannot follow another plan: only what is unfinished may change."""
    if state.is_ended:
        return ("the run has ended",)
    return _faults(state, plan, settled_steps(state))


def settled_steps(state: RunState) -> dict[str, str]:
    """The steps of a run under way that are part of any other plan as they are, and why."""
    return {step_id: _SETTLED[status] for step_id, status in state.root.status.items() if status in _SETTLED}


def resume_faults(state: RunState, plan: WorkflowPlan, given_up: Collection[str] = ()) -> tuple[str, ...]:
    """Why a run that nobody carries out cannot be resumed with another plan."""
    after = {step.step_id for step in plan.steps}
    begun = begun_scopes(state)
    return (
        *_faults(state, plan, fixed_steps(state, given_up)),
        *(
            f"step '{step_id}' {BEGUN} and cannot be changed; leave it as it is, or out"
            for step_id in replaced_scopes(state, plan)
            if step_id in begun and step_id in after
        ),
    )


def fixed_steps(state: RunState, given_up: Collection[str] = ()) -> dict[str, str]:
    """The steps of a run that nobody carries out that are part of any other plan as they are, and why.

    That is what has ended, and what may have been done: nobody knows, unless it was given up.
    """
    unsure = {key.partition("[")[0] for key in state.unsure() if key not in given_up}
    statuses = {step_id: _after_resume(state.root, step_id) for step_id in state.root.status}
    return {
        **{step_id: _SETTLED[Status.INTERRUPTED] for step_id in statuses if step_id in unsure},
        **{step_id: HAS_ENDED for step_id, status in statuses.items() if status in _DONE},
    }


def replaced_scopes(state: RunState, plan: WorkflowPlan) -> list[str]:
    """The scopes that a resume would go on in, were they not others in this plan, or none of it."""
    after = {step.step_id: step for step in plan.steps}
    root = state.root
    return [
        step_id
        for step_id in root.scopes
        if _after_resume(root, step_id) == Status.OPEN and after.get(step_id) != root.graph.steps[step_id]
    ]


def begun_scopes(state: RunState) -> frozenset[str]:
    """The scopes that a resume would go on in, and that cannot begin anew without repeating what was done."""
    root = state.root
    is_open = (step_id for step_id in root.scopes if _after_resume(root, step_id) == Status.OPEN)
    return frozenset(step_id for step_id in is_open if _has_gone_on(root.scopes[step_id]))


def _has_gone_on(scope: OpenScope) -> bool:
    """Whether anything in it was done that beginning it anew would repeat."""
    rounds = [*scope.open.values(), *scope.broken.values()]
    if scope.next_index > len(rounds):
        return True
    return any(
        status in _DONE or (step_id in frame.scopes and _has_gone_on(frame.scopes[step_id]))
        for frame in rounds
        for step_id, status in frame.status.items()
    )


def _faults(state: RunState, plan: WorkflowPlan, fixed: Mapping[str, str]) -> tuple[str, ...]:
    after = {step.step_id: step for step in plan.steps}
    faults = []
    for step_id, why in fixed.items():
        if after.get(step_id) != state.root.graph.steps[step_id]:
            verb = "changed" if step_id in after else "removed"
            faults.append(f"step '{step_id}' {why} and cannot be {verb}")
    try:
        changed_inputs(state, plan)
    except PlanError as error:
        faults += [str(fault) for fault in error.faults]
    return tuple(faults)


def changed_inputs(state: RunState, plan: WorkflowPlan) -> dict[str, Json]:
    """The inputs of another plan for the rest of the run: as given at its start, else the defaults."""
    given = state.root.names["inputs"]
    return input_values(plan, {name: value for name, value in given.items() if name in plan.inputs})


# These have to be looked at again, because what they wait for may have changed.
_UNDECIDED = frozenset({Status.READY, Status.PARKED, Status.BLOCKED, Status.CANCELLED})


def change_plan(state: RunState, plan: WorkflowPlan) -> None:
    """Go on with another plan: what is new or defined anew begins, what has ended or runs stays."""
    root = state.root
    before = root.graph.steps
    state.plan = plan
    root.graph = state.graph_of(plan, "")
    # None is dropped: what has ended was given it.
    root.names = {"inputs": {**root.names["inputs"], **changed_inputs(state, plan)}}
    for step_id, status in list(root.status.items()):
        if status in _UNDECIDED or root.graph.steps.get(step_id) != before[step_id]:
            _drop(state, root, step_id)
    for step_id in list(root.calls):
        if root.graph.steps.get(step_id) != before[step_id]:  # other code makes other calls
            del root.calls[step_id]
    root.is_stopped = False
    for scope in root.scopes.values():
        scope.step = root.graph.steps[scope.step.step_id]
    state.unblocked = deque(entry for entry in state.unblocked if entry[0] is not root)
    _recount(state, root)


def _drop(state: RunState, frame: Frame, step_id: str) -> None:
    for mapping in (frame.status, frame.values, frame.failures, frame.scopes):
        mapping.pop(step_id, None)
    if step_id in frame.attempts:  # counted on, so that nobody takes an earlier attempt for a later one
        frame.forgiven[step_id] = frame.attempts[step_id]
    frame.unbegun.discard(step_id)
    key = frame.key_of(step_id)
    withdraw_claims(state, key)
    if state.claims.holds(key):
        release_claims(state, key)
