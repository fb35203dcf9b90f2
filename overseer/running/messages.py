"""What others tell the thread that owns a run. `Runner.tell` takes any of them, from any thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from overseer.broker.writers import InTheWay
from overseer.errors import BrokenInvariant, Failure
from overseer.jsonvalue import Json
from overseer.kernel.events import ToolReturned
from overseer.kernel.growth import Wish, following
from overseer.plan.values import WorkflowPlan
from overseer.running.dispatch import Returned
from overseer.running.worker import Work
from overseer.tool import ToolContext


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
    """Somebody wants the rest of the run to follow another plan, or more or less of it; `answer` gets the faults."""

    wish: Wish
    answer: Callable[[tuple[str, ...]], None]


def settled_change(plan: WorkflowPlan, approved: Json) -> Change:
    """A change that nobody waits for, because it was seen before that it will be taken."""

    def must_be_taken(faults: tuple[str, ...]) -> None:
        if faults:
            raise BrokenInvariant(f"a run was prepared with a plan that it does not follow: {'; '.join(faults)}")

    return Change(following(plan, approved=approved), must_be_taken)


@dataclass(frozen=True, slots=True)
class Held:
    """A call of a step waits for a limit of this name or for another run, or with None goes on.

    `context` is that of the step's work, or a copy of it. Calls that are held at the same time tell so
    each; the step is held from the first of them until none is. `give_up` ends the wait of a call that
    has done nothing yet, which fails as cancelled then, and tells whether it is such a call.
    """

    context: ToolContext
    waits_for: str | InTheWay | None
    give_up: Callable[[], bool] | None = None
    at: float = 0.0  # filled in by whoever hears it first: the run may be busy when it comes


@dataclass(frozen=True, slots=True)
class Freed:
    """A work that waits for a run that came before is to be looked at again."""

    work: Work


@dataclass(frozen=True, slots=True)
class Calling:
    """The code of a step is about to call a tool, under a name that is unique within the step.

    `context` is that of the step's work, or a copy of it; the arguments are JSON as `as_json` gives it.
    `done` is called once: with True when the call may be made, with False when it must not. It is called
    on the run's own thread or on the one that tells, and must neither wait nor raise.
    """

    context: ToolContext
    call: str
    tool: str
    args: dict[str, Json]
    done: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Called:
    """Such a call has come back. `done` as before: with True when that is recorded, so that the code may go on.

    `spent` is what the call took; the outcome of the step's work does not tell of that again.
    """

    context: ToolContext
    call: str
    done: Callable[[bool], None]
    value: Json = None
    failure: Failure | None = None
    spent: Json = None

    def returned(self, now: float) -> ToolReturned:
        """The event that it amounts to."""
        return ToolReturned(now, self.context.key, self.call, self.value, self.failure, self.spent)


Message: TypeAlias = Returned | Signal | Cancel | Change | Held | Freed | Calling | Called
Unanswered: TypeAlias = Change | Calling | Called


def turn_away(message: Message) -> None:
    """Nobody will hear a message: whoever waits for an answer gets one."""
    match message:
        case Change():
            message.answer(("the run has ended",))
        case Calling() | Called():
            message.done(False)
