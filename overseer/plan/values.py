"""The plan: immutable steps and an output. Every front-end produces it, everything below consumes it.

A step does one of three things: `Call` a tool, have `Code` written for it, or open a `Scope` around
a body of further steps. Values only: reading them from text, checking them and running them is
left to the modules beside and below this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, get_args

from overseer.errors import RETRYABLE_KINDS, FailureKind
from overseer.jsonvalue import Json
from overseer.plan.amounts import count_of, dollars_of, part_of, span_of
from overseer.plan.references import Ref, Template, parsed, refs_in

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "truthy"]
OPERATORS: tuple[str, ...] = get_args(Operator)

# What a failed step (or a failed round of a scope) means for those that read it:
# they do not run; they read null; they read {"error": {...}}.
OnError = Literal["fail", "continue", "partial"]
ON_ERROR: tuple[str, ...] = get_args(OnError)

# What a failed step means for its siblings: nothing; or they are cancelled.
PlanOnError = Literal["fail", "fail_fast"]
PLAN_ON_ERROR: tuple[str, ...] = get_args(PlanOnError)

AtLimit = Literal["fail", "stop"]
AT_LIMIT: tuple[str, ...] = get_args(AtLimit)

TypeName = Literal["string", "integer", "number", "boolean", "array", "object", "any"]
TYPE_NAMES: tuple[str, ...] = get_args(TypeName)

DEFAULT_ROUNDS = 1000
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Guard:
    """A comparison from a closed set; anything richer is a code step."""

    left: Template
    op: Operator = "truthy"
    right: Template = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed step is tried in all, against which failures, with waits that double."""

    attempts: int = 1
    on: tuple[FailureKind, ...] = RETRYABLE_KINDS
    delay_s: float = 1.0


NO_RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a plan, or all rounds of a scope, may spend, and which parts of the rates; None where nothing is said."""

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None  # in dollars
    time_s: float | None = None
    rpm: float | None = None  # of the requests per minute, above 0 and up to 1
    tpm: float | None = None  # of the tokens per minute
    rpd: float | None = None  # of the requests per day

    def __post_init__(self) -> None:
        for name, read in _AMOUNTS.items():
            value = getattr(self, name)
            if value is not None and not _is_amount(value, read):
                raise ValueError(f"a budget's {name} cannot be {value!r}")


def _is_amount(value: object, read: Callable[[object], float]) -> bool:
    if not isinstance(value, int if read is count_of else int | float):
        return False
    try:
        return read(value) == value
    except ValueError:
        return False


_AMOUNTS: dict[str, Callable[[object], float]] = {
    "requests": count_of,
    "tokens": count_of,
    "cost": dollars_of,
    "time_s": span_of,
    "rpm": part_of,
    "tpm": part_of,
    "rpd": part_of,
}


@dataclass(frozen=True, slots=True)
class Timer:
    """An event every so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FileChange:
    """An event whenever a file, or anything directly inside a folder, changes."""

    path: Template


@dataclass(frozen=True, slots=True)
class Hook:
    """An event for every HTTP request to a path of the local hook server."""

    path: str


Trigger: TypeAlias = Timer | FileChange | Hook


@dataclass(frozen=True, slots=True)
class Once:
    """The body runs once: a nested workflow."""


@dataclass(frozen=True, slots=True)
class Each:
    """The body runs for every item of a list (`items`) or so many times (`iterations`), side by side."""

    items: Template = None
    iterations: Template = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Until:
    """The body runs round after round; after each one the guard is tested."""

    guard: Guard | None = None
    stop_when: bool = True  # `until` ends when the guard holds, `while` when it does not
    limit: int = DEFAULT_ROUNDS
    at_limit: AtLimit = "fail"


@dataclass(frozen=True, slots=True)
class On:
    """The body runs for every event of the trigger, until its limit, its guard or a stop."""

    trigger: Trigger
    until: Guard | None = None
    limit: int = DEFAULT_ROUNDS
    width: int = 1


Mode: TypeAlias = Once | Each | Until | On


@dataclass(frozen=True, slots=True)
class Call:
    """Call a tool with the step's arguments."""

    tool: str


@dataclass(frozen=True, slots=True)
class Code:
    """Have code written for a task and run it with the step's arguments; it may call these tools."""

    task: str
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Run a body plan under a mode. `workflow` names the file that the body came from, if any."""

    mode: Mode
    body: WorkflowPlan | None = None  # None only until a named workflow has been linked
    workflow: str | None = None

    @property
    def is_isolated(self) -> bool:
        """Whether the body sees only its own inputs, as a workflow from a file does."""
        return self.workflow is not None


Action: TypeAlias = Call | Code | Scope


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """One step of a plan."""

    step_id: str
    action: Action
    description: str = ""
    args: dict[str, Template] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    parallel_group: int | str | None = None
    when: Guard | None = None
    on_error: OnError = "fail"
    timeout_s: float | None = None
    retry: Retry = NO_RETRY
    outputs: Mapping[str, TypeName] | None = None
    budget: Allowance | None = None  # of a scope

    @classmethod
    def calling(cls, step_id: str, tool_name: str, args: Mapping[str, Json] | None = None, **rest: Any) -> WorkflowStep:
        """A step that calls a tool; references in `args` may be written as text."""
        return cls(step_id, Call(tool_name), args=parsed(args or {}), **rest)

    def depending_on(self, depends_on: tuple[str, ...]) -> WorkflowStep:
        """The same step with these dependencies."""
        # Twice as fast as `replace`, which counts where ten thousand steps are completed.
        return WorkflowStep(
            self.step_id,
            self.action,
            self.description,
            self.args,
            depends_on,
            self.parallel_group,
            self.when,
            self.on_error,
            self.timeout_s,
            self.retry,
            self.outputs,
            self.budget,
        )

    @property
    def tool_name(self) -> str | None:
        return self.action.tool if isinstance(self.action, Call) else None

    @property
    def title(self) -> str:
        """What to call the step in front of a person."""
        return self.description or self.step_id


@dataclass(frozen=True, slots=True)
class Input:
    """A value the plan is started with."""

    type: TypeName = "any"
    default: Json = None
    required: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """Steps, and what to give back when they have ended.

    Without an `output`, the result is that of the only step nothing depends on, or an object of
    the results of all such steps.
    """

    steps: tuple[WorkflowStep, ...]
    name: str = ""
    description: str = ""
    inputs: Mapping[str, Input] = field(default_factory=dict)
    output: Template = None
    on_error: PlanOnError = "fail"
    budget: Allowance | None = None

    def with_steps(self, steps: tuple[WorkflowStep, ...]) -> WorkflowPlan:
        return replace(self, steps=steps)


def all_steps(plan: WorkflowPlan) -> Iterator[WorkflowStep]:
    """Every step of a plan, each scope followed by the steps of its body."""
    for step in plan.steps:
        yield step
        if isinstance(step.action, Scope) and step.action.body is not None:
            yield from all_steps(step.action.body)


def is_endless(plan: WorkflowPlan) -> bool:
    """Whether a run of a plan may go on for ever: what is kept of it must not grow as long."""
    return any(isinstance(step.action, Scope) and isinstance(step.action.mode, On) for step in all_steps(plan))


def refs_of(step: WorkflowStep) -> list[Ref]:
    """Every reference a step reads before it can start; those inside a scope's body are not among them."""
    found = refs_in(step.args) if step.args else []
    if step.when is not None:
        found += refs_of_guard(step.when)
    if isinstance(step.action, Scope):
        found += _refs_of_mode(step.action.mode)
    return found


def _refs_of_mode(mode: Mode) -> list[Ref]:
    match mode:
        case Each(items=items, iterations=iterations):
            return refs_in(items) + refs_in(iterations)
        case On(trigger=FileChange(path=path)):
            return refs_in(path)
        case _:
            return []


def refs_of_guard(guard: Guard | None) -> list[Ref]:
    return refs_in(guard.left) + refs_in(guard.right) if guard is not None else []


def loop_guard(mode: Mode) -> Guard | None:
    """The guard that is tested after each round, inside the round."""
    match mode:
        case Until(guard=guard):
            return guard
        case On(until=until):
            return until
        case _:
            return None
