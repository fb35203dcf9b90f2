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

EFFECTS = {"shell": Effects(is_undeclared=True), "save": Effects(writes=("file:{path}",))}

FAILING = 4  # of so many steps about one fails, where failures are wanted


@st.composite
def documents(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A plan in the plan format."""
    document: dict[str, Any] = {"steps": draw(_steps("", depth, [])), "on_error": draw(_mostly("fail", "fail_fast"))}
    return document


def _mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 4 + list(others))


@st.composite
def _steps(draw: st.DrawFn, prefix: str, depth: int, outside: list[str]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6 if depth == 2 else 3))):
        earlier = [step["step_id"] for step in steps]
        step: dict[str, Any] = {"step_id": f"{prefix}s{number}"}
        if earlier:
            step["depends_on"] = draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True))
        step |= draw(_action(step["step_id"], depth, earlier + outside))
        if earlier and draw(st.booleans()) and draw(st.booleans()):
            step["when"] = {
                "ref": f"{{{{{draw(st.sampled_from(earlier))}}}}}",
                "op": "ne",
                "value": draw(st.integers(0, 2)),
            }
        step["on_error"] = draw(_mostly("fail", "continue", "partial"))
        step["parallel_group"] = draw(st.sampled_from([None, 1, 2]))
        steps.append(step)
    return steps


@st.composite
def _action(draw: st.DrawFn, step_id: str, depth: int, readable: list[str]) -> dict[str, Any]:
    forms = ["tool"] * 6 + (["each", "iterations", "until", "on", "once", "workflow"] if depth else [])
    form = draw(st.sampled_from(forms))
    if form == "tool":
        action: dict[str, Any] = {"tool": draw(st.sampled_from(["pure", "lists", "shell", "save"])), "args": {}}
        action["args"]["path"] = draw(st.sampled_from(["x", "y"]))
        if readable:
            action["args"]["value"] = [f"{{{{{draw(st.sampled_from(readable))}}}}}"]
        action["retry"] = {"attempts": 2, "delay": 1}  # so that what fails once succeeds in every life
        return action
    if form == "workflow":
        return draw(_workflow(step_id, depth, readable))
    action = {"steps": draw(_steps(f"{step_id}_", depth - 1, readable))}
    if form == "each":
        items = [1, 2, 3][: draw(st.integers(0, 3))]
        action["for_each"] = f"{{{{{draw(st.sampled_from(readable))}}}}}" if readable and draw(st.booleans()) else items
        action |= draw(st.sampled_from([{}, {"width": 1}, {"width": 2}]))
    elif form == "iterations":
        action["iterations"] = draw(st.integers(1, 3))
    elif form == "until":
        action["repeat"] = {
            "until": {"ref": "{{index}}", "op": "ge", "value": draw(st.integers(0, 3))},
            "limit": 3,
            "at_limit": draw(st.sampled_from(["fail", "stop"])),
        }
    elif form == "on":
        action["on"] = {"timer": "1s", "limit": draw(st.integers(1, 3))}
        action |= draw(st.sampled_from([{}, {"width": 2}]))
    return action


@st.composite
def _workflow(draw: st.DrawFn, step_id: str, depth: int, readable: list[str]) -> dict[str, Any]:
    """A workflow with inputs of its own, once or for each item, which may stop at its first failure."""
    body = {
        "inputs": {"v": {"default": 0}},
        "steps": draw(_steps(f"{step_id}_", depth - 1, ["inputs.v"])),
        "on_error": draw(st.sampled_from(["fail", "fail_fast"])),
    }
    action: dict[str, Any] = {"workflow": "body", "plan": body, "args": {}}
    if readable and draw(st.booleans()):
        action["args"]["v"] = f"{{{{{draw(st.sampled_from(readable))}}}}}"
    if draw(st.booleans()):
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
