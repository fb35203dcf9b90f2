"""The calls that the code of a step makes: kept as long as the step may begin again, so that they answer again."""

from __future__ import annotations

from overseer.kernel.events import ToolCalled, ToolReturned
from overseer.kernel.state import Frame, MadeCall, RunState, Status


def tool_called(event: ToolCalled, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    frame.calls.setdefault(step_id, {})[event.call] = MadeCall(event.tool)


def tool_returned(event: ToolReturned, state: RunState) -> None:
    frame, step_id = state.place_of(event.key)
    calls = frame.calls[step_id]
    calls[event.call] = MadeCall(calls[event.call].tool, True, event.value, event.failure)


def forget_failed_calls(frame: Frame, step_id: str) -> None:
    """An attempt has failed: what went wrong in it may go better in the next, the rest is not done twice."""
    if step_id in frame.calls:
        frame.calls[step_id] = {call: made for call, made in frame.calls[step_id].items() if made.failure is None}


def forget_open_calls(frame: Frame, step_id: str) -> None:
    """Whoever goes on with the run has decided about calls that nobody has heard of again."""
    if step_id in frame.calls:
        frame.calls[step_id] = {call: made for call, made in frame.calls[step_id].items() if made.has_returned}


def forget_calls(frame: Frame, step_id: str) -> None:
    """A step has ended: unless a resume would begin it again, nobody will ask for its calls."""
    is_failed = frame.status[step_id] == Status.FAILED and frame.graph.steps[step_id].on_error == "fail"
    if not is_failed:
        frame.calls.pop(step_id, None)
