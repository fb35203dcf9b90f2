"""What a plan will probably take before it runs: calls, tokens, price and time, from what earlier calls took.

A pure function of a plan and of what is known of earlier calls. What nobody can know, such as how long a list
will be that an earlier step makes, is left open and said to be so; nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import TypeAlias, assert_never

from overseer.jsonvalue import Json
from overseer.plan.references import Ref, Template, Unreadable, read_path
from overseer.plan.values import (
    DEFAULT_ROUNDS,
    UNLIMITED,
    Call,
    Code,
    Each,
    Mode,
    On,
    Once,
    Scope,
    Until,
    WorkflowPlan,
    WorkflowStep,
    all_steps,
)
from overseer.plan.waves import waves
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Seen:
    """What finished calls of one tool took, in the middle; or steps whose code did one task."""

    calls: int
    seconds: float
    tokens: float = 0.0
    cost: float | None = 0.0  # in dollars; None where some of it has no known price


# By the name of a tool, or by `task_name`.
History: TypeAlias = Mapping[str, Seen]

NO_HISTORY: History = MappingProxyType({})


def task_name(task: str) -> str:
    """What the steps are called in a history whose code does this task."""
    return f"code: {task}"


def names_in(plan: WorkflowPlan) -> Iterator[str]:
    """What a history has to tell of for a plan."""
    for step in all_steps(plan):
        match step.action:
            case Call(tool=tool):
                yield tool
            case Code(task=task):
                yield task_name(task)
            case Scope():
                continue
            case _:
                assert_never(step.action)


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of something, between two bounds; `most` is None where there is no upper one."""

    least: float = 0.0
    most: float | None = 0.0

    @classmethod
    def of(cls, value: float) -> Amount:
        return cls(value, value)

    @property
    def is_exact(self) -> bool:
        return self.least == self.most

    def __add__(self, other: Amount) -> Amount:
        open_end = self.most is None or other.most is None
        return Amount(self.least + other.least, None if open_end else (self.most or 0) + (other.most or 0))

    def times(self, other: Amount) -> Amount:
        if self.most == 0 or other.most == 0:
            return NOTHING
        open_end = self.most is None or other.most is None
        return Amount(self.least * other.least, None if open_end else (self.most or 0) * (other.most or 0))

    def at_least(self, other: Amount) -> Amount:
        """The larger of two, bound by bound."""
        open_end = self.most is None or other.most is None
        most = None if open_end else max(self.most or 0, other.most or 0)
        return Amount(max(self.least, other.least), most)

    def or_nothing(self) -> Amount:
        return Amount(0.0, self.most)


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Repeated:
    """A scope of which nobody knows how many rounds it will have, and what each of them takes."""

    step_id: str
    each: str  # such as "item of {{list}}"
    calls: Amount
    seconds: Amount


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a plan will probably take."""

    calls: Amount = NOTHING  # of tools, by steps
    programs: Amount = NOTHING  # that steps run
    tokens: Amount = NOTHING  # of what is known
    cost: Amount = NOTHING  # likewise, in dollars
    seconds: Amount = NOTHING  # likewise
    repeated: tuple[Repeated, ...] = ()
    asks_models: bool = False
    is_priced: bool = True  # whether all that asks them has a price that is known
    is_counted: bool = True  # whether their tokens are known
    never: tuple[str, ...] = ()  # what was never called before
    known_from: int = 0  # earlier calls


def forecast(
    plan: WorkflowPlan,
    history: History,
    *,
    tools: Mapping[str, Tool],
    inputs: Mapping[str, Json] | None = None,
    kept: frozenset[str] = frozenset(),
    max_parallel: int = 8,
) -> Forecast:
    """What a plan will take that begins with these inputs; `kept` names tasks whose programs are written already."""
    given = {name: declared.default for name, declared in plan.inputs.items()} | dict(inputs or {})
    reckoning = _Reckoning(history, tools, kept, max(1, max_parallel))
    part = reckoning.of_body(plan, given)
    side_by_side = part.work.times(Amount.of(1 / reckoning.max_parallel))
    return Forecast(
        part.calls,
        part.programs,
        part.tokens,
        part.cost,
        part.longest.at_least(side_by_side),
        tuple(reckoning.repeated),
        reckoning.asks_models,
        reckoning.is_priced,
        reckoning.is_counted,
        tuple(reckoning.never),
        sum(history[name].calls for name in reckoning.used),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a part of a plan takes. `work` is the time of its steps one after the other."""

    calls: Amount = NOTHING
    programs: Amount = NOTHING
    tokens: Amount = NOTHING
    cost: Amount = NOTHING
    work: Amount = NOTHING
    longest: Amount = NOTHING

    def __add__(self, other: _Part) -> _Part:
        return _Part(
            self.calls + other.calls,
            self.programs + other.programs,
            self.tokens + other.tokens,
            self.cost + other.cost,
            self.work + other.work,
        )

    def times(self, rounds: Amount, in_a_row: Amount) -> _Part:
        return _Part(
            self.calls.times(rounds),
            self.programs.times(rounds),
            self.tokens.times(rounds),
            self.cost.times(rounds),
            self.work.times(rounds),
            self.longest.times(in_a_row),
        )

    def or_nothing(self) -> _Part:
        return _Part(
            self.calls.or_nothing(),
            self.programs.or_nothing(),
            self.tokens.or_nothing(),
            self.cost.or_nothing(),
            self.work.or_nothing(),
            self.longest.or_nothing(),
        )


@dataclass(slots=True)
class _Reckoning:
    history: History
    tools: Mapping[str, Tool]
    kept: frozenset[str]
    max_parallel: int
    repeated: list[Repeated] = field(default_factory=list)
    never: dict[str, None] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    asks_models: bool = False
    is_priced: bool = True
    is_counted: bool = True

    def of_body(self, plan: WorkflowPlan, given: Mapping[str, Json]) -> _Part:
        """A body's steps together; its longest chain is by what each of them takes."""
        parts = {step.step_id: self._of_step(step, given) for step in plan.steps}
        steps = {step.step_id: step for step in plan.steps}
        ends: dict[str, Amount] = {}
        for step_id in (each for wave in waves(plan) for each in wave):
            before = [ends[need] for need in steps[step_id].depends_on if need in ends]
            ends[step_id] = reduce(Amount.at_least, before, NOTHING) + parts[step_id].longest
        total = reduce(add, parts.values(), _Part())
        return replace(total, longest=reduce(Amount.at_least, ends.values(), NOTHING))

    def _of_step(self, step: WorkflowStep, given: Mapping[str, Json]) -> _Part:
        match step.action:
            case Call(tool=name):
                tool = self.tools.get(name)
                asks = tool is None or "model" in tool.effects
                part = replace(self._known(name, name, asks=asks), calls=Amount.of(1))
            case Code(task=task, tools=called):
                part = replace(self._of_code(task, called), programs=Amount.of(1))
            case Scope() as scope:
                part = self._of_scope(step, scope, given)
            case _:
                assert_never(step.action)
        return part if step.when is None else part.or_nothing()

    def _of_code(self, task: str, called: tuple[str, ...]) -> _Part:
        is_written = task in self.kept
        asks = not is_written or any(name in self.tools and "model" in self.tools[name].effects for name in called)
        part = self._known(task_name(task), "code that is new", asks=asks)
        return part if asks else replace(part, tokens=NOTHING, cost=NOTHING)

    def _known(self, name: str, called: str, *, asks: bool) -> _Part:
        """What is known of one call, beside that it is one."""
        self.asks_models = self.asks_models or asks
        seen = self.history.get(name)
        if seen is None:
            self.never[called] = None
            if asks:
                self.is_priced = self.is_counted = False
            return _Part()
        self.used[name] = None
        if asks and seen.cost is None:
            self.is_priced = False
        seconds = Amount.of(seen.seconds)
        return _Part(tokens=Amount.of(seen.tokens), cost=Amount.of(seen.cost or 0.0), work=seconds, longest=seconds)

    def _of_scope(self, step: WorkflowStep, scope: Scope, given: Mapping[str, Json]) -> _Part:
        if scope.body is None:
            return _Part()
        inner = given
        if scope.is_isolated:
            defaults = {name: declared.default for name, declared in scope.body.inputs.items()}
            inner = defaults | {name: _value(value, given) for name, value in step.args.items()}
        body = self.of_body(scope.body, inner)
        rounds = _rounds(scope.mode, given)
        if rounds.most is None:
            self.repeated.append(Repeated(step.step_id, _what_repeats(scope.mode), body.calls, body.longest))
        return body.times(rounds, self._in_a_row(scope.mode, rounds))

    def _in_a_row(self, mode: Mode, rounds: Amount) -> Amount:
        """How many rounds there are one after the other."""
        match mode:
            case Each(width=width):
                wide = min(width or self.max_parallel, self.max_parallel)
                return Amount(
                    math.ceil(rounds.least / wide), None if rounds.most is None else math.ceil(rounds.most / wide)
                )
            case Once() | Until() | On():
                return rounds
            case _:
                assert_never(mode)


_UNKNOWN = object()


def _rounds(mode: Mode, given: Mapping[str, Json]) -> Amount:
    match mode:
        case Once():
            return Amount.of(1)
        case Each(items=items, iterations=None):
            listed = _value(items, given)
            return Amount.of(len(listed)) if isinstance(listed, list) else Amount(0, None)
        case Each(iterations=count):
            times = _value(count, given)
            return Amount.of(max(0, times)) if isinstance(times, int) else Amount(0, None)
        case Until(guard=guard, limit=limit):
            if guard is None and limit != UNLIMITED:
                return Amount.of(limit)
            return Amount(1, _limit(limit))
        case On(limit=limit):
            return Amount(0, _limit(limit))
        case _:
            assert_never(mode)


def _limit(limit: int) -> float | None:
    """None where nobody has thought of how many rounds there may be."""
    return None if limit in (UNLIMITED, DEFAULT_ROUNDS) else limit


def _value(template: Template, given: Mapping[str, Json]) -> object:
    """The value, where it is known before anything runs."""
    if not isinstance(template, Ref):
        return template
    if template.name != "inputs":
        return _UNKNOWN
    try:
        return read_path(dict(given), template)
    except Unreadable:
        return _UNKNOWN


def _what_repeats(mode: Mode) -> str:
    match mode:
        case Each(items=Ref() as items):
            return f"item of {{{{{items}}}}}"
        case On():
            return "event"
        case _:
            return "round"
