"""How two plans differ: as values that say everything, and as lines that a person approves by."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given

from overseer.plan import plan_from, to_document
from overseer.plan.difference import Difference, FieldChange, StepChange, difference, difference_lines
from overseer.plan.values import WorkflowPlan
from tests.plan.strategies import plans

JOKE = {"step_id": "joke", "description": "Write a joke", "tool": "write", "args": {"prompt": "A joke"}}
FRENCH = {"step_id": "fr", "tool": "translate", "args": {"text": "{{joke}}", "target_lang": "fr"}}
EACH: dict[str, Any] = {
    "step_id": "each",
    "for_each": ["Rome", "Paris"],
    "steps": [{"step_id": "poem", "tool": "write", "args": {"prompt": "On {{item}}"}}],
}


def plan(*steps: Any, **rest: Any) -> WorkflowPlan:
    draft = plan_from({"steps": list(steps), **rest})
    assert not draft.faults
    return draft.plan


def lines(before: WorkflowPlan, after: WorkflowPlan) -> list[str]:
    return difference_lines(difference(before, after))


def test_a_changed_argument_is_told_with_what_it_was() -> None:
    german = {**FRENCH, "args": {**FRENCH["args"], "target_lang": "de"}}
    found = difference(plan(JOKE, FRENCH), plan(JOKE, german))
    assert found.changed == (StepChange("fr", (FieldChange(("args", "target_lang"), "changed", "fr", "de"),)),)
    assert difference_lines(found) == ["~ fr: args.target_lang: fr -> de"]


def test_steps_that_come_are_told_in_full_and_those_that_go_by_name() -> None:
    assert lines(plan(JOKE), plan(FRENCH)) == [
        "- joke: Write a joke",
        "+ fr",
        "    tool: translate",
        "    args.text: {{joke}}",
        "    args.target_lang: fr",
    ]


def test_what_changes_inside_of_a_body_is_told_by_the_ids_of_its_steps() -> None:
    after = json.loads(json.dumps(EACH))
    after["steps"][0]["args"]["prompt"] = "About {{item}}"
    after["steps"].append({"step_id": "save", "tool": "save", "depends_on": ["poem"]})
    assert lines(plan(EACH), plan(after)) == [
        "~ each: steps.poem.args.prompt: On {{item}} -> About {{item}}",
        '~ each: steps.save: + {"step_id":"save","tool":"save","depends_on":["poem"]}',
    ]


def test_inputs_output_and_order_are_part_of_it() -> None:
    before = plan(JOKE, FRENCH, output="{{fr}}", inputs={"topic": {"type": "string", "default": "cats"}})
    after = plan(FRENCH, JOKE, output={"french": "{{fr}}"}, inputs={"topic": {"type": "string", "default": "dogs"}})
    assert lines(before, after) == [
        "~ inputs.topic.default: cats -> dogs",
        '~ output: {{fr}} -> {"french":"{{fr}}"}',
        "~ order: fr, joke",
    ]


def test_of_long_texts_the_lines_that_differ_are_told_and_none_is_cut() -> None:
    code = {"step_id": "c", "code": "one\ntwo\nthree " + "x" * 500}
    assert lines(plan(code), plan({**code, "code": code["code"].replace("two", "2")})) == [
        "~ c: code:",
        "    - two",
        "    + 2",
    ]
    longer = lines(plan(code), plan({**code, "code": code["code"] + "y" * 900}))
    assert longer[2] == "    + three " + "x" * 500 + "y" * 900


def test_values_of_other_types_that_read_alike_are_told_apart() -> None:
    number, text = ({**JOKE, "args": {"prompt": value}} for value in (5, "5"))
    assert lines(plan(number), plan(text)) == ['~ joke: args.prompt: 5 -> "5"']
    assert lines(plan({**JOKE, "args": {"x": True}}), plan({**JOKE, "args": {"x": 1}})) == ["~ joke: args.x: true -> 1"]


def test_a_body_of_a_new_step_is_told_line_by_line() -> None:
    assert lines(plan(JOKE), plan(JOKE, EACH)) == [
        "+ each",
        '    for_each: ["Rome","Paris"]',
        "    steps.poem.tool: write",
        "    steps.poem.args.prompt: On {{item}}",
    ]


@given(plans)
def test_a_plan_does_not_differ_from_itself(one: WorkflowPlan) -> None:
    assert difference(one, one) == Difference()
    assert difference(one, plan_from(to_document(one)).plan).is_empty


@given(plans, plans)
def test_plans_differ_and_have_a_line_for_it_where_they_say_something_else(
    one: WorkflowPlan, other: WorkflowPlan
) -> None:
    is_alike = json.dumps(to_document(one), sort_keys=True) == json.dumps(to_document(other), sort_keys=True)
    found = difference(one, other)
    assert found.is_empty == is_alike
    assert bool(difference_lines(found)) != is_alike


@given(plans, plans)
def test_the_way_back_is_the_same_the_other_way_round(one: WorkflowPlan, other: WorkflowPlan) -> None:
    there, back = difference(one, other), difference(other, one)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert {change.step_id for change in there.changed} == {change.step_id for change in back.changed}
    assert {field.path for field in there.plan} == {field.path for field in back.plan}


@given(plans, plans)
def test_steps_of_another_plan_added_are_all_that_is_added(one: WorkflowPlan, other: WorkflowPlan) -> None:
    taken = {step.step_id for step in one.steps}
    more = tuple(step for step in other.steps if step.step_id not in taken)
    assert difference(one, replace(one, steps=(*one.steps, *more))) == Difference(added=more)
