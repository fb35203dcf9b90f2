"""Saved plans as tools: the plan's inputs become the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overseer.home import workflows_folder
from overseer.jsonvalue import Json
from overseer.kinds import CONTEXT, KindError, SectionFault
from overseer.plan import Checked, Input, WorkflowPlan, check_draft, check_plan, plan_from
from overseer.plan.files import find_workflow
from overseer.plan.inputs import must_be_given
from overseer.tool import ToolContext


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
