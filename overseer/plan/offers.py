"""What the result of a step is known to offer before it has run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from overseer.plan.references import Ref
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import Call, Each, Scope, WorkflowStep

if TYPE_CHECKING:
    from overseer.tool import Tool


def path_problem(ref: Ref, step: WorkflowStep, tools: Mapping[str, Tool] | None) -> tuple[str, str] | None:
    """Why the path of a reference cannot exist in the result of a step, and what would help."""
    if not ref.path:
        return None
    path = [str(part) for part in ref.path]
    if path[0] == "error" and step.on_error == "partial":
        return None  # what stands in place of a result that failed
    if _is_list(step):
        if not path.pop(0).lstrip("-").isdigit():
            help = f"write {{{{{Ref(ref.name, (0, *ref.path))}}}}}, or go over it with for_each"
            return f"'{ref.name}' gives a list, with a result for each round", help
        if path[:1] == ["error"] and step.on_error == "partial":
            return None
    fields = _fields(step, tools)
    if fields is None or not path or path[0] in fields:
        return None
    return f"'{ref.name}' offers no '{path[0]}'", did_you_mean(path[0], fields, "it offers")


def _is_list(step: WorkflowStep) -> bool:
    return step.outputs is None and isinstance(step.action, Scope) and isinstance(step.action.mode, Each)


def _fields(step: WorkflowStep, tools: Mapping[str, Tool] | None) -> Collection[str] | None:
    """The fields of a step's result (of a round's, for a list); None where that is not known."""
    if step.outputs is not None:
        return step.outputs
    match step.action:
        case Scope(body=body) if body is not None and isinstance(body.output, dict):
            return body.output
        case Call(tool=name) if tools and name in tools:
            schema = tools[name].output or {}
            is_closed = schema.get("type") == "object" and schema.get("additionalProperties") is False
            fields: Collection[str] | None = schema.get("properties", {}) if is_closed else None
            return fields
        case _:
            return None
