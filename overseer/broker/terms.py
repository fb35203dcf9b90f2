"""What a plan says about spending, scope by scope: caps of their own, and which multipliers are in force.

Of multipliers the nearest statement counts: that of the scope, else of the workflow that is its body,
else of what is around it. Those that were chosen for the run count before all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from overseer.broker.caps import NO_CAP, Cap, cap_of
from overseer.broker.limits import Multipliers
from overseer.broker.remedies import of_plan
from overseer.plan.values import Allowance, Scope, WorkflowPlan

RATES = ("rpm", "tpm", "rpd")


@dataclass(frozen=True, slots=True)
class Clause:
    """A cap on what a scope spends, stated by its step, or by the workflow that is its body."""

    cap: Cap
    workflow: str | None = None

    def name(self, scope_key: str) -> str:
        """What to call the budget of the scope that was opened at a key."""
        scope = f"scope '{scope_key}'"
        return scope if self.workflow is None else f"workflow '{self.workflow}' in {scope}"

    def remedy(self, larger: Cap) -> str:
        """How to get the larger cap."""
        return of_plan(larger, workflow=self.workflow)


@dataclass(frozen=True, slots=True)
class Part:
    """A multiplier, and the path of the scope that states it; nothing for the run."""

    rate: str
    multiplier: float
    path: str = ""


Parts: TypeAlias = Mapping[str, Part]  # by rate


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms the calls of a scope are made, besides those that are around it."""

    clauses: tuple[Clause, ...]  # the outermost first
    parts: Parts


def parts_of_run(plan: WorkflowPlan, chosen: Multipliers, default: Multipliers) -> Parts:
    """The multipliers of calls that no scope says anything of."""
    return {**_parts(default), **_parts(plan.budget), **_parts(chosen)}


def terms_of_scopes(plan: WorkflowPlan, chosen: Multipliers, parts: Parts) -> dict[str, Terms]:
    """The terms of all scopes that state any, by their paths, such as `outer/map`."""
    return dict(_terms(plan, "", parts, _parts(chosen)))


def _terms(plan: WorkflowPlan, path: str, parts: Parts, chosen: Parts) -> Iterator[tuple[str, Terms]]:
    for step in plan.steps:
        if type(step.action) is not Scope or (body := step.action.body) is None:
            continue
        within = f"{path}/{step.step_id}" if path else step.step_id
        own = parts
        if step.budget is not None or body.budget is not None:
            own = {**parts, **_parts(body.budget, within), **_parts(step.budget, within), **chosen}
            clauses = Clause(cap_of(step.budget)), Clause(cap_of(body.budget), step.action.workflow)
            yield within, Terms(tuple(clause for clause in clauses if clause.cap != NO_CAP), own)
        yield from _terms(body, within, own, chosen)


def _parts(stated: Allowance | Multipliers | None, path: str = "") -> Parts:
    if stated is None:
        return {}
    return {rate: Part(rate, value, path) for rate in RATES if (value := getattr(stated, rate)) is not None}
