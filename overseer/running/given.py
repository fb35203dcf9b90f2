"""What an engine is given, looked at before anything runs: tools, inputs, and steps that it cannot carry out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from overseer.errors import PlanError, UsageError
from overseer.jsonvalue import Json, NotJson, as_json
from overseer.kernel.rules import Effects, Rules
from overseer.plan import Fault
from overseer.plan.values import Code, WorkflowPlan, all_steps
from overseer.tool import Tool


def by_name(tools: Iterable[Tool]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for tool in tools:
        other = found.setdefault(tool.name, tool)
        if other is not tool:
            origins = f"{other.origin or 'an unknown place'} and {tool.origin or 'an unknown place'}"
            raise UsageError(f"two tools are called '{tool.name}', from {origins}; rename one or leave one out")
    return found


def plain_inputs(inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs as plain JSON of the run's own, whatever becomes of those that were given."""
    plain: dict[str, Json] = {}
    faults: list[Fault] = []
    for name, value in inputs.items():
        try:
            plain[name] = as_json(value, where=f"the input '{name}'")
        except NotJson as error:
            faults.append(Fault(str(error)))
    if faults:
        raise PlanError(faults, source="the input")
    return plain


def rules_of(tools: Collection[Tool], folder: Path, *, max_parallel: int, strict_groups: bool, grace_s: float) -> Rules:
    """What the kernel has to know of the tools and of how runs are to be held."""
    return Rules(
        max_parallel=max_parallel,
        strict_groups=strict_groups,
        grace_s=grace_s,
        effects={tool.name: effects_of(tool) for tool in tools if tool.effect in ("write", "exec")},
        timeouts_s={tool.name: tool.timeout_s for tool in tools if tool.timeout_s is not None},
        folder=str(folder.absolute()),
        unrepeatable=frozenset(tool.name for tool in tools if not tool.idempotent),
    )


def effects_of(tool: Tool) -> Effects:
    properties = tool.parameters.get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    return Effects(tool.writes, tool.has_undeclared_effects, defaults)


def has_code(plan: WorkflowPlan) -> bool:
    """Whether a step of a plan is code."""
    return any(isinstance(step.action, Code) for step in all_steps(plan))


def code_faults(plan: WorkflowPlan) -> list[Fault]:
    """The steps that need code, where nothing can write and run any."""
    problem, remedy = "needs code to be written for it, and nothing here can do that", "let it call a tool instead"
    return [Fault(problem, remedy, step.step_id) for step in all_steps(plan) if isinstance(step.action, Code)]
