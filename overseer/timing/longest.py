"""The longest chain of steps that need each other, by what each of them took.

No number of workers would have made the run shorter than that. In a scope whose rounds run side by
side the longest round counts, in a loop all of them, one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from overseer.plan.values import Each, On, Once, Scope, Until, WorkflowPlan, WorkflowStep
from overseer.plan.waves import waves


@dataclass(slots=True)
class PastRounds:
    """Of the longest chains of rounds that are over: the longest, and all of them together."""

    longest: float = 0.0
    together: float = 0.0

    def add(self, length: float) -> None:
        self.longest = max(self.longest, length)
        self.together += length


@dataclass(frozen=True, slots=True)
class Lengths:
    """What the steps took, by key, and the rounds that the scopes among them had."""

    steps: Mapping[str, float]
    rounds: Mapping[str, Collection[int]]
    past: Mapping[str, PastRounds] = field(default_factory=dict)  # of those scopes, rounds that are in neither


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in a row. It shares its beginning with others, since there are many of them on the way."""

    length: float = 0.0
    before: Chain | None = None
    last: str | Chain = ""

    def keys(self) -> tuple[str, ...]:
        """The steps in order."""
        found: list[str] = []
        stack: list[Chain | str] = [self]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                found += [part] if part else []
                continue
            stack.append(part.last)
            if part.before is not None:
                stack.append(part.before)
        return tuple(found)


_NOTHING = Chain()
_NO_ROUNDS = PastRounds()


def critical_path(plan: WorkflowPlan, lengths: Lengths, prefix: str = "") -> Chain:
    """The longest chain in a run of this plan, or in a round of this body whose keys begin with the prefix."""
    return _longest_in(plan, prefix, lengths, {})


def _longest_in(
    body: WorkflowPlan, prefix: str, lengths: Lengths, orders: dict[int, tuple[WorkflowStep, ...]]
) -> Chain:
    best: dict[str, Chain] = {}
    for step in _in_order(body, orders):
        before = max((best[need] for need in step.depends_on if need in best), key=_length, default=_NOTHING)
        own = _chain_of(step, f"{prefix}{step.step_id}", lengths, orders)
        best[step.step_id] = Chain(before.length + own.length, before, own) if own.length else before
    return max(best.values(), key=_length, default=_NOTHING)


def _chain_of(step: WorkflowStep, key: str, lengths: Lengths, orders: dict[int, tuple[WorkflowStep, ...]]) -> Chain:
    whole = Chain(lengths.steps.get(key, 0.0), None, key)
    scope = step.action
    past = lengths.past.get(key, _NO_ROUNDS)
    if not isinstance(scope, Scope) or scope.body is None or not (lengths.rounds.get(key) or past.together):
        return whole
    indices = lengths.rounds.get(key, ())
    rounds = (_longest_in(scope.body, f"{key}[{index}]/", lengths, orders) for index in indices)
    match scope.mode:
        case Each():
            return max((Chain(past.longest, None, key), *rounds), key=_length)
        case Until() | Once():
            chain = Chain(past.together, None, key if past.together else "")
            for own in rounds:
                chain = Chain(chain.length + own.length, chain, own)
            return chain
        case On():  # mostly it waits for events, which come when they come
            return whole
        case _:
            assert_never(scope.mode)


def _length(chain: Chain) -> float:
    return chain.length


def _in_order(body: WorkflowPlan, orders: dict[int, tuple[WorkflowStep, ...]]) -> tuple[WorkflowStep, ...]:
    """The steps of a body, each after those that it needs; worked out once for all its rounds."""
    if id(body) not in orders:
        steps = {step.step_id: step for step in body.steps}
        orders[id(body)] = tuple(steps[step_id] for wave in waves(body) for step_id in wave)
    return orders[id(body)]
