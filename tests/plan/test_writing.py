"""Writing plans: whatever is written is read back the same, by us and by any other YAML reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from overseer.jsonvalue import Json, json_text
from overseer.plan import plan_from, plan_hash, read_document, read_plan, to_document, to_json, to_text, to_yaml
from overseer.plan.references import Ref
from overseer.plan.values import (
    Allowance,
    Call,
    Code,
    Each,
    Guard,
    Input,
    On,
    Once,
    Retry,
    Scope,
    Timer,
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from overseer.plan.yamlwriter import yaml_text
from tests.plan.strategies import NASTY, json_values, plans

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


def exactly(value: Any) -> str:
    """Tells apart what Python takes for equal: 1, 1.0 and True."""
    return repr(value)


@slow
@given(plans)
def test_a_written_plan_is_read_back_equal(plan: WorkflowPlan) -> None:
    document = to_document(plan)
    for draft in (plan_from(document), read_plan(to_json(plan)), read_plan(to_yaml(plan, embed=True))):
        assert draft.faults == ()
        assert draft.plan == plan
        assert exactly(to_document(draft.plan)) == exactly(document)
        assert plan_hash(draft.plan) == plan_hash(plan)
    assert json.loads(to_text(plan)) == json.loads(json_text(document))


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 123])
def test_a_plan_of_any_number_of_steps_is_the_same_text_as_its_document(count: int) -> None:
    steps = tuple(WorkflowStep.calling(f"s{place}", "act", {"place": place}) for place in range(count))
    for plan in (WorkflowPlan(steps), WorkflowPlan(steps, "named", output=Ref("s0"), on_error="fail_fast")):
        assert to_text(plan) == json_text(to_document(plan))


@slow
@given(json_values)
def test_written_yaml_means_the_same_to_every_reader(value: Json) -> None:
    text = yaml_text(value)
    document = read_document(text, syntax="yaml")
    assert document.faults == ()
    assert exactly(document.value) == exactly(value)
    assert exactly(yaml.safe_load(text)) == exactly(value)


def test_a_plan_as_a_person_would_keep_it() -> None:
    plan = WorkflowPlan(
        name="on: time",
        inputs={"topic": Input("string", "cats", required=False)},
        steps=(
            WorkflowStep(
                "joke",
                Call("writer"),
                "Write a joke",
                {
                    "prompt": "A joke\n  about {{x}}\n",
                    "size": 1e5,
                    "off": "no",
                    "empty": [{}, []],
                    "words": ["a", "b c"],
                },
                retry=Retry(3, delay_s=0.5),
                timeout_s=90.0,
            ),
            WorkflowStep(
                "loop",
                Scope(
                    Until(Guard(Ref("last"), "eq", "done"), limit=5, at_limit="stop"),
                    WorkflowPlan(
                        (WorkflowStep("b", Code("think", ("writer",)), outputs={"x": "any"}),), output=Ref("b")
                    ),
                ),
                depends_on=("joke",),
            ),
            WorkflowStep(
                "other",
                Scope(Each([1], width=2), WorkflowPlan((WorkflowStep("c", Call("t")),)), "other.yaml"),
                args={"x": Ref("item")},
                when=Guard(Ref("loop")),
                parallel_group=1,
                on_error="partial",
            ),
            WorkflowStep("tick", Scope(On(Timer(0.25), limit=-1), WorkflowPlan((WorkflowStep("d", Call("t")),)))),
        ),
        output={"all": [Ref("loop"), Ref("other")]},
        on_error="fail_fast",
    )
    assert to_yaml(plan) == KEPT
    assert read_plan(to_yaml(plan, embed=True)).plan == plan


KEPT = """\
name: "on: time"
inputs:
  topic:
    type: string
    default: cats
steps:
  - step_id: joke
    description: Write a joke
    tool: writer
    args:
      prompt: |
        A joke
          about {{"{{"}}x}}
      size: 100000.0
      "off": "no"
      empty: [{}, []]
      words: [a, b c]
    timeout: 1m30s
    retry:
      attempts: 3
      delay: 500ms
  - step_id: loop
    repeat:
      until:
        ref: "{{last}}"
        op: eq
        value: done
      limit: 5
      at_limit: stop
    depends_on: [joke]
    steps:
      - step_id: b
        code: think
        tools: [writer]
        outputs: [x]
    output: "{{b}}"
  - step_id: other
    when: "{{loop}}"
    for_each: [1]
    width: 2
    workflow: other.yaml
    args:
      x: "{{item}}"
    parallel_group: 1
    on_error: partial
  - step_id: tick
    "on":
      timer: 250ms
      limit: -1
    steps:
      - step_id: d
        tool: t
output:
  all: ["{{loop}}", "{{other}}"]
on_error: fail_fast
"""


def test_the_plan_of_a_workflow_travels_along_where_it_is_wanted() -> None:
    plan = WorkflowPlan((WorkflowStep("a", Scope(Once(), WorkflowPlan((WorkflowStep("b", Call("t")),)), "w")),))
    assert to_document(plan)["steps"] == [
        {"step_id": "a", "workflow": "w", "plan": {"steps": [{"step_id": "b", "tool": "t"}]}}
    ]
    assert to_document(plan, embed=False)["steps"] == [{"step_id": "a", "workflow": "w"}]
    inner = WorkflowPlan((WorkflowStep("outer", Scope(Once(), plan)),))
    assert to_document(inner, embed=False)["steps"][0]["steps"] == [{"step_id": "a", "workflow": "w"}]


def test_json_is_readable_and_exact() -> None:
    plan = WorkflowPlan((WorkflowStep("é", Call("t"), args={"x": 10**30}),))
    text = to_json(plan)
    assert text.startswith('{\n  "steps": [\n    {\n      "step_id": "é",')
    assert json.loads(text) == to_document(plan)
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(WorkflowPlan((WorkflowStep("a", Call("t"), args={"x": float("nan")}),)))


def test_the_hash_tells_plans_apart_by_what_they_say() -> None:
    plan = read_plan("steps: [{step_id: a, tool: t, args: {x: 1, y: '{{b}}'}}, {step_id: b, tool: t}]").plan
    same = read_plan(
        '{"steps": [{"args": {"y": "{{ b }}", "x": 1}, "tool_name": "t", "step_id": "a", "depends_on": []},'
        ' {"step_id": "b", "tool": "t", "on_error": "fail"}]}'
    ).plan
    others = [
        read_plan("steps: [{step_id: a, tool: t, args: {x: 1.0, y: '{{b}}'}}, {step_id: b, tool: t}]").plan,
        read_plan("steps: [{step_id: a, tool: t, args: {x: true, y: '{{b}}'}}, {step_id: b, tool: t}]").plan,
        read_plan("steps: [{step_id: b, tool: t}, {step_id: a, tool: t, args: {x: 1, y: '{{b}}'}}]").plan,
    ]
    assert plan_hash(plan) == plan_hash(same)
    assert len({plan_hash(plan), *map(plan_hash, others)}) == 4
    assert len(plan_hash(plan)) == 64


def test_a_plan_without_budgets_has_the_hash_it_always_had() -> None:
    plan = read_plan("""
name: n
inputs: {topic: {type: string, default: cats}}
steps:
  - {step_id: joke, tool: writer, args: {prompt: "About {{inputs.topic}}"}, retry: 2, timeout: 5s}
  - {step_id: map, for_each: "{{joke}}", width: 2, steps: [{step_id: word, code: count, args: {text: "{{item}}"}}]}
  - {step_id: sub, workflow: other, plan: {steps: [{step_id: a, tool: t}], on_error: fail_fast}, depends_on: [map]}
output: "{{sub}}"
""").plan
    assert plan_hash(plan) == "737c1af03ce6d9c13c2de319b3513ee653f6769fd9b7f3e0c0ee5d64a6f13746"


def test_budgets_are_written_as_people_write_them() -> None:
    body = WorkflowPlan((WorkflowStep("b", Call("t")),))
    plan = WorkflowPlan(
        (WorkflowStep("a", Scope(Each([1]), body), budget=Allowance(tokens=1234, rpm=0.5, rpd=1.0)),),
        budget=Allowance(requests=2000, tokens=50_000, cost=2.0, time_s=600.0),
    )
    assert (
        to_yaml(plan)
        == """\
budget:
  requests: 2000
  tokens: 50k
  cost: 2
  time: 10m
steps:
  - step_id: a
    for_each: [1]
    budget:
      tokens: 1234
      rpm_multiplier: 0.5
      rpd_multiplier: 1
    steps:
      - step_id: b
        tool: t
"""
    )
    assert read_plan(to_yaml(plan)).plan == plan


def test_budgets_that_say_the_same_have_the_same_hash() -> None:
    texts = ("{tokens: 50k, cost: 2}", "{tokens: 50000, cost: $2.00}", "{cost: 2.0, tokens: '50000', time: null}")
    plans = [read_plan(f"{{steps: [{{step_id: a, tool: t}}], budget: {text}}}").plan for text in texts]
    assert len({plan_hash(plan) for plan in plans}) == 1


def test_keys_longer_than_yaml_allows_are_written_out_in_full() -> None:
    for key in ("k" * 5000, "\n" * 5000, "é" * 1001):
        value = {"a": [{key: {key: [key, "x\ny"]}}]}
        assert read_document(yaml_text(value), syntax="yaml").value == value
        assert yaml.safe_load(yaml_text(value)) == value


def test_every_nasty_text_survives_wherever_it_stands() -> None:
    values = [value for text in NASTY for value in ({text: text}, [text], [[{"k": [text, text]}]])]
    assert [value for value in values if read_document(yaml_text(value), syntax="yaml").value != value] == []
    assert [value for value in values if yaml.safe_load(yaml_text(value)) != value] == []
