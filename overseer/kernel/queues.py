"""Moving steps and rounds between the queues of the state. None of it is an event: all of it can be
worked out again from what the state says of the steps."""

from __future__ import annotations

import heapq

from overseer.kernel.state import Frame, OpenScope, RunState, Status
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
    for frame, step_id in state.claims.release(key):
        if frame.status.get(step_id) == Status.PARKED:
            admit(state, frame, step_id)
        else:  # its part of the plan was reset meanwhile
            release_claims(state, frame.key_of(step_id))


def admit(state: RunState, frame: Frame, step_id: str) -> None:
    """A step holds all that it wants: it may start as soon as its turn comes."""
    frame.status[step_id] = Status.READY
    if isinstance(frame.graph.steps[step_id].action, Scope):
        state.unblocked.append((frame, step_id))
    else:
        heapq.heappush(state.ready, (frame.rank_of(step_id), next(state.entries), frame, step_id))


def offer_round(state: RunState, scope: OpenScope) -> None:
    """Let the scope's next round compete with the steps that are ready."""
    if scope.wants_round():
        heapq.heappush(state.openable, ((*scope.rank, scope.next_index), next(state.entries), scope))
