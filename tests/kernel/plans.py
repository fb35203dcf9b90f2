"""Random plans for property tests: every step form, nested in one another, with groups, writes and failures."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel.rules import Effects
from overseer.plan import completed, plan_from, validate
from overseer.plan.values import WorkflowPlan
from tests.choices import Choices, chosen

EFFECTS = {"shell": Effects(is_undeclared=True), "save": Effects(writes=("file:{path}",))}

MOST_CHOICES = 300  # more than nearly all plans take
FAILING = 4  # of so many steps about one fails, where failures are wanted


def documents(depth: int = 2, *, most_steps: int | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Plans in the plan format, with so many steps side by side that are in no other."""
    most = most_steps or (6 if depth == 2 else 3)
    return chosen(lambda choices: _document(choices, depth, most), most=MOST_CHOICES)


def _document(choices: Choices, depth: int, most_steps: int) -> dict[str, Any]:
    steps = _steps(choices, "", depth, [], most_steps)
    return {"steps": steps, "on_error": choices.of(_mostly("fail", "fail_fast"))}


def _mostly(usual: str, *others: str) -> list[str]:
    return [usual] * 4 + list(others)


def _steps(choices: Choices, prefix: str, depth: int, outside: list[str], most: int = 3) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for number in range(choices.number(1, most)):
        earlier = [step["step_id"] for step in steps]
        step: dict[str, Any] = {"step_id": f"{prefix}s{number}"}
        if earlier:
            step["depends_on"] = choices.some(earlier, most=2)
        step |= _action(choices, step["step_id"], depth, earlier + outside)
        if earlier and choices.number(0, 3) == 3:
            step["when"] = {"ref": f"{{{{{choices.of(earlier)}}}}}", "op": "ne", "value": choices.number(0, 2)}
        step["on_error"] = choices.of(_mostly("fail", "continue", "partial"))
        step["parallel_group"] = choices.of([None, 1, 2])
        steps.append(step)
    return steps


def _action(choices: Choices, step_id: str, depth: int, readable: list[str]) -> dict[str, Any]:
    forms = ["tool"] * 6 + (["each", "iterations", "until", "on", "once", "workflow"] if depth else [])
    form = choices.of(forms)
    if form == "tool":
        action: dict[str, Any] = {"tool": choices.of(["pure", "lists", "shell", "save"]), "args": {}}
        action["args"]["path"] = choices.of(["x", "y"])
        if readable:
            action["args"]["value"] = [f"{{{{{choices.of(readable)}}}}}"]
        action["retry"] = {"attempts": 2, "delay": 1}  # so that what fails once succeeds in every life
        return action
    if form == "workflow":
        return _workflow(choices, step_id, depth, readable)
    action = {"steps": _steps(choices, f"{step_id}_", depth - 1, readable)}
    if form == "each":
        items = [1, 2, 3][: choices.number(0, 3)]
        action["for_each"] = f"{{{{{choices.of(readable)}}}}}" if readable and choices.is_so() else items
        action |= choices.of([{}, {"width": 1}, {"width": 2}])
    elif form == "iterations":
        action["iterations"] = choices.number(1, 3)
    elif form == "until":
        action["repeat"] = {
            "until": {"ref": "{{index}}", "op": "ge", "value": choices.number(0, 3)},
            "limit": 3,
            "at_limit": choices.of(["fail", "stop"]),
        }
    elif form == "on":
        action["on"] = {"timer": "1s", "limit": choices.number(1, 3)}
        action |= choices.of([{}, {"width": 2}])
    return action


def _workflow(choices: Choices, step_id: str, depth: int, readable: list[str]) -> dict[str, Any]:
    """A workflow with inputs of its own, once or for each item, which may stop at its first failure."""
    body = {
        "inputs": {"v": {"default": 0}},
        "steps": _steps(choices, f"{step_id}_", depth - 1, ["inputs.v"]),
        "on_error": choices.of(["fail", "fail_fast"]),
    }
    action: dict[str, Any] = {"workflow": "body", "plan": body, "args": {}}
    if readable and choices.is_so():
        action["args"]["v"] = f"{{{{{choices.of(readable)}}}}}"
    if choices.is_so():
        action |= {"for_each": [1, 2], "args": {"v": "{{item}}"}}
    return action


def planned(document: dict[str, Any]) -> WorkflowPlan:
    draft = plan_from(document)
    assert not draft.faults, draft.faults
    plan, _ = completed(draft.plan)
    faults = validate(plan)
    assert not faults, faults
    return plan


def outcome(key: str, args: dict[str, Json], attempt: int) -> Json | Failure:
    """What a step gives back, by its key alone: mostly a small value, sometimes a list, sometimes a failure."""
    number = sha256(key.encode()).digest()[0]
    if number % FAILING == 0:
        return Failure("tool", "broke")
    if number % FAILING == 1 and attempt == 1:
        return Failure("transient", "try again")
    return [number, key] if number % 3 == 0 else number % 3


def never_fails(key: str, args: dict[str, Json], attempt: int) -> Json | Failure:
    result = outcome(key, args, 2)
    return 0 if isinstance(result, Failure) else result
