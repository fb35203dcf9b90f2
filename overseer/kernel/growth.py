"""What becomes of a wish to change the plan of a run: an event, or the faults for which it stays as it is.

The plan of an open run grows while it is carried out: such a run does not end before it is told that no more
steps will come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from overseer.jsonvalue import Json
from overseer.kernel.events import PlanChanged, PlanClosed
from overseer.kernel.restart import change_faults
from overseer.kernel.state import RunState, Status
from overseer.plan.values import WorkflowPlan
from overseer.plan.writing import to_document

Faults: TypeAlias = tuple[str, ...]

# What it amounts to at a certain time.
Wish: TypeAlias = Callable[[RunState, float], PlanChanged | PlanClosed | Faults]

_NOT_BEGUN = frozenset({Status.WAITING, Status.PARKED, Status.READY})


def following(
    plan: WorkflowPlan, *, approved: Json = None, spent: Json = None, sandbox: str = "", is_last: bool = True
) -> Wish:
    """Follow another plan; an open run stays open unless that is the last one.

    What was approved for it, what was spent on finding it and the level at which its code runs are kept with it.
    """

    def wish(state: RunState, now: float) -> PlanChanged | Faults:
        is_open = state.is_open and not is_last
        return change_faults(state, plan) or PlanChanged(now, to_document(plan), approved, spent, is_open, sandbox)

    return wish


def without_the_rest(state: RunState, now: float) -> PlanChanged | Faults:
    """Keep of the plan of an open run only what has begun, until it is known how it goes on."""
    if faults := _not_open(state):
        return faults
    begun = tuple(step for step in state.plan.steps if state.root.status_of(step.step_id) not in _NOT_BEGUN)
    if not begun:
        return ("nothing of it has begun",)
    kept = replace(state.plan, steps=begun, output=None)  # which may speak of the rest
    return PlanChanged(now, to_document(kept), is_open=True)


def closing(reason: str) -> Wish:
    """Let no more steps come to an open run."""

    def wish(state: RunState, now: float) -> PlanClosed | Faults:
        return _not_open(state) or PlanClosed(now, reason)

    return wish


def _not_open(state: RunState) -> Faults:
    if state.is_ended:
        return ("the run has ended",)
    return () if state.is_open else ("the plan of the run is complete",)
