"""What others tell the thread that owns a run. `Runner.tell` takes any of them, from any thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from overseer.dispatch import Returned
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan


@dataclass(frozen=True, slots=True)
class Signal:
    """An `on` scope's trigger fired."""

    key: str
    payload: Json


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody wants the run to stop."""

    hard: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody wants the rest of the run to follow another plan; `answer` gets the faults of that."""

    plan: WorkflowPlan
    answer: Callable[[tuple[str, ...]], None]


Message: TypeAlias = Returned | Signal | Cancel | Change
