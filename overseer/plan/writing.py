"""Writing a plan back: as a plain JSON value, as JSON and as YAML. `reading` gives the same plan again.

Keys come in one fixed order and defaults are left out, so that equal plans are written alike and
have the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import assert_never

from overseer.jsonvalue import Json, json_text
from overseer.plan.amounts import count_text
from overseer.plan.durations import duration_text
from overseer.plan.references import written
from overseer.plan.values import (
    DEFAULT_ROUNDS,
    NO_RETRY,
    UNLIMITED,
    Action,
    Allowance,
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    Hook,
    Input,
    Mode,
    On,
    Once,
    Retry,
    Scope,
    Timer,
    TypeName,
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from overseer.plan.yamlwriter import yaml_text

# Steps that are turned into JSON together: getting ready for that takes longer than a step does.
_PIECE = 50


def to_document(plan: WorkflowPlan, *, embed: bool = True) -> dict[str, Json]:
    """The plan as a plain JSON value. `embed` takes the plans of named workflows along."""
    steps: list[Json] = [_step(step, embed) for step in plan.steps]
    return {**_before_steps(plan), "steps": steps, **_after_steps(plan)}


def to_text(plan: WorkflowPlan) -> str:
    """The same as compact JSON. Written piece by piece, since as a value it is larger than the plan itself."""
    pieces = (plan.steps[at : at + _PIECE] for at in range(0, len(plan.steps), _PIECE))
    steps = ",".join(json_text([_step(step, True) for step in piece])[1:-1] for piece in pieces)
    before, after = json_text(_before_steps(plan))[1:-1], json_text(_after_steps(plan))[1:-1]
    return "{" + ",".join(filter(None, (before, f'"steps":[{steps}]', after))) + "}"


def _before_steps(plan: WorkflowPlan) -> dict[str, Json]:
    document: dict[str, Json] = {}
    if plan.name:
        document["name"] = plan.name
    if plan.description:
        document["description"] = plan.description
    if plan.inputs:
        document["inputs"] = {name: _input(declared) for name, declared in plan.inputs.items()}
    if plan.budget is not None:
        document["budget"] = _budget(plan.budget)
    return document


def _after_steps(plan: WorkflowPlan) -> dict[str, Json]:
    document: dict[str, Json] = {}
    if plan.output is not None:
        document["output"] = written(plan.output)
    if plan.on_error != "fail":
        document["on_error"] = plan.on_error
    return document


def to_json(plan: WorkflowPlan, *, embed: bool = True) -> str:
    """The plan as JSON text."""
    return json.dumps(to_document(plan, embed=embed), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def to_yaml(plan: WorkflowPlan, *, embed: bool = False) -> str:
    """The plan as YAML text, as a person would keep it in a file."""
    return yaml_text(to_document(plan, embed=embed))


def plan_hash(plan: WorkflowPlan) -> str:
    """What identifies a plan: equal for plans that say the same, whatever file they came from."""
    canonical = json.dumps(to_document(plan), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _input(declared: Input) -> dict[str, Json]:
    document: dict[str, Json] = {"type": declared.type}
    has_default = declared.default is not None
    if has_default:
        document["default"] = declared.default
    if declared.required is has_default:
        document["required"] = declared.required
    if declared.description:
        document["description"] = declared.description
    return document


def _budget(budget: Allowance) -> dict[str, Json]:
    document: dict[str, Json] = {}
    if budget.requests is not None:
        document["requests"] = budget.requests
    if budget.tokens is not None:
        document["tokens"] = _count(budget.tokens)
    if budget.cost is not None:
        document["cost"] = _plain(budget.cost)
    if budget.time_s is not None:
        document["time"] = duration_text(budget.time_s)
    for name in ("rpm", "tpm", "rpd"):
        if (part := getattr(budget, name)) is not None:
            document[f"{name}_multiplier"] = _plain(part)
    return document


def _count(count: int) -> Json:
    text = count_text(count)
    return count if text.isdigit() else text


def _plain(number: float) -> Json:
    """Equal numbers written alike: 2 for 2.0."""
    return int(number) if number == int(number) else number


def _step(step: WorkflowStep, embed: bool) -> dict[str, Json]:
    document: dict[str, Json] = {"step_id": step.step_id}
    if step.description:
        document["description"] = step.description
    if step.when is not None:
        document["when"] = _guard(step.when)
    document |= _action(step.action)
    if step.budget is not None:
        document["budget"] = _budget(step.budget)
    if step.args:
        document["args"] = written(step.args)
    if step.depends_on:
        document["depends_on"] = list(step.depends_on)
    if step.parallel_group is not None:
        document["parallel_group"] = step.parallel_group
    if step.on_error != "fail":
        document["on_error"] = step.on_error
    if step.timeout_s is not None:
        document["timeout"] = duration_text(step.timeout_s)
    if step.retry is not NO_RETRY and step.retry != NO_RETRY:
        document["retry"] = _retry(step.retry)
    if step.outputs is not None:
        document["outputs"] = _outputs(step.outputs)
    if isinstance(step.action, Scope):
        document |= _body(step.action, embed)
    return document


def _action(action: Action) -> dict[str, Json]:
    match action:
        case Call(tool=tool):
            return {"tool": tool}
        case Code(task=task, tools=tools):
            return {"code": task, "tools": list(tools)} if tools else {"code": task}
        case Scope(mode=mode, workflow=workflow):
            return _mode(mode) | ({"workflow": workflow} if workflow is not None else {})
        case _:
            assert_never(action)


def _mode(mode: Mode) -> dict[str, Json]:
    match mode:
        case Once():
            return {}
        case Each(items=items, iterations=iterations, width=width):
            document = {"for_each": written(items)} if iterations is None else {"iterations": written(iterations)}
            return document if width is None else document | {"width": width}
        case Until():
            return {"repeat": _repeat(mode)}
        case On(width=width):
            return {"on": _on(mode)} if width == 1 else {"on": _on(mode), "width": width}
        case _:
            assert_never(mode)


def _repeat(mode: Until) -> dict[str, Json]:
    document: dict[str, Json] = {}
    if mode.guard is not None:
        document["until" if mode.stop_when else "while"] = _guard(mode.guard)
    if mode.limit == UNLIMITED:
        document["forever"] = True
    elif mode.limit != DEFAULT_ROUNDS or mode.guard is None:
        document["limit"] = mode.limit
    if mode.at_limit != "fail":
        document["at_limit"] = mode.at_limit
    return document


def _on(mode: On) -> dict[str, Json]:
    document: dict[str, Json]
    match mode.trigger:
        case Timer(seconds=seconds):
            document = {"timer": duration_text(seconds)}
        case FileChange(path=path):
            document = {"file": written(path)}
        case Hook(path=path):
            document = {"http": path}
        case _:
            assert_never(mode.trigger)
    if mode.until is not None:
        document["until"] = _guard(mode.until)
    if mode.limit != DEFAULT_ROUNDS:
        document["limit"] = mode.limit
    return document


def _body(scope: Scope, embed: bool) -> dict[str, Json]:
    if scope.is_isolated:
        return {"plan": to_document(scope.body)} if scope.body is not None and embed else {}
    if scope.body is None:
        return {"steps": []}
    document: dict[str, Json] = {"steps": [_step(step, embed) for step in scope.body.steps]}
    if scope.body.output is not None:
        document["output"] = written(scope.body.output)
    return document


def _guard(guard: Guard) -> Json:
    left = written(guard.left)
    if guard.op == "truthy":
        return left
    return {"ref": left, "op": guard.op, "value": written(guard.right)}


def _retry(retry: Retry) -> Json:
    document: dict[str, Json] = {"attempts": retry.attempts}
    if retry.on != NO_RETRY.on:
        document["on"] = list(retry.on)
    if retry.delay_s != NO_RETRY.delay_s:
        document["delay"] = duration_text(retry.delay_s) if retry.delay_s else 0
    return document


def _outputs(outputs: Mapping[str, TypeName]) -> Json:
    are_plain = all(declared == "any" for declared in outputs.values())
    return list(outputs) if are_plain else dict(outputs)
