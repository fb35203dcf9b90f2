"""What is known of the input of code before the steps run that it comes from."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.frontends.origins import tasks_ahead
from overseer.frontends.programs import Task
from overseer.plan import plan_from
from overseer.plan.references import parsed
from overseer.plan.values import Once, Scope, WorkflowPlan, WorkflowStep
from overseer.tool import Tool, tool


@tool
def plain(text: str) -> Any:
    """Do something. In some way.

    Args:
        text: with what
    """


TYPED = Tool("typed", lambda: 1, "Count.\nMore.", output={"type": "integer"})
SPOKEN = Tool("spoken", lambda: "", "Say it\x1b[31m.", kind="llm")
LARGE = Tool("large", dict, output={"type": "object", "properties": {f"p{n}": {} for n in range(500)}})
TOOLS = {each.name: each for each in (plain, TYPED, SPOKEN, LARGE)}


def tasks(*steps: dict[str, Any], is_whole: bool = True, **more: Any) -> list[Task]:
    draft = plan_from({"steps": list(steps), **more})
    assert not draft.faults, draft.faults
    return list(tasks_ahead(draft.plan, TOOLS, is_whole=is_whole))


def origin(reference: str, *steps: dict[str, Any], **more: Any) -> str:
    """What is said of a reference that code reads beside these steps."""
    (task,) = tasks(*steps, {"step_id": "code", "code": "do", "args": {"x": reference}}, **more)
    assert task.origins is not None
    (told,) = task.origins
    return told


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("plain", "the tool plain (Do something. In some way); in what form it gives it, it does not say"),
        ("typed", 'the tool typed (Count); it gives, as JSON Schema: {"type":"integer"}'),
        ("spoken", "the tool spoken (Say it [31m); it gives text"),
        ("large", "it gives an object of many parts"),
    ],
)
def test_the_result_of_a_tool_is_told_with_what_that_promises(name: str, form: str) -> None:
    told = origin("{{a}}", {"step_id": "a", "description": "First\nof all", "tool": name, "args": {"text": "x"}})
    assert told.startswith("{{a}}: the result of the step 'First of all', which calls")
    assert form in told


def test_parts_inputs_code_and_declared_fields() -> None:
    typed = {"step_id": "a", "tool": "typed"}
    assert origin("{{a.b[0]}}", typed).startswith("{{a.b[0]}}: [\"b\",0] of the result of the step 'a'")
    declared = {"topic": {"type": "object", "default": {"n": 1}, "description": "about\nit"}}
    told = "{{inputs.topic.n}}: [\"n\"] of the input 'topic' of the plan, of type object, "
    assert origin("{{inputs.topic.n}}", inputs=declared) == told + '{"n":1} unless something else is given: about it'
    assert origin("{{inputs}}", inputs=declared) == "{{inputs}}: all inputs of the plan"
    with_fields = {**typed, "outputs": {"n": "integer", "s": "string"}}
    assert origin("{{a}}", with_fields).endswith("; it has the fields n (integer), s (string)")
    first, second = tasks(
        {"step_id": "a", "code": "count it"}, {"step_id": "b", "code": "more", "args": {"x": "{{a}}"}}
    )
    assert first.origins == ()
    assert second.origins == ("{{a}}: the result of the step 'a', which is code for this task: count it",)


def test_the_names_of_rounds_are_those_of_the_scope_around_them() -> None:
    def inside(args: dict[str, str], **scope: Any) -> tuple[str, ...]:
        (task,) = tasks({"step_id": "s", **scope, "steps": [{"step_id": "c", "code": "do", "args": args}]})
        assert task.origins is not None
        return task.origins

    assert inside({"x": "{{item}}", "n": "{{index}}"}, for_each=["a", "b"]) == (
        '{{item}}: one item of the list ["a","b"]',
        "{{index}}: the number of the round, from 0",
    )
    assert inside({"x": "{{index}}"}, iterations=3) == ("{{index}}: the number of the round, from 0",)
    (last,) = inside({"x": "{{last}}"}, repeat={"until": {"ref": "{{c}}"}, "limit": 3})
    assert last.startswith("{{last}}: what the round before gave")
    assert inside({"x": "{{event}}"}, on={"timer": "5s"}) == ("{{event}}: what has happened, as an object",)


def test_the_list_of_a_scope_is_told_with_what_a_round_gives() -> None:
    scope = {"step_id": "s", "for_each": [1], "steps": [{"step_id": "a", "tool": "typed"}], "output": {"n": "{{a}}"}}
    assert origin("{{s}}", scope).endswith('a list with this for each of its rounds: {"n":"{{a}}"}')


def test_a_workflow_of_its_own_knows_what_it_was_given_and_no_more() -> None:
    body = plan_from(
        {
            "inputs": {"n": {"type": "integer"}, "m": {"type": "integer", "default": 7}},
            "steps": [{"step_id": "c", "code": "do", "args": {"n": "{{inputs.n}}", "m": "{{inputs.m}}", "a": "{{a}}"}}],
        }
    ).plan
    caller = WorkflowStep("w", Scope(Once(), body, workflow="w.yaml"), args=parsed({"n": "{{a}}"}))
    (task,) = tasks_ahead(WorkflowPlan((WorkflowStep.calling("a", "typed"), caller)), TOOLS)
    assert task.origins is not None
    assert task.origins[0].startswith("{{inputs.n}}: the result of the step 'a', which calls the tool typed")
    assert task.origins[1:] == (
        "{{inputs.m}}: the input 'm' of the plan, of type integer, 7 unless something else is given",
        "{{a}}: the plan does not say",
    )


def test_of_a_plan_that_is_not_whole_only_what_is_explained_is_given() -> None:
    steps = [
        {"step_id": "a", "code": "one", "args": {"x": 1}},
        {"step_id": "b", "code": "two", "args": {"x": "{{later}}"}},
        {"step_id": "c", "code": "three", "args": {"x": "{{inputs.topic}}"}},
    ]
    assert [task.text for task in tasks(*steps, is_whole=False)] == ["one"]
    whole = tasks(*steps)
    assert [task.text for task in whole] == ["one", "two", "three"]
    assert whole[1].origins == ("{{later}}: the plan does not say",)


def test_the_arguments_are_those_that_the_plan_has_and_the_tools_those_there_are() -> None:
    (task,) = tasks(
        {"step_id": "a", "tool": "typed"},
        {"step_id": "c", "code": "do", "tools": ["typed", "none"], "args": {"t": "n: {{a}}", "l": ["{{a}}", 2]}},
    )
    assert task.args == {"t": "n: {{a}}", "l": ["{{a}}", 2]}
    assert task.signature == ("do", ("l", "t"), ("typed",))
    assert task.origins is not None
    assert len(task.origins) == 1  # told once, however often it is read
