"""What the tests of the rules planner share: small tools, the tools that come with the program, plans in one line."""

from __future__ import annotations

from functools import cache
from typing import Any

from overseer.frontends.draft import Planned
from overseer.frontends.rules import plan_by_rules
from overseer.plan import WorkflowPlan
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Tool


@cache
def our() -> dict[str, Tool]:
    return load_tools([ToolFolder(our_tools(), "built-in")]).tools


def made(name: str, description: str, takes: dict[str, Any] | None = None, **rest: Any) -> Tool:
    """A tool that takes these arguments; those whose schema has a default may be left out."""
    properties = takes or {}
    required = [key for key, schema in properties.items() if "default" not in schema]
    parameters = {"type": "object", "properties": properties, "required": required}
    return Tool(name, lambda **_: None, description, parameters, **rest)


def gives(**fields: str) -> dict[str, Any]:
    """An object with these fields, by what is said of them."""
    return {"type": "object", "properties": {name: {"description": says} for name, says in fields.items()}}


def planned(request: str, *tools: Tool, **options: Any) -> WorkflowPlan:
    draft = plan_by_rules(request, {tool.name: tool for tool in tools} or our(), **options)
    assert isinstance(draft, Planned), draft
    return draft.plan


def args_of(request: str, *tools: Tool, **options: Any) -> list[dict[str, Any]]:
    return [dict(step.args) for step in planned(request, *tools, **options).steps]


def outline(plan: WorkflowPlan) -> str:
    """A plan as its steps, each with what it waits for: `read_file; text_statistics < read_file`."""
    return "; ".join(
        f"{step.step_id} < {', '.join(step.depends_on)}" if step.depends_on else step.step_id for step in plan.steps
    )


TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
