"""Moving steps and rounds between the queues of the state, and what the run loop tells of its work.

None of it is an event: a process that resumes the run works the queues out again from what the
state says of the steps, and has none of the work of the process before.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from overseer.kernel.state import Attempt, Frame, OpenScope, Overdue, RunState, Status, TimeUp
from overseer.plan.values import Scope


def unblock_first(state: RunState, frame: Frame) -> None:
    """Look at the steps of a frame that wait for nothing, and at the frame itself if none are left."""
    for step_id, left in frame.left.items():
        if not left and frame.status_of(step_id) == Status.WAITING:
            state.unblocked.append((frame, step_id))
    if frame.is_over:
        state.over.append(frame)


def release_claims(state: RunState, key: str) -> None:
    """Give up what a step holds, and let in those who were parked for it."""
    _let_in(state, state.claims.release(key))


def withdraw_claims(state: RunState, key: str) -> None:
    """A parked step waits no longer, and stands in nobody's way."""
    _let_in(state, state.claims.withdraw(key))


def _let_in(state: RunState, waiters: Iterable[tuple[Frame, str]]) -> None:
    held = list(waiters)
    for frame, step_id in held:  # grows while it is walked
        if frame.status.get(step_id) == Status.PARKED:
            admit(state, frame, step_id)
        else:  # its part of the plan was reset meanwhile
            held += state.claims.release(frame.key_of(step_id))


def admit(state: RunState, frame: Frame, step_id: str) -> None:
    """A step holds all that it wants: it may start as soon as its turn comes."""
    if isinstance(frame.graph.steps[step_id].action, Scope):
        frame.status[step_id] = Status.READY
        state.unblocked.append((frame, step_id))
    else:
        make_ready(state, frame, step_id)


def make_ready(state: RunState, frame: Frame, step_id: str) -> None:
    """A step that is no scope gets in line with those that may start."""
    frame.status[step_id] = Status.READY
    heapq.heappush(state.ready, (frame.rank_of(step_id), next(state.entries), frame, step_id))


def offer_round(state: RunState, scope: OpenScope) -> None:
    """Let the scope's next round compete with the steps that are ready."""
    if scope.wants_round():
        heapq.heappush(state.openable, ((*scope.rank, scope.next_index), next(state.entries), scope))


# --- what the run loop tells of its work


def handed_over(state: RunState, frame: Frame, step_id: str, now: float) -> None:
    """A step's work has been given to somebody: the time it may take runs from here."""
    timeout_s = state.rules.timeout_of(frame.graph.steps[step_id])
    if timeout_s is not None:
        state.deadlines[frame.key_of(step_id)] = now + timeout_s
        state.set_alarm(now + timeout_s, TimeUp(state.attempt_at(frame, step_id)))


def abandon(state: RunState, frame: Frame, step_id: str, now: float, why: str) -> None:
    """A step's work is given up but may go on: it keeps what it writes until it has come back."""
    attempt = state.attempt_at(frame, step_id)
    _let_in(state, state.claims.linger(attempt.key, attempt))
    if state.claims.holds(attempt):
        state.lingering[attempt] = why
        state.set_alarm(now + state.rules.grace_s, Overdue(attempt))


def came_back(state: RunState, attempt: Attempt) -> None:
    """Work that had been given up has really ended."""
    if state.lingering.pop(attempt, None) is not None:
        _let_in(state, state.claims.release(attempt))
