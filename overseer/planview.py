"""A plan as it is reviewed: the steps, and beside each what it calls, what it waits for and what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from overseer.given import effects_of
from overseer.jsonvalue import Json, json_text
from overseer.plan import waves
from overseer.plan.references import written
from overseer.plan.resources import resource
from overseer.plan.values import Call, Code, Each, On, Once, Scope, Until, WorkflowStep
from overseer.review import Proposal
from overseer.tool import Tool

_WIDTH = 100


def proposal_lines(proposal: Proposal, tools: Mapping[str, Tool]) -> list[str]:
    """Everything about a plan that somebody should know who decides about it."""
    plan = proposal.plan
    count = len(plan.steps)
    made = {"rules": " (made by rules, without a model)", "file": "", "model": ""}[proposal.by]
    lines = [f"Workflow Plan ({count} step{'s' if count != 1 else ''}):{made}"]
    for number, step in enumerate(plan.steps, 1):
        lines += _step_lines(step, tools, f"  {number}. ", "     ")
    lines += [f"  wave {number}: {', '.join(wave)}" for number, wave in enumerate(waves(plan), 1)]
    lines += [f"  input {name}: {_cut(_text(value))}" for name, value in proposal.inputs.items()]
    lines += [f"  note: {note}" for note in proposal.notes]
    if proposal.needs:
        denied = proposal.is_denied
        lines.append("the settings deny what this plan wants to do:" if denied else "it needs your approval for:")
        lines += [f"  {line}" for need in proposal.needs for line in need.lines()]
    return lines


def _step_lines(step: WorkflowStep, tools: Mapping[str, Tool], head: str, indent: str) -> Iterator[str]:
    yield f"{head}{step.title}"
    yield f"{indent}{_summary(step, tools)}"
    if step.args:
        said = ", ".join(f"{name}={_text(written(value))}" for name, value in step.args.items())
        yield f"{indent}{_cut(said)}"
    if isinstance(step.action, Code):
        yield f"{indent}Node task: {step.action.task}"
    elif isinstance(step.action, Scope) and step.action.body is not None:
        for inner in step.action.body.steps:
            yield from _step_lines(inner, tools, f"{indent}- ", f"{indent}  ")


def _summary(step: WorkflowStep, tools: Mapping[str, Tool]) -> str:
    parts = [f"{step.step_id}: {_action(step, tools)}"]
    if step.depends_on:
        parts.append(f"after {', '.join(step.depends_on)}")
    if step.when is not None:
        parts.append("guarded")
    if writes := _writes(step, tools):
        parts.append(f"writes {', '.join(writes)}")
    return "; ".join(parts)


def _action(step: WorkflowStep, tools: Mapping[str, Tool]) -> str:
    match step.action:
        case Call(tool=name):
            classes = f" [{', '.join(tools[name].effects)}]" if name in tools else ""
            return f"{name}{classes}"
        case Code(tools=names):
            may = f", may call {', '.join(names)}" if names else ""
            return f"code, in the sandbox{may}"
        case Scope(mode=mode, workflow=workflow):
            name = f"workflow {workflow}" if workflow else "steps"
            return f"{name}, {_mode(mode)}"


def _mode(mode: Once | Each | Until | On) -> str:
    match mode:
        case Once():
            return "once"
        case Each(items=None, iterations=count):
            return f"{_text(written(count))} times"
        case Each(items=items):
            return f"for each of {_cut(_text(written(items)), 60)}"
        case Until():
            return "until its guard holds"
        case On():
            return "whenever something happens"


def _writes(step: WorkflowStep, tools: Mapping[str, Tool]) -> list[str]:
    """What a step changes, as far as its tool says so."""
    if not isinstance(step.action, Call) or (tool := tools.get(step.action.tool)) is None:
        return []
    if tool.has_undeclared_effects:
        return ["what it likes"]
    defaults = effects_of(tool).defaults
    given = {**defaults, **{name: written(value) for name, value in step.args.items()}}
    return [resource(template, given).removeprefix("file:") for template in tool.writes]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)


def _cut(text: str, most: int = _WIDTH) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
