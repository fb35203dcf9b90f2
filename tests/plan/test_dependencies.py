"""Dependencies: whatever is read is waited for, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from overseer.plan import completed, plan_from, validate
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep
from tests.plan.strategies import plans

Needs = dict[str, Any]


def plan(*steps: dict[str, Any]) -> WorkflowPlan:
    draft = plan_from({"steps": list(steps)})
    assert draft.faults == ()
    return draft.plan


def call(step_id: str, *refs: str, **keys: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool": "t", "args": {"x": [f"{{{{{ref}}}}}" for ref in refs]}, **keys}


def needs(steps: tuple[WorkflowStep, ...]) -> Needs:
    """The dependencies of all steps; those of a scope together with those in its body."""
    return {step.step_id: _needs(step) for step in steps}


def _needs(step: WorkflowStep) -> Any:
    if isinstance(step.action, Scope) and step.action.body is not None:
        return list(step.depends_on), needs(step.action.body.steps)
    return list(step.depends_on)


@pytest.mark.parametrize(
    ("steps", "expected", "notes"),
    [
        (
            [call("joke"), call("fr", "joke")],
            {"joke": [], "fr": ["joke"]},
            ["dependencies added from what steps read: fr on joke"],
        ),
        (
            [call("a"), call("b"), call("c", "a", "b.x[0]", "a.y", depends_on=["b"])],
            {"a": [], "b": [], "c": ["b", "a"]},
            ["dependencies added from what steps read: c on a"],
        ),
        (
            [call("b", "a"), call("a")],  # the order of writing is no matter
            {"b": ["a"], "a": []},
            ["dependencies added from what steps read: b on a"],
        ),
        (
            [call("a"), call("b", when={"ref": "{{a}}", "op": "eq", "value": "{{c}}"}), call("c")],
            {"a": [], "b": ["a", "c"], "c": []},
            ["dependencies added from what steps read: b on a, c"],
        ),
        ([call("a", "a", "inputs.x", "item", "nowhere")], {"a": []}, []),
        # scopes
        (
            [call("list"), {"step_id": "map", "for_each": "{{list}}", "steps": [call("b", "item")]}],
            {"list": [], "map": (["list"], {"b": []})},
            ["dependencies added from what steps read: map on list"],
        ),
        (
            [call("n"), {"step_id": "many", "iterations": "{{n}}", "steps": [call("b")]}],
            {"n": [], "many": (["n"], {"b": []})},
            ["dependencies added from what steps read: many on n"],
        ),
        (
            [call("p"), {"step_id": "watch", "on": {"file": "in/{{p}}"}, "steps": [call("b", "event")]}],
            {"p": [], "watch": (["p"], {"b": []})},
            ["dependencies added from what steps read: watch on p"],
        ),
        (  # what a body reads from outside, its scope waits for
            [call("a"), {"step_id": "s", "steps": [call("b"), call("c", "a", "b")]}],
            {"a": [], "s": (["a"], {"b": [], "c": ["b"]})},
            ["dependencies added from what steps read: c on b; s on a"],
        ),
        (  # through several levels
            [call("a"), {"step_id": "s", "steps": [{"step_id": "u", "steps": [call("b", "a")]}]}],
            {"a": [], "s": (["a"], {"u": ([], {"b": []})})},
            ["dependencies added from what steps read: s on a"],
        ),
        (  # to the level that has the step, and no further
            [{"step_id": "s", "steps": [call("a"), {"step_id": "u", "steps": [call("b", "a")]}]}],
            {"s": ([], {"a": [], "u": (["a"], {"b": []})})},
            ["dependencies added from what steps read: u on a"],
        ),
        (  # the name of a scope means its current round inside of it
            [{"step_id": "s", "for_each": [1], "steps": [{"step_id": "u", "steps": [call("b", "s.item", "s.index")]}]}],
            {"s": ([], {"u": ([], {"b": []})})},
            [],
        ),
        (  # an output and a guard read as well
            [
                call("a"),
                call("c"),
                {
                    "step_id": "s",
                    "repeat": {"until": {"ref": "{{last}}", "op": "eq", "value": "{{c}}"}},
                    "steps": [call("b")],
                    "output": ["{{a}}", "{{b}}"],
                },
            ],
            {"a": [], "c": [], "s": (["a", "c"], {"b": []})},
            ["dependencies added from what steps read: s on a, c"],
        ),
        (  # a dependency that leads out of the body
            [call("a"), {"step_id": "s", "steps": [call("b", depends_on=["a"]), call("c", depends_on=["b", "a"])]}],
            {"a": [], "s": (["a"], {"b": [], "c": ["b"]})},
            [
                "step 'b' depends on 'a' outside of its scope: dependency moved to 's'",
                "step 'c' depends on 'a' outside of its scope: dependency moved to 's'",
                "dependencies added from what steps read: s on a",
            ],
        ),
        (  # a workflow from elsewhere sees nothing around it; its arguments do
            [
                call("a"),
                {
                    "step_id": "w",
                    "workflow": "w",
                    "args": {"x": "{{a}}"},
                    "plan": {"inputs": {"x": "any"}, "steps": [call("c"), call("b", "c", "a")]},
                },
            ],
            {"a": [], "w": (["a"], {"c": [], "b": ["c"]})},
            ["dependencies added from what steps read: b on c; w on a"],
        ),
    ],
)
def test_implied_dependencies(steps: list[dict[str, Any]], expected: Needs, notes: list[str]) -> None:
    result, found = completed(plan(*steps))
    assert needs(result.steps) == expected
    assert list(found) == notes


def test_however_much_was_forgotten_it_is_told_in_one_line() -> None:
    _, notes = completed(plan(call("a"), *(call(f"s{number}", "a") for number in range(9))))
    assert notes == ("dependencies added from what steps read: s0 on a; s1 on a; s2 on a; s3 on a; and 5 more steps",)


def test_a_complete_plan_stays_the_same_object() -> None:
    before = plan(call("a"), call("b", "a", depends_on=["a"]), {"step_id": "s", "steps": [call("c")]})
    after, notes = completed(before)
    assert after is before
    assert notes == ()


def test_steps_that_lack_nothing_stay_the_same_objects() -> None:
    before = plan(call("a"), call("b", "a"), {"step_id": "s", "steps": [call("c"), call("d", "c")]})
    after, _ = completed(before)
    assert after.steps[0] is before.steps[0]
    assert after.steps[1] == before.steps[1].depending_on(("a",))
    assert isinstance(before.steps[2].action, Scope)
    assert isinstance(after.steps[2].action, Scope)
    assert before.steps[2].action.body is not None
    assert after.steps[2].action.body is not None
    assert after.steps[2].action.body.steps[0] is before.steps[2].action.body.steps[0]


def test_a_workflow_that_is_used_twice_is_completed_once() -> None:
    body = plan(call("a"), call("b", "a"))
    use = [{"step_id": step_id, "workflow": "w"} for step_id in ("one", "two")]
    outer = plan(*use)
    linked = outer.with_steps(
        tuple(WorkflowStep(step.step_id, Scope(step.action.mode, body, "w")) for step in outer.steps)  # type: ignore[union-attr]
    )
    after, notes = completed(linked)
    one, two = (step.action for step in after.steps)
    assert isinstance(one, Scope)
    assert isinstance(two, Scope)
    assert one.body is two.body
    assert len(notes) == 1


@given(plans)
def test_completing_settles_at_once(before: WorkflowPlan) -> None:
    after, _ = completed(before)
    again, notes = completed(after)
    assert again is after
    assert notes == ()


@given(plans)
def test_no_plan_is_too_strange_to_validate(strange: WorkflowPlan) -> None:
    for fault in (*validate(strange), *validate(completed(strange)[0], tools={})):
        assert str(fault)


@pytest.mark.timeout(30)  # a thousand times what it takes, and far less than looking through all for each
def test_a_join_of_very_many_steps_costs_no_more_for_each_of_them() -> None:
    names = [f"s{number}" for number in range(49_000)]
    join = WorkflowStep.calling("join", "t", {"x": [f"{{{{{name}}}}}" for name in names]}, depends_on=tuple(names[:1]))
    whole, _ = completed(WorkflowPlan((*(WorkflowStep.calling(name, "t") for name in names), join)))
    assert len(whole.steps[-1].depends_on) == len(names)
    assert validate(whole) == ()
