"""Everything that can be said about a run: what was decided and what happened, in one vocabulary.

A run is the fold of its events, so each one carries what the reducer cannot work out again. Times
come from outside: nothing in the kernel looks at a clock.

A *key* names one step of one round: `fr` in the plan itself, `map[2]/fr` in the third round of the
scope `map`. Without its last part it names the round.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias, get_args

from overseer.errors import Failure
from overseer.jsonvalue import Json, detached

RunStatus = Literal["running", "succeeded", "partial", "failed", "cancelled"]
RoundStatus = Literal["succeeded", "partial", "failed", "stopped"]
SkipReason = Literal["guard", "dependencies", "failure"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    at: float
    run_id: str
    inputs: dict[str, Json]
    sandbox: str = ""  # the level at which its code runs from here on, where it has any
    is_open: bool = False  # more steps will come: it waits for them when all it has are done


@dataclass(frozen=True, slots=True)
class RunResumed:
    """The run goes on: what was running counts as interrupted, what had failed gets another chance."""

    at: float
    approved: Json = None  # what is allowed from here on, where that was said anew; see `overseer.running.approval`
    sandbox: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    at: float
    key: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    at: float
    key: str
    value: Json
    is_partial: bool = False  # a scope in which something failed that the plan said to go on without
    spent: Json = None  # what its work took, such as {"requests": 1, "tokens": 350}; see `overseer.spending`


@dataclass(frozen=True, slots=True)
class StepFailed:
    at: float
    key: str
    failure: Failure
    retry_at: float | None = None
    is_abandoned: bool = False  # nobody waits for its work any more, which may go on
    spent: Json = None


@dataclass(frozen=True, slots=True)
class StepSkipped:
    at: float
    key: str
    because: SkipReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepCancelled:
    """A running step was given up; whatever it still returns is ignored."""

    at: float
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepInterrupted:
    """A step was cut off from outside: it may or may not have had its effects, unless it had not even begun."""

    at: float
    key: str
    has_begun: bool = True


@dataclass(frozen=True, slots=True)
class StepHeld:
    """A running step waits for something that many share: a limit, or what another run writes, too.

    It does so until it is released or has left off running, of which the end of a process tells nobody.
    """

    at: float
    key: str
    waits_for: str
    run: str = ""  # the other run, as people know it; none where it waits for the limit of that name
    has_begun: bool = True  # else nothing is done before the event of its release is recorded

    @property
    def what(self) -> str:
        """What it waits for, in words."""
        return f"{self.run}, which writes {self.waits_for} too" if self.run else f"the limit of {self.waits_for}"


@dataclass(frozen=True, slots=True)
class StepReleased:
    """A step that was held goes on working."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The code of a step is about to call a tool; `call` is a name that is unique within the step."""

    at: float
    key: str
    call: str
    tool: str
    args: dict[str, Json]


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """Such a call has come back. What it took is told here, and not with the end of its step again."""

    at: float
    key: str
    call: str
    value: Json = None
    failure: Failure | None = None
    spent: Json = None


@dataclass(frozen=True, slots=True)
class ScopeOpened:
    at: float
    key: str
    rounds: int | None  # how many there will be, where that is certain: a loop's limit is not


@dataclass(frozen=True, slots=True)
class RoundOpened:
    at: float
    key: str
    index: int


@dataclass(frozen=True, slots=True)
class RoundClosed:
    at: float
    key: str
    index: int
    status: RoundStatus
    value: Json = None
    failure: Failure | None = None
    is_last: bool = False  # the loop's guard ended it here


@dataclass(frozen=True, slots=True)
class SourceOpened:
    """An `on` scope is listened for; `where` says to what, such as an address to send requests to."""

    at: float
    key: str
    where: str


@dataclass(frozen=True, slots=True)
class SignalArrived:
    """An `on` scope's trigger fired."""

    at: float
    key: str
    payload: Json


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Gently, nothing new starts; hard, running steps are given up as interrupted."""

    at: float
    hard: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The plan from here on, in the plan format; finished steps are the same in it."""

    at: float
    plan: dict[str, Json]
    approved: Json = None
    spent: Json = None  # on finding that plan
    is_open: bool = False  # more steps will come, if the run was open before
    sandbox: str = ""


@dataclass(frozen=True, slots=True)
class PlanClosed:
    """No more steps will come to an open run; a reason says why those that it has are not the whole plan."""

    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A model was asked about the run, for another plan or for an answer, also once it has ended; what that took."""

    at: float
    spent: Json


@dataclass(frozen=True, slots=True)
class RunFinished:
    at: float
    status: RunStatus
    output: Json = None
    failure: Failure | None = None


Event: TypeAlias = (
    RunStarted
    | RunResumed
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepSkipped
    | StepCancelled
    | StepInterrupted
    | StepHeld
    | StepReleased
    | ToolCalled
    | ToolReturned
    | ScopeOpened
    | RoundOpened
    | RoundClosed
    | SourceOpened
    | SignalArrived
    | CancelAsked
    | PlanChanged
    | PlanClosed
    | QuestionAsked
    | RunFinished
)

# The field of an event that holds data of the user's own, of any size.
CARRIES: dict[type[Any], str] = {
    RunStarted: "inputs",
    StepSucceeded: "value",
    ToolCalled: "args",
    ToolReturned: "value",
    RoundClosed: "value",
    SignalArrived: "payload",
    PlanChanged: "plan",
    RunFinished: "output",
}


def detached_event(event: Event) -> Event:
    """The event with data that shares nothing with the run's."""
    changes = {
        name: detached(value)
        for name in _DATA.get(type(event), ())
        if type(value := getattr(event, name)) in (dict, list)
    }
    if not changes:
        return event
    changed: Event = replace(event, **changes)
    return changed


_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
_FIELDS = {kind: tuple((f.name, f.default) for f in fields(kind)) for kind in _KINDS.values()}
_DATA = {
    kind: names
    for kind, named in _FIELDS.items()
    if (names := tuple(name for name, _ in named if name == CARRIES.get(kind) or name in ("spent", "approved")))
}


def to_record(event: Event) -> dict[str, Json]:
    """The event as JSON, without what is at its default; `from_record` reads it back equal."""
    kind = type(event)
    record: dict[str, Json] = {"event": kind.__name__}
    for name, default in _FIELDS[kind]:
        value = getattr(event, name)
        if value is not default:  # not `!=`: True equals 1 and yet is other JSON
            record[name] = value.to_json() if type(value) is Failure else value
    return record


def from_record(record: dict[str, Json]) -> Event:
    """The event that `to_record` described; ValueError if the record is of no kind of event."""
    values = dict(record)
    try:
        kind = _KINDS[values.pop("event")]
        if (failure := values.get("failure")) is not None:
            values["failure"] = Failure.from_json(failure)
        event: Event = kind(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the record of an event: {error}") from error
    return event
