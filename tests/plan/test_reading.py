"""Reading plans: every form there is, and every fault in words, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.errors import RETRYABLE_KINDS
from overseer.plan import Draft, plan_from, read_plan, to_document
from overseer.plan.references import Ref, Text
from overseer.plan.values import (
    UNLIMITED,
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
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from tests.plan.samples import BAD, BAD_IN_DETAIL, BODY, GOOD, Document, call, scope, step


def faults_of(draft: Draft) -> list[str]:
    return [str(fault) for fault in draft.faults]


def only_step(document: Document) -> WorkflowStep:
    draft = plan_from(document)
    assert draft.faults == ()
    (found,) = draft.plan.steps
    return found


def mode_of(document: Document) -> Mode:
    action = only_step(document).action
    assert isinstance(action, Scope)
    return action.mode


DESIGN = """
name: joke-in-three-languages
inputs: {topic: {type: string, default: cats}}
steps:
  - {step_id: joke, description: Write a joke, tool: content_generator, args: {prompt: "A joke about {{inputs.topic}}"}}
  - {step_id: fr, tool: nmt_translator, args: {text: "{{joke}}", lang: fr}, depends_on: [joke], parallel_group: 1}
  - {step_id: es, tool: nmt_translator, args: {text: "{{joke}}", lang: es}, depends_on: [joke], parallel_group: 1}
  - {step_id: count, code: "count the words of every input text", args: {texts: ["{{fr}}", "{{es}}"]}}
output: {french: "{{fr}}", spanish: "{{es}}", words: "{{count}}"}
"""


def test_the_plan_of_the_design() -> None:
    draft = read_plan(DESIGN)
    assert draft.faults == ()
    assert draft.notes == ()
    assert draft.plan == WorkflowPlan(
        name="joke-in-three-languages",
        inputs={"topic": Input("string", "cats", required=False)},
        steps=(
            WorkflowStep(
                "joke",
                Call("content_generator"),
                "Write a joke",
                {"prompt": Text(("A joke about ", Ref("inputs", ("topic",))))},
            ),
            WorkflowStep(
                "fr",
                Call("nmt_translator"),
                args={"text": Ref("joke"), "lang": "fr"},
                depends_on=("joke",),
                parallel_group=1,
            ),
            WorkflowStep(
                "es",
                Call("nmt_translator"),
                args={"text": Ref("joke"), "lang": "es"},
                depends_on=("joke",),
                parallel_group=1,
            ),
            WorkflowStep("count", Code("count the words of every input text"), args={"texts": [Ref("fr"), Ref("es")]}),
        ),
        output={"french": Ref("fr"), "spanish": Ref("es"), "words": Ref("count")},
    )


def test_the_reply_of_the_seed_with_steps_in_words_only() -> None:
    draft = read_plan(
        '{"steps": [{"step_id": "step1", "description": "Write joke about cats", "parallel_group": 1, '
        '"depends_on": []}, {"step_id": "step2", "description": "Translate", "tool": "nmt_translator", '
        '"parallel_group": null, "depends_on": ["step1"]}]}'
    )
    assert draft.faults == ()
    assert draft.notes == ("step 'step1' names no tool: code will be written for it",)
    first, second = draft.plan.steps
    assert first == WorkflowStep("step1", Code("Write joke about cats"), "Write joke about cats", parallel_group=1)
    assert second == WorkflowStep("step2", Call("nmt_translator"), "Translate", depends_on=("step1",))


@pytest.mark.parametrize("document", GOOD)
def test_good_plans_have_no_faults_and_are_written_back_to_the_same(document: Document) -> None:
    draft = plan_from(document)
    assert draft.faults == ()
    assert plan_from(to_document(draft.plan)).plan == draft.plan


@pytest.mark.parametrize(("document", "faults"), [*BAD, *BAD_IN_DETAIL])
def test_bad_plans_are_told_what_is_wrong(document: Any, faults: list[str]) -> None:
    assert faults_of(plan_from(document)) == faults


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ({"depends_on": "b"}, "depends_on", ("b",)),
        ({"depends_on": ["b", "c"]}, "depends_on", ("b", "c")),
        ({"parallel_group": "g"}, "parallel_group", "g"),
        ({"timeout": "1m30s"}, "timeout_s", 90.0),
        ({"retry": 3}, "retry", Retry(3)),
        ({"retry": {"on": "tool"}}, "retry", Retry(1, ("tool",))),
        ({"retry": {"attempts": 2, "on": []}}, "retry", Retry(2, ())),
        ({"retry": {"attempts": 2, "delay": 0}}, "retry", Retry(2, RETRYABLE_KINDS, 0.0)),
        ({"outputs": ["x", "y"]}, "outputs", {"x": "any", "y": "any"}),
        ({"outputs": {"x": "list"}}, "outputs", {"x": "array"}),
        ({"when": "{{b}}"}, "when", Guard(Ref("b"))),
        ({"when": {"ref": "{{b.x}}"}}, "when", Guard(Ref("b", ("x",)))),
        ({"when": {"ref": "{{b}}", "op": "eq", "value": "{{c}}"}}, "when", Guard(Ref("b"), "eq", Ref("c"))),
        ({"when": {"ref": "{{b}}", "op": "ne", "value": None}}, "when", Guard(Ref("b"), "ne", None)),
        (
            {"when": {"ref": "{{b}}-{{c}}", "op": "eq", "value": "x"}},
            "when",
            Guard(Text((Ref("b"), "-", Ref("c"))), "eq", "x"),
        ),
    ],
)
def test_keys_of_a_step(keys: Document, field: str, value: Any) -> None:
    assert getattr(only_step(call(**keys)), field) == value


@pytest.mark.parametrize(
    ("keys", "mode"),
    [
        ({}, Once()),
        ({"for_each": "{{c}}"}, Each(Ref("c"))),
        ({"for_each": [1, "{{c}}"], "width": 2}, Each([1, Ref("c")], width=2)),
        ({"iterations": 5}, Each(iterations=5)),
        ({"iterations": "{{c.n}}"}, Each(iterations=Ref("c", ("n",)))),
        ({"repeat": {"limit": 3}}, Until(None, True, 3)),
        ({"repeat": {"until": "{{b}}"}}, Until(Guard(Ref("b")))),
        ({"repeat": {"while": "{{b}}", "limit": 5, "at_limit": "stop"}}, Until(Guard(Ref("b")), False, 5, "stop")),
        ({"repeat": {"until": "{{b}}", "forever": True}}, Until(Guard(Ref("b")), limit=UNLIMITED)),
        ({"on": {"timer": "5s"}}, On(Timer(5.0))),
        ({"on": {"file": "in/{{c}}", "limit": -1}}, On(FileChange(Text(("in/", Ref("c")))), limit=UNLIMITED)),
        ({"on": {"http": "/x", "until": "{{b}}"}, "width": 4}, On(Hook("/x"), Guard(Ref("b")), width=4)),
    ],
)
def test_modes_of_a_scope(keys: Document, mode: Mode) -> None:
    assert mode_of(scope(**keys)) == mode


@pytest.mark.parametrize("key", ["description", "tool", "args", "depends_on", "when", "timeout", "retry", "outputs"])
def test_null_counts_as_left_out(key: str) -> None:
    document = step(code="x") if key == "tool" else call()
    with_null = {"steps": [document["steps"][0] | {key: None}]}
    assert plan_from(with_null) == plan_from(document)


def test_an_input_with_a_default_need_not_be_given() -> None:
    inputs = plan_from(
        {"inputs": {"a": {"default": None}, "b": {}, "c": None, "d": {"default": 1, "required": True}}, "steps": BODY}
    ).plan.inputs
    assert {name: declared.required for name, declared in inputs.items()} == {
        "a": False,
        "b": True,
        "c": True,
        "d": True,
    }


def test_a_workflow_travels_with_its_plan() -> None:
    action = only_step(step(workflow="w", plan={"name": "w", "steps": BODY})).action
    assert action == Scope(Once(), WorkflowPlan((WorkflowStep("b", Call("t")),), name="w"), "w")


def test_all_faults_are_found_at_once_and_the_rest_is_still_read() -> None:
    draft = read_plan(
        "nam: x\n"
        "steps:\n"
        "  - step_id: a\n"
        "    tool: t\n"
        "    timeout: soon\n"
        "    depends_on: [b]\n"
        "  - tool: t\n"
        "  - text\n"
        "  - step_id: d\n"
        "    steps:\n"
        "      - {step_id: e, tool: t, when: d}\n"
        "    repeat: {until: '{{e', limit: many}\n"
    )
    assert faults_of(draft) == [
        "line 1: unknown key 'nam'; did you mean 'name'?",
        "line 5, step 'a': 'timeout' is wrong: \"soon\" is not a duration; "
        "write a number with ms, s, m, h or d, such as 5s or 1h30m",
        "line 7, step 2: has no 'step_id'; give it a short name that other steps can use",
        "line 8, step 3: a step must be a mapping with 'step_id', not \"text\"",
        "line 12, step 'd': 'repeat.until': '{{e' has no closing '}}'; for literal braces write {{\"{{\"}}",
        "line 12, step 'd': 'repeat.limit' must be a whole number of at least 1, not \"many\"",
        "line 11, step 'e': 'when' must be a reference, not \"d\"; write \"{{d}}\"",
    ]
    assert [found.step_id for found in draft.plan.steps] == ["a", "unnamed_2", "unnamed_3", "d"]
    assert draft.plan.steps[0].depends_on == ("b",)


def test_a_text_that_is_no_document_is_one_fault() -> None:
    draft = read_plan("steps: [")
    assert draft.plan == WorkflowPlan(())
    assert len(draft.faults) == 1


@pytest.mark.parametrize(
    ("source", "text", "is_fine"),
    [
        ("p.json", '{"steps": [{"step_id": "a", "tool": "t"}]}', True),
        ("p.JSON", "steps: []", False),
        ("p.yaml", '{"steps": [{"step_id": "a", "tool": "t"},]}', True),
        ("", '{"steps": [{"step_id": "a", "tool": "t"},]}', False),
        ("", "{steps: [{step_id: a, tool: t}]}", True),
    ],
)
def test_the_suffix_of_a_file_tells_its_syntax(source: str, text: str, is_fine: bool) -> None:
    assert (read_plan(text, source=source).faults == ()) is is_fine


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            {"steps": [{"step_id": "a", "tool": "t", "args": {"x": {1, 2}}}]},
            "plan.steps[0].args.x is a set; return text, numbers, lists or dicts with text keys",
        ),
        ({"steps": float("nan")}, "plan.steps is nan, which JSON cannot hold; return null instead"),
    ],
)
def test_a_value_that_is_not_json_is_a_fault(value: Any, fault: str) -> None:
    assert faults_of(plan_from(value)) == [fault]


def test_deeply_nested_scopes_are_read_without_trouble() -> None:
    document = call()
    for number in range(90):
        document = {"steps": [{"step_id": f"s{number}", "steps": document["steps"]}]}
    draft = plan_from(document)
    assert draft.faults == ()
    assert plan_from(to_document(draft.plan)).plan == draft.plan
