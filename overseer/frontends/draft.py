"""What a front-end makes of a request: a plan, an answer, or a reason why it is neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from overseer.errors import Failure
from overseer.plan.values import WorkflowPlan

Planner = Literal["model", "rules"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that has no faults, for somebody to look at."""

    plan: WorkflowPlan
    by: Planner
    notes: tuple[str, ...] = ()  # what was added or understood, for whoever reviews it


@dataclass(frozen=True, slots=True)
class Answered:
    """No plan is needed: this is the answer."""

    text: str
    by: Planner
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """No plan could be made. Each reason names the part of the request and what would help."""

    reasons: tuple[str, ...]
    by: Planner
    reply: str = ""  # what the model had said, where one was asked
    failure: Failure | None = None  # why the model gave no reply, where that was what went wrong


Draft: TypeAlias = Planned | Answered | Refused
