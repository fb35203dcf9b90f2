"""What is known of the input of a step's code before the steps run that it comes from.

Until then there is only what the plan says: which results an argument is made of, and what their tools
promise to give. Names that the plan does not explain (yet) are told apart from those it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from overseer.frontends.programs import Task
from overseer.frontends.toolguide import one_line
from overseer.jsonvalue import Json, json_text
from overseer.plan.references import Ref, Template, refs_in, written
from overseer.plan.values import Call, Code, Each, Input, Mode, On, Scope, WorkflowPlan, WorkflowStep
from overseer.tool import Tool

_LONGEST_SCHEMA = 2000
_LONGEST_VALUE = 400


def tasks_ahead(plan: WorkflowPlan, tools: Mapping[str, Tool], *, is_whole: bool = True) -> Iterator[Task]:
    """The task of every step that is code. Of a plan that is not whole, only those whose input is explained."""
    for task, is_explained in _tasks(plan, _Names(tools)):
        if is_whole or is_explained:
            yield task


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names mean that a step can read."""

    tools: Mapping[str, Tool]
    meanings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    def of(self, ref: Ref) -> str | None:
        """Where a value comes from; None if the plan does not say."""
        if ref.name != "inputs":
            return _at(ref.path, self.meanings.get(ref.name))
        return _at(ref.path[1:], self.inputs.get(str(ref.path[0]))) if ref.path else "all inputs of the plan"

    def inside(self, step: WorkflowStep, scope: Scope) -> _Names:
        """The names as the steps of a body know them."""
        inside = _Names(self.tools, {**self.meanings, **_round_meanings(scope.mode)}, self.inputs)
        if not scope.is_isolated:
            return inside
        given = {name: _made_of(template, inside.of) for name, template in step.args.items()}
        return _Names(self.tools, inputs={name: text for name, text in given.items() if text is not None})


def _tasks(plan: WorkflowPlan, names: _Names) -> Iterator[tuple[Task, bool]]:
    inputs = {**{name: _input_meaning(name, declared) for name, declared in plan.inputs.items()}, **names.inputs}
    results = {step.step_id: _result_meaning(step, names.tools) for step in plan.steps}
    names = _Names(names.tools, {**names.meanings, **results}, inputs)
    for step in plan.steps:
        match step.action:
            case Code():
                yield _task(step, step.action, names)
            case Scope(body=WorkflowPlan() as body):
                yield from _tasks(body, names.inside(step, step.action))
            case _:
                pass


def _task(step: WorkflowStep, code: Code, names: _Names) -> tuple[Task, bool]:
    refs = list(dict.fromkeys(refs_in(step.args)))
    origins = {f"{{{{{ref}}}}}": names.of(ref) for ref in refs}
    tools = {name: names.tools[name] for name in code.tools if name in names.tools}
    args: dict[str, Json] = {name: written(template) for name, template in step.args.items()}
    told = tuple(f"{ref}: {meaning or 'the plan does not say'}" for ref, meaning in origins.items())
    return Task(code.task, args, tools, told), None not in origins.values()


def _input_meaning(name: str, declared: Input) -> str:
    described = f": {one_line(declared.description)}" if declared.description else ""
    default = f", {_value(declared.default)} unless something else is given" if declared.default is not None else ""
    return f"the input '{name}' of the plan, of type {declared.type}{default}{described}"


def _result_meaning(step: WorkflowStep, tools: Mapping[str, Tool]) -> str:
    what = f"the result of the step '{one_line(step.title)}'"
    match step.action:
        case Call(tool=name) if name in tools:
            what += f", which calls the tool {name} ({_summary(tools[name])}); {_form(tools[name])}"
        case Code(task=task):
            what += f", which is code for this task: {one_line(task)}"
        case Scope(mode=Each(), body=body):
            output = _value(written(body.output)) if body is not None and body.output is not None else "what it gives"
            what += f", a list with this for each of its rounds: {output}"
        case _:
            pass
    if step.outputs:
        what += f"; it has the fields {', '.join(f'{name} ({kind})' for name, kind in step.outputs.items())}"
    return what


def _summary(tool: Tool) -> str:
    return one_line(tool.description.split("\n")[0]).rstrip(".")


def _form(tool: Tool) -> str:
    if tool.output is None:
        return "in what form it gives it, it does not say" if tool.kind != "llm" else "it gives text"
    schema = json_text(tool.output)
    return (
        f"it gives, as JSON Schema: {schema}" if len(schema) <= _LONGEST_SCHEMA else "it gives an object of many parts"
    )


def _round_meanings(mode: Mode) -> dict[str, str]:
    index = {"index": "the number of the round, from 0"}
    match mode:
        case Each(items=items, iterations=None):
            return {"item": f"one item of the list {_value(written(items))}", **index}
        case Each():
            return index
        case On():
            return {"event": "what has happened, as an object", **index}
        case _:
            return {"last": "what the round before gave; null in the first one", **index}


def _made_of(template: Template, meaning: Callable[[Ref], str | None]) -> str | None:
    """What an argument is made of; None if a part of it is not explained."""
    meanings = [meaning(ref) for ref in refs_in(template)]
    if None in meanings:
        return None
    if isinstance(template, Ref):
        return meanings[0]
    return f"made as {_value(written(template))}" + "".join(f"; {text}" for text in meanings)


def _at(path: tuple[str | int, ...], meaning: str | None) -> str | None:
    """A part of what has a meaning."""
    return f"{json_text(list(path))} of {meaning}" if path and meaning is not None else meaning


def _value(value: Json) -> str:
    return one_line(json_text(value), most=_LONGEST_VALUE)
