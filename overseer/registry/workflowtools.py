"""Saved plans as tools: the plan's inputs become the parameters, and the worst of its steps the class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overseer.home import workflows_folder
from overseer.jsonvalue import Json
from overseer.kinds import CONTEXT, KindError, SectionFault
from overseer.plan import Checked, Input, WorkflowPlan, check_draft, check_plan, plan_from
from overseer.plan.files import find_workflow
from overseer.plan.inputs import must_be_given
from overseer.plan.values import Call, Code, Scope
from overseer.tool import EFFECTS, Tool, ToolContext


@dataclass(frozen=True, slots=True)
class WorkflowParts:
    """What a workflow tool is made of."""

    plan: WorkflowPlan
    parameters: dict[str, Json]

    def function(self, **arguments: Any) -> Json:
        """Carry the plan out where a program calls it; a step of another plan takes its steps in instead."""
        context: ToolContext = arguments.pop(CONTEXT)
        return context.run_plan(self.plan, arguments)


def workflow_parts(folder: Path, section: Json) -> WorkflowParts:
    """The plan that `workflow:` names or holds; KindError with everything that is wrong with it."""
    checked = _checked(folder, section)
    if checked.faults:
        raise KindError([SectionFault(fault.where, str(fault)) for fault in checked.faults])
    return WorkflowParts(checked.plan, _parameters(checked.plan))


def classed(tool: Tool, tools: Mapping[str, Tool]) -> Tool:
    """A workflow tool with what its steps do to the world, whatever its file says of that."""
    if tool.plan is None:
        return tool
    called = [tools[name] for name in _called(tool.plan, tools, {tool.name}) if tools[name].plan is None]
    effect = max((tool.effect, *(each.effect for each in called)), key=EFFECTS.index)
    return replace(tool, effect=effect, idempotent=tool.idempotent and all(each.idempotent for each in called))


def _called(plan: WorkflowPlan, tools: Mapping[str, Tool], seen: set[str]) -> Iterator[str]:
    """The tools that a plan calls, and those that the plans of these call."""
    for step in plan.steps:
        match step.action:
            case Call(tool=name):
                names: tuple[str, ...] = (name,)
            case Code(tools=names):
                pass
            case Scope(body=WorkflowPlan() as body):
                yield from _called(body, tools, seen)
                continue
            case _:
                continue
        for name in names:
            if name not in tools or name in seen:
                continue
            seen.add(name)
            yield name
            if tools[name].plan is not None:
                yield from _called(tools[name].plan, tools, seen)


def _checked(folder: Path, section: Json) -> Checked:
    if isinstance(section, dict):
        return check_draft(plan_from(section), folder=folder, folders=(workflows_folder(),))
    if not isinstance(section, str) or not section:
        raise KindError([SectionFault((), "must be the name or path of a plan file, or a plan")])
    path, places = find_workflow(section, folder=folder, folders=(workflows_folder(),))
    if path is None:
        looked = ", ".join(str(place) for place in places)
        raise KindError([SectionFault((), f"there is no plan '{section}'; looked at {looked}")])
    return check_plan(path, folders=(workflows_folder(),))


def _parameters(plan: WorkflowPlan) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {name: _parameter(declared) for name, declared in plan.inputs.items()},
        "required": [name for name, declared in plan.inputs.items() if must_be_given(declared)],
        "additionalProperties": False,
    }


def _parameter(declared: Input) -> dict[str, Json]:
    schema: dict[str, Json] = {} if declared.type == "any" else {"type": declared.type}
    if declared.description:
        schema["description"] = declared.description
    if not must_be_given(declared):
        schema["default"] = declared.default
        if declared.default is None and "type" in schema:
            schema["type"] = [schema["type"], "null"]
    return schema
