"""What a plan is known to write before it runs, as far as its own words and its inputs say so.

What hangs on the value of a step or a round is not known. Of what a scope writes that waits for events
nothing counts: it may go on for ever, and would keep it from everybody else as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from overseer.jsonvalue import Json
from overseer.kernel.rules import Rules
from overseer.plan.references import Ref, Template, Unreadable, read_path, rendered
from overseer.plan.resources import names_in
from overseer.plan.values import Call, On, Scope, WorkflowPlan, WorkflowStep


def foreseen_writes(plan: WorkflowPlan, inputs: Mapping[str, Json], rules: Rules) -> frozenset[str]:
    """The resources that a plan names, given its inputs."""
    return frozenset(_of_plan(plan, inputs, rules))


def _of_plan(plan: WorkflowPlan, inputs: Mapping[str, Json], rules: Rules) -> Iterator[str]:
    for step in plan.steps:
        match step.action:
            case Call(tool=tool) if tool in rules.effects:
                yield from _of_call(tool, step.args, inputs, rules)
            case Scope(body=WorkflowPlan() as body, mode=mode) as scope if not isinstance(mode, On):
                yield from _of_plan(body, _within(step, body, inputs) if scope.is_isolated else inputs, rules)


def _of_call(tool: str, args: Mapping[str, Template], inputs: Mapping[str, Json], rules: Rules) -> Iterator[str]:
    known = _known(args, inputs)
    for template in rules.effects[tool].writes:
        if not any(name in args and name not in known for name in names_in(template)):
            yield rules.resource(tool, template, known)


def _within(step: WorkflowStep, body: WorkflowPlan, inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs of a body that sees nothing else, as far as they are known."""
    defaults = {name: declared.default for name, declared in body.inputs.items() if name not in step.args}
    return {**defaults, **_known(step.args, inputs)}


def _known(templates: Mapping[str, Template], inputs: Mapping[str, Json]) -> dict[str, Json]:
    """Those of some values that hang on nothing but the inputs."""
    read, known = _reading(inputs), {}
    for name, template in templates.items():
        try:
            known[name] = rendered(template, read)
        except Unreadable:
            continue
    return known


def _reading(inputs: Mapping[str, Json]) -> Callable[[Ref], Json]:
    def read(ref: Ref) -> Json:
        if ref.name != "inputs" or not ref.path or ref.path[0] not in inputs:
            raise Unreadable("it is not known yet")
        return read_path(dict(inputs), ref)

    return read
