"""Steps that name a tool and say in words what it is to do, without any arguments.

    {"step_id": "step1", "description": "Write a joke", "tool": "content_generator", "depends_on": []}

That is how plans were first written here. What the words mean for the tool's arguments is certain only
where it takes a prompt, or one text and there is one step to take it from, and where the description says
which language to translate to. Elsewhere the arguments stay missing, which is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from overseer.plan.references import Ref, Template, Text
from overseer.plan.values import Call, WorkflowPlan, WorkflowStep
from overseer.tool import Tool

# "Translate to French", for the parameter of a translator that has no use for anything else.
_LANGUAGE = re.compile(r"\btranslat\w*\b.*\b(?:in)?to ([^\W\d_]+)\W*", re.IGNORECASE | re.DOTALL)
_TARGETS = ("target_lang", "target_language")


def with_arguments(plan: WorkflowPlan, tools: Mapping[str, Tool]) -> tuple[WorkflowPlan, tuple[str, ...]]:
    """The plan with what such steps mean as arguments, and a note for each."""
    notes: list[str] = []
    steps = tuple(_filled(step, tools, notes) for step in plan.steps)
    return (plan.with_steps(steps) if notes else plan), tuple(notes)


def _filled(step: WorkflowStep, tools: Mapping[str, Tool], notes: list[str]) -> WorkflowStep:
    if step.args or not isinstance(step.action, Call) or (tool := tools.get(step.action.tool)) is None:
        return step
    parameter = tool.main_parameter
    if parameter is None or parameter not in tool.parameters.get("required", ()):
        return step
    if parameter == "prompt":
        value, what = _prompt(step), "its description"
    elif len(step.depends_on) == 1:
        value, what = Ref(step.depends_on[0]), f"the result of '{step.depends_on[0]}'"
    else:
        return step
    if not value:
        return step
    args, taken = {parameter: value}, [f"{what} is taken for its '{parameter}'"]
    if language := _LANGUAGE.fullmatch(step.description):
        for target in _TARGETS:
            if target in tool.parameters.get("required", ()):
                args[target] = language.group(1)
                taken.append(f"'{language.group(1)}' for its '{target}'")
    notes.append(f"step '{step.step_id}' has no arguments: {', '.join(taken)}")
    return replace(step, args=args)


def _prompt(step: WorkflowStep) -> Template:
    """The description, and after it what the step depends on."""
    if not step.description or not step.depends_on:
        return step.description
    first, *others = step.depends_on
    pieces: list[str | Ref] = [f"{step.description}\n\n", Ref(first)]
    for need in others:
        pieces += ["\n\n", Ref(need)]
    return Text(tuple(pieces))
