"""Values that are there already, which a plan may take as inputs by their names: results of earlier runs, and what
came with the request.

The planner is shown what there is and how each begins; what came with the request, whole where there is room for it.
The values themselves go into a plan without passing through a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from overseer.jsonvalue import Json, json_text
from overseer.models.model import tokens_in
from overseer.plan.references import Ref, refs_in
from overseer.plan.values import Input, Scope, TypeName, WorkflowPlan, all_steps, loop_guard, refs_of, refs_of_guard

_SAMPLE = 300  # letters of a value that are shown
_TYPES: Mapping[type, TypeName] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """A value that is there already, and where it comes from, in a few words."""

    value: Json
    about: str = ""
    came_along: bool = False  # with the request, which is about it

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else json_text(self.value)

    @property
    def type(self) -> TypeName:
        return _TYPES.get(type(self.value), "any")


NOTHING_EARLIER: Mapping[str, Earlier] = MappingProxyType({})


def earlier_lines(results: Mapping[str, Earlier], *, most_tokens: int) -> tuple[list[str], int]:
    """A line for each of the latest results as there is room for, the latest last; and how many were left out.

    What came with the request is not among them.
    """
    lines: list[str] = []
    made = {name: result for name, result in results.items() if not result.came_along}
    for name, result in reversed(list(made.items())):
        line = _line(name, result)
        most_tokens -= tokens_in(line) + 1
        if most_tokens < 0 and lines:
            break
        lines.append(line)
    return lines[::-1], len(made) - len(lines)


def with_earlier(plan: WorkflowPlan, results: Mapping[str, Earlier]) -> WorkflowPlan:
    """The plan with an input for each earlier result that it reads without having said so."""
    read = {str(ref.path[0]) for ref in _refs(plan) if ref.name == "inputs" and ref.path}
    missing = {
        name: Input(results[name].type, description=results[name].about)
        for name in results
        if name in read and name not in plan.inputs
    }
    return replace(plan, inputs={**plan.inputs, **missing}) if missing else plan


def given_to(plan: WorkflowPlan, results: Mapping[str, Earlier]) -> dict[str, Json]:
    """The values for the inputs of a plan that are named like earlier results, unless the plan has its own."""
    return {
        name: results[name].value
        for name, declared in plan.inputs.items()
        if name in results and declared.default is None
    }


def with_values(plan: WorkflowPlan, values: Mapping[str, Json]) -> WorkflowPlan:
    """The plan with these values as the defaults of its inputs, for a run that has begun without them."""
    known = {
        name: replace(plan.inputs[name], default=value, required=False)
        for name, value in values.items()
        if name in plan.inputs
    }
    return replace(plan, inputs={**plan.inputs, **known}) if known else plan


def _line(name: str, result: Earlier) -> str:
    text = result.text
    shown = text if len(text) <= _SAMPLE else f"{text[:_SAMPLE]}…"
    said: dict[str, Json] = {"name": name, "type": result.type, "from": result.about, "begins": shown}
    return json_text({**said, "letters": len(text)} if len(text) > _SAMPLE else said)


def _refs(plan: WorkflowPlan) -> list[Ref]:
    """Every reference of a plan, those inside of bodies as well."""
    found: list[Any] = refs_in(plan.output)
    for step in all_steps(plan):
        found += refs_of(step)
        if isinstance(step.action, Scope):
            found += refs_of_guard(loop_guard(step.action.mode))
            found += refs_in(step.action.body.output) if step.action.body is not None else []
    return found
