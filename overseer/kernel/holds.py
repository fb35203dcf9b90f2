"""Steps that are held: they wait for a limit, a slot or a run, which takes nothing from the time they may take."""

from __future__ import annotations

from overseer.kernel.events import StepHeld, StepReleased
from overseer.kernel.state import RunState, TimeUp


def hold_changed(event: StepHeld | StepReleased, state: RunState) -> None:
    if event.key not in state.running:
        return
    frame, step_id = state.running[event.key]
    if isinstance(event, StepHeld):
        state.held.setdefault(event.key, event.at)
        if not event.has_begun:
            frame.unbegun.add(step_id)
        return
    frame.unbegun.discard(step_id)
    since = state.held.pop(event.key, None)
    if since is not None and event.key in state.deadlines:
        state.deadlines[event.key] += max(0.0, event.at - since)
        state.set_alarm(state.deadlines[event.key], TimeUp(state.attempt_at(frame, step_id)))


def has_time_left(state: RunState, key: str, now: float) -> bool:
    """Whether a running step whose time was to be up has some left, because it was or is held."""
    return key in state.held or now < state.deadlines.get(key, now)
