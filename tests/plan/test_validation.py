"""Validation: every fault of meaning, all at once, in words that help."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.plan import Limits, check_draft, completed, plan_from, read_plan, validate
from overseer.plan.values import Allowance, Call, Each, Input, Once, Scope, WorkflowPlan, WorkflowStep
from overseer.tool import Tool, tool

Document = dict[str, Any]


@tool
def translate(text: str, target_lang: str = "fr") -> str:
    return text


@tool(output={"type": "object", "properties": {"title": {}, "url": {}}, "additionalProperties": False})
def search(query: str) -> dict[str, str]:
    return {}


@tool
def anything(**values: Any) -> Any:
    return values


TOOLS: dict[str, Tool] = {tool.name: tool for tool in (translate, search, anything)}


def call(step_id: str, *refs: str, **keys: Any) -> Document:
    args = {"x": [f"{{{{{ref}}}}}" for ref in refs]} if refs else {}
    return {"step_id": step_id, "tool": "anything", "args": args, **keys}


def scope(step_id: str, *steps: Document, **keys: Any) -> Document:
    return {"step_id": step_id, "steps": list(steps), **keys}


def plan(*steps: Document, **keys: Any) -> WorkflowPlan:
    draft = plan_from({"steps": list(steps), **keys})
    assert draft.faults == ()
    return draft.plan


def complaints(*steps: Document, **keys: Any) -> list[str]:
    """The faults of a plan, which are the same whether it was completed before or not."""
    incomplete = plan(*steps, **keys)
    found = [str(fault) for fault in validate(completed(incomplete)[0], tools=TOOLS)]
    assert sorted(str(fault) for fault in validate(incomplete, tools=TOOLS)) == sorted(found)
    return found


def test_a_plan_without_faults() -> None:
    assert complaints(
        call("a", "inputs.topic"),
        {"step_id": "b", "tool": "search", "args": {"query": "{{a}}"}},
        call("c", "b.title", "a.whatever[0]", when="{{b.url}}"),
        scope("d", call("e", "item", "index", "c", "d.item"), for_each="{{c}}"),
        scope(
            "f",
            call("g", "last", "index", "f.last.x"),
            repeat={"until": {"ref": "{{g}}", "op": "eq", "value": "{{last}}"}},
        ),
        scope("h", call("i", "event", "index"), on={"file": "{{inputs.topic}}"}),
        call("j", "d[0].x", "f.x", "h"),
        inputs={"topic": "string"},
        output={"all": ["{{j}}", "{{d}}"]},
    ) == []  # fmt: skip


# --- ids and dependencies


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        ([], ["there are no steps; add at least one"]),
        ([call("a"), call("a")], ["step 'a': another step has the same id; ids must be unique"]),
        (
            [call("a"), scope("s", call("a"))],
            ["step 'a': a step around this one has the same id; ids must be unique, inside of scopes too"],
        ),
        (
            [scope("s", scope("t", call("s")))],
            ["step 's': a step around this one has the same id; ids must be unique, inside of scopes too"],
        ),
        ([scope("s", call("b")), scope("t", call("b"))], []),
        (
            [call("a b")],
            ["step 'a b': the step_id is not a name; use letters, digits, '_' and '-', such as fetch_news"],
        ),
        ([call("last")], ["step 'last': 'last' has a meaning of its own in references; choose another step_id"]),
        ([call("x" * 101)], [f"step '{'x' * 101}': the step_id has 101 letters; 100 are enough"]),
        ([call("x" * 100), call("fetch-news"), call("été"), call("1")], []),
        (
            [call("joke"), call("fr", depends_on=["jok"])],
            ["step 'fr': depends on 'jok', which does not exist; did you mean 'joke'?"],
        ),
        (
            [call("joke"), call("fr", depends_on=["zzz"])],
            ["step 'fr': depends on 'zzz', which does not exist; the other steps are: joke"],
        ),
        ([call("a", depends_on=["zzz"])], ["step 'a': depends on 'zzz', which does not exist"]),
        ([call("a", depends_on=["a"])], ["step 'a': depends on itself"]),
        (
            [scope("s", call("b")), call("c", depends_on=["b"])],
            ["step 'c': depends on 'b', which is inside of the scope 's'; depend on 's' instead"],
        ),
        (
            [scope("s", scope("t", call("b"))), call("c", depends_on=["b"])],
            ["step 'c': depends on 'b', which is inside of the scope 's'; depend on 's' instead"],
        ),
        (
            [scope("s", call("b", depends_on=["s"]))],
            ["step 'b': depends on 's', the scope that it is inside of; take that dependency away"],
        ),
        ([call("a"), scope("s", call("b", depends_on=["a"]))], []),
        ([scope("s")], ["step 's': there are no steps; add at least one"]),
    ],
)
def test_ids_and_dependencies(steps: list[Document], faults: list[str]) -> None:
    assert complaints(*steps) == faults


# --- cycles


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        (
            [call("a", depends_on=["b"]), call("b", depends_on=["a"])],
            ["step 'a': waits for itself: a -> b -> a; take one of these dependencies away"],
        ),
        (
            [call("a", "c"), call("b", "a"), call("c", "b.x")],
            ["step 'a': waits for itself: a -> c -> b -> a; take one of these dependencies away"],
        ),
        (
            [call("a", "b"), call("b", "a"), call("c"), call("d", "e"), call("e", "d", "c")],
            [
                "step 'a': waits for itself: a -> b -> a; take one of these dependencies away",
                "step 'd': waits for itself: d -> e -> d; take one of these dependencies away",
            ],
        ),
        (
            [call("a", "a.x")],
            ["step 'a': reads {{a.x}}, but a step cannot read its own result; a 'repeat' scope can read {{last}}"],
        ),
        (  # a step that reads a scope which reads it
            [scope("s", call("b", "a")), call("a", "s")],
            ["step 's': waits for itself: s -> a -> s; take one of these dependencies away"],
        ),
        (
            [scope("s", call("b", "c"), call("c", "b"))],
            ["step 'b': waits for itself: b -> c -> b; take one of these dependencies away"],
        ),
        (
            [scope("s", call("b"), output="{{a}}"), call("a", "s")],
            ["step 's': waits for itself: s -> a -> s; take one of these dependencies away"],
        ),
    ],
)
def test_cycles(steps: list[Document], faults: list[str]) -> None:
    assert complaints(*steps) == faults


# --- references


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        (
            [call("joke"), call("fr", "jok.title")],
            ["step 'fr': reads {{jok.title}}, but there is no step 'jok'; did you mean 'joke'?"],
        ),
        (
            [call("joke"), call("fr", "zzz")],
            ["step 'fr': reads {{zzz}}, but there is no step 'zzz'; the steps to read are: joke"],
        ),
        (
            [call("a", "inputs.topic")],
            ["step 'a': reads {{inputs.topic}}, but there is no input 'topic'; declare it under 'inputs:'"],
        ),
        ([call("a", "inputs")], []),
        (
            [call("a", "item")],
            ["step 'a': reads {{item}}, but 'item' has a value only inside of a 'for_each' or 'iterations' scope"],
        ),
        (
            [call("a", "index")],
            ["step 'a': reads {{index}}, but 'index' has a value only inside of a scope with rounds"],
        ),
        ([call("a", "last")], ["step 'a': reads {{last}}, but 'last' has a value only inside of a 'repeat' scope"]),
        ([call("a", "event")], ["step 'a': reads {{event}}, but 'event' has a value only inside of an 'on' scope"]),
        (
            [scope("s", call("b", "item"), repeat={"limit": 2})],
            ["step 'b': reads {{item}}, but 'item' has a value only inside of a 'for_each' or 'iterations' scope"],
        ),
        ([scope("s", scope("t", call("b", "item")), for_each=[1])], []),
        (
            [scope("s", scope("t", call("b", "item", "last")), for_each=[1])],
            ["step 'b': reads {{last}}, but 'last' has a value only inside of a 'repeat' scope"],
        ),
        ([scope("s", scope("t", call("b", "item", "last"), for_each=[1]), repeat={"limit": 2})], []),
        (
            [scope("s", call("b"), for_each="{{item}}")],
            ["step 's': reads {{item}}, but 'item' has a value only inside of a 'for_each' or 'iterations' scope"],
        ),
        (
            [scope("s", call("b")), call("c", "b")],
            ["step 'c': reads {{b}}, but 'b' is inside of the scope 's'; read {{s}} instead"],
        ),
        (
            [scope("s", call("b", "s"), for_each=[1])],
            ["step 'b': reads {{s}}, but 's' stands for the current round in here; write {{s.index}} or {{s.item}}"],
        ),
        (
            [scope("s", call("b", "s.last"), for_each=[1])],
            [
                "step 'b': reads {{s.last}}, but 's' stands for the current round in here; "
                "write {{s.index}} or {{s.item}}"
            ],
        ),
        (
            [scope("s", call("b", "s.item"))],
            [
                "step 'b': reads {{s.item}}, but 's' is the scope that this is inside of; "
                "its result is there only once it has ended"
            ],
        ),
        (
            [call("a"), scope("s", call("b"), repeat={"until": "{{c}}"})],
            ["step 's': the guard reads {{c}}, but there is no step 'c'; the steps to read are: b, a"],
        ),
        ([scope("s", call("b"), on={"timer": 1, "until": {"ref": "{{last}}", "op": "eq", "value": "{{b}}"}})], []),
        (
            [scope("s", call("b"), output={"x": "{{c}}"})],
            ["step 's': the output reads {{c}}, but there is no step 'c'; the steps to read are: b"],
        ),
        # what results are known to offer
        (
            [call("joke", outputs=["title", "text"]), call("fr", "joke.titel", "joke.text")],
            ["step 'fr': reads {{joke.titel}}, but 'joke' offers no 'titel'; did you mean 'title'?"],
        ),
        (
            [{"step_id": "a", "tool": "search", "args": {"query": "x"}}, call("b", "a.link")],
            ["step 'b': reads {{a.link}}, but 'a' offers no 'link'; it offers: title, url"],
        ),
        (
            [scope("s", call("b"), output={"x": "{{b}}"}), call("c", "s.y")],
            ["step 'c': reads {{s.y}}, but 's' offers no 'y'; it offers: x"],
        ),
        ([scope("s", call("b"), output={"x": "{{b}}"}, on_error="partial"), call("c", "s.error.message")], []),
        ([scope("s", call("b"), for_each=[1], output={"x": "{{b}}"}), call("c", "s[0].x", "s[-1]", "s.0.x")], []),
        (
            [
                scope("s", call("b"), for_each=[1], output={"x": "{{b}}"}, on_error="partial"),
                call("c", "s.error.kind", "s[0].error.kind", "s[0].x"),
            ],
            [],
        ),
        (
            [scope("s", call("b"), for_each=[1], output={"x": "{{b}}"}), call("c", "s.x", "s[0].y")],
            [
                "step 'c': reads {{s.x}}, but 's' gives a list, with a result for each round; "
                "write {{s[0].x}}, or go over it with for_each",
                "step 'c': reads {{s[0].y}}, but 's' offers no 'y'; it offers: x",
            ],
        ),
    ],
)
def test_references(steps: list[Document], faults: list[str]) -> None:
    assert complaints(*steps) == faults


def test_an_input_that_is_not_declared() -> None:
    assert complaints(call("a", "inputs.topik"), inputs={"topic": "string"}) == [
        "step 'a': reads {{inputs.topik}}, but there is no input 'topik'; did you mean 'topic'?"
    ]


def test_an_output_that_nothing_gives() -> None:
    assert complaints(call("joke"), output={"x": "{{jok}}"}) == [
        "the output reads {{jok}}, but there is no step 'jok'; did you mean 'joke'?"
    ]


# --- tools


@pytest.mark.parametrize(
    ("step", "faults"),
    [
        ({"tool": "translat", "args": {"text": "x"}}, ["there is no tool 'translat'; did you mean 'translate'?"]),
        ({"tool": "zzz"}, ["there is no tool 'zzz'; the tools are: translate, search, anything"]),
        ({"tool": "translate", "args": {"text": "{{inputs}}"}}, []),
        (
            {"tool": "translate", "args": {"txt": "x", "target_lang": 5}},
            [
                "the argument 'text' is missing",
                "there is no argument 'txt'; did you mean 'text'?",
                "the argument 'target_lang' must be text, not 5",
            ],
        ),
        ({"code": "do it", "tools": ["search", "serch"]}, ["there is no tool 'serch'; did you mean 'search'?"]),
    ],
)
def test_tools(step: Document, faults: list[str]) -> None:
    assert complaints({"step_id": "a", **step}) == [f"step 'a': {fault}" for fault in faults]


def test_without_tools_any_tool_is_taken_to_exist() -> None:
    unknown = plan({"step_id": "a", "tool": "zzz", "args": {"x": 1}})
    assert validate(unknown) == ()
    assert [str(fault) for fault in validate(unknown, tools={})] == [
        "step 'a': there is no tool 'zzz'; no tools are loaded"
    ]


# --- workflows


WORKFLOW = {
    "name": "w",
    "inputs": {"topic": "string", "count": {"type": "integer", "default": 1}},
    "steps": [call("joke", "inputs.topic")],
}


@pytest.mark.parametrize(
    ("keys", "faults"),
    [
        ({"args": {"topic": "cats", "count": 2}}, []),
        ({"args": {"topic": "{{item}} and {{index}}", "count": "{{index}}"}, "for_each": [1]}, []),
        (
            {"args": {"topic": "{{last}}"}, "repeat": {"until": {"ref": "{{joke}}", "op": "eq", "value": "{{last}}"}}},
            [],
        ),
        ({"args": {"topic": "{{event}}"}, "on": {"timer": 1}}, []),
        (
            {"args": {"topic": "{{item}}"}},
            ["reads {{item}}, but 'item' has a value only inside of a 'for_each' or 'iterations' scope"],
        ),
        (
            {"args": {"topic": "{{a}}"}},
            ["reads {{a}}, but a step cannot read its own result; a 'repeat' scope can read {{last}}"],
        ),
        ({}, ["the workflow's input 'topic' is missing; it takes text"]),
        (
            {"args": {"topic": 5, "count": "{{inputs}} x"}},
            [
                "the workflow's input 'topic' takes text, not 5",
                "the workflow's input 'count' takes a whole number, not \"{{inputs}} x\"",
            ],
        ),
        ({"args": {"topic": None, "count": None}}, ["the workflow's input 'topic' takes text, not null"]),
        (
            {"args": {"topc": "x"}},
            [
                "the workflow has no input 'topc'; did you mean 'topic'?",
                "the workflow's input 'topic' is missing; it takes text",
            ],
        ),
        (  # the guard is tested inside of the workflow's round
            {"args": {"topic": "x"}, "repeat": {"until": "{{outside}}"}},
            ["the guard reads {{outside}}, but there is no step 'outside'; the steps to read are: joke"],
        ),
    ],
)
def test_workflows(keys: Document, faults: list[str]) -> None:
    found = complaints({"step_id": "a", "workflow": "w", "plan": WORKFLOW, **keys}, call("outside"))
    assert found == [f"step 'a': {fault}" for fault in faults]


def test_a_workflow_sees_nothing_around_it() -> None:
    body = {"steps": [call("b", "outer", "item", "inputs.topic"), call("outer2", depends_on=["outer"])]}
    assert complaints(
        call("outer"),
        {"step_id": "s", "workflow": "w", "plan": body, "for_each": [1]},
        inputs={"topic": "string"},
    ) == [
        "step 'b': reads {{outer}}, but there is no step 'outer'; did you mean 'outer2'?",
        "step 'b': reads {{item}}, but 'item' has a value only inside of a 'for_each' or 'iterations' scope",
        "step 'b': reads {{inputs.topic}}, but there is no input 'topic'; declare it under 'inputs:'",
        "step 'outer2': depends on 'outer', which does not exist; the other steps are: b",
    ]


def test_a_workflow_may_use_ids_that_are_used_around_it() -> None:
    assert complaints(call("b"), {"step_id": "s", "workflow": "w", "plan": {"steps": [call("b"), call("s")]}}) == []


def test_a_workflow_that_was_not_loaded() -> None:
    assert complaints({"step_id": "a", "workflow": "w"}) == ["step 'a': the workflow 'w' was not loaded"]


def test_a_workflow_that_is_used_twice_is_checked_once() -> None:
    body = plan(call("b", "nowhere"))
    steps = tuple(WorkflowStep(name, Scope(Each([1]), body, "w")) for name in ("one", "two"))
    assert len(validate(WorkflowPlan(steps))) == 1


def test_bodies_that_could_not_be_written_down_are_refused() -> None:
    body = WorkflowPlan((WorkflowStep("b", Call("t")),), inputs={"x": Input()}, on_error="fail_fast")
    steps = (WorkflowStep("s", Scope(Once(), body)), WorkflowStep("t", Scope(Each(), body.with_steps(body.steps), "w")))
    assert [str(fault) for fault in validate(WorkflowPlan(steps))] == [
        "step 's': a body takes no arguments, inputs, on_error or budget of its own; "
        "its steps see everything around them; name it a workflow to give it inputs of its own",
        "step 't': the workflow's input 'x' is missing; it takes any value",
        "step 't': must go over either items or a number of iterations",
    ]


def test_budgets_where_nothing_could_use_them_are_refused() -> None:
    allowance = Allowance(requests=1)
    body = WorkflowPlan((WorkflowStep("b", Call("t"), budget=allowance),), budget=allowance)
    steps = (WorkflowStep("s", Scope(Once(), body)), WorkflowStep("c", Call("t")))
    assert [str(fault) for fault in validate(WorkflowPlan(steps))] == [
        "step 's': a body takes no arguments, inputs, on_error or budget of its own; "
        "its steps see everything around them; name it a workflow to give it inputs of its own",
        "step 'b': 'budget' needs a body; put it on the plan, on a scope, "
        "or on a step with what it is for under 'steps:'",
    ]


@pytest.mark.parametrize(
    "amounts",
    [
        {"requests": -1},
        {"requests": 2.0},
        {"tokens": 1.5},
        {"tokens": "50k"},
        {"cost": True},
        {"time_s": 0},
        {"rpm": 0},
        {"rpd": 1.5},
    ],
)
def test_a_budget_of_no_amount_cannot_be_made(amounts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"a budget's {next(iter(amounts))} cannot be"):
        Allowance(**amounts)


# --- sizes


def nested(depth: int) -> Document:
    return call("a") if not depth else scope(f"s{depth}", nested(depth - 1))


def test_depth_is_limited() -> None:
    assert validate(plan(nested(8))) == ()
    assert [str(fault) for fault in validate(plan(call("x"), nested(9)))] == [
        "step 's9': scopes are nested 9 deep in here; the limit is 8"
    ]
    assert len(validate(plan(nested(3)), limits=Limits(max_depth=2))) == 1


def test_steps_are_limited_with_those_of_all_bodies() -> None:
    large = plan(*(call(f"a{number}") for number in range(5)), scope("s", *(call(f"b{number}") for number in range(5))))
    assert validate(large, limits=Limits(max_steps=11)) == ()
    assert [str(fault) for fault in validate(large, limits=Limits(max_steps=10))] == [
        "the plan has 11 steps; the limit is 10"
    ]


def test_workflows_in_workflows_cannot_hide_millions_of_steps() -> None:
    body = plan(call("a"))
    for _ in range(8):
        body = WorkflowPlan(tuple(WorkflowStep(f"s{n}", Scope(Each([1]), body, "w")) for n in range(10)))
    assert [str(fault) for fault in validate(body)] == ["the plan has 211,111,110 steps; the limit is 50,000"]


# --- all together


def test_everything_is_found_at_once_with_its_line() -> None:
    draft = read_plan(
        "steps:\n"
        "  - step_id: a\n"
        "    tool: translat\n"
        "  - step_id: b\n"
        "    tool: translate\n"
        "    args:\n"
        "      text: '{{c.x}}'\n"
        "      target_lang: 5\n"
        "    depends_on: [d]\n"
        "  - step_id: c\n"
        "    steps:\n"
        "      - {step_id: e, code: x, tools: [zzz], args: {y: '{{b}}'}}\n"
        "    output: '{{item}}'\n"
        "    when: '{{f}}'\n"
        "  - {step_id: a, code: x}\n"
        "output: '{{g}}'\n"
    )
    assert draft.faults == ()
    found = [str(fault) for fault in check_draft(draft, tools=TOOLS).faults]
    assert found == [
        "line 3, step 'a': there is no tool 'translat'; did you mean 'translate'?",
        "line 4, step 'b': waits for itself: b -> c -> b; take one of these dependencies away",
        "line 8, step 'b': the argument 'target_lang' must be text, not 5",
        "line 9, step 'b': depends on 'd', which does not exist; the other steps are: a, c",
        "line 12, step 'e': there is no tool 'zzz'; the tools are: translate, search, anything",
        "line 13, step 'c': the output reads {{item}}, but 'item' has a value only inside of a 'for_each' "
        "or 'iterations' scope",
        "line 14, step 'c': reads {{f}}, but there is no step 'f'; the steps to read are: a, b",
        "line 15, step 'a': another step has the same id; ids must be unique",
        "line 16: the output reads {{g}}, but there is no step 'g'; the steps to read are: a, b, c",
    ]


def test_of_very_many_faults_only_the_first_come_with_a_guess() -> None:
    count = 10_000
    steps = tuple(WorkflowStep(f"s{n}", Call("t"), depends_on=(f"x{n}",)) for n in range(count))
    found = validate(WorkflowPlan(steps), tools=TOOLS)
    assert len(found) == 2 * count
    assert {bool(fault.help) for fault in found[:100]} == {True}
    assert {bool(fault.help) for fault in found[100:]} == {False}


@pytest.mark.parametrize("keys", [{"retry": 3}, {"outputs": ["title"]}])
def test_what_has_no_use_on_a_scope_is_refused(keys: Document) -> None:
    (key,) = keys
    found = complaints(scope("a", call("b"), for_each=[1], **keys))
    assert found == [f"step 'a': '{key}' goes with a tool or code only; put it on steps of the body"]
