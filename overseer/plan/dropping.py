"""Dropping steps from a plan: who needs them, and what the plan is without them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from overseer.plan.references import Template, refs_in
from overseer.plan.values import WorkflowPlan


def dependants(plan: WorkflowPlan, dropped: Collection[str]) -> tuple[str, ...]:
    """The other steps that need one of these, and those that need them in turn, as they stand in the plan."""
    needy = set(dropped)
    is_growing = True
    while is_growing:
        more = {step.step_id for step in plan.steps if needy.intersection(step.depends_on)} - needy
        needy |= more
        is_growing = bool(more)
    return tuple(step.step_id for step in plan.steps if step.step_id in needy and step.step_id not in dropped)


def without(plan: WorkflowPlan, dropped: Collection[str]) -> tuple[WorkflowPlan, tuple[str, ...]]:
    """The plan without steps that no other needs, and notes about what else had to go.

    What of the output reads them goes as well; where nothing of it is left, the result is that of the last steps.
    """
    output = _output_without(plan.output, dropped)
    notes = []
    if output != plan.output:
        notes.append(
            "the output has no more of what was dropped" if output is not None else "its output was dropped as well"
        )
    steps = tuple(step for step in plan.steps if step.step_id not in dropped)
    return replace(plan, steps=steps, output=output), tuple(notes)


def _output_without(output: Template, dropped: Collection[str]) -> Template:
    if not any(ref.name in dropped for ref in refs_in(output)):
        return output
    if isinstance(output, Mapping):
        kept = {name: value for name, value in output.items() if not _reads(value, dropped)}
        return kept or None
    if isinstance(output, list):
        return [value for value in output if not _reads(value, dropped)] or None
    return None


def _reads(value: Template, dropped: Collection[str]) -> bool:
    return any(ref.name in dropped for ref in refs_in(value))
