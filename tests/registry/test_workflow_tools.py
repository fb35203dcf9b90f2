"""Saved plans as tools: called by a step, they are taken into its plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.plan import Call, Scope, WorkflowPlan, WorkflowStep, to_document, validate
from overseer.plan.expansion import expanded
from overseer.registry import Registry, ToolFolder, load_tools, our_tools

COUNT = """
description: Count the words of a text
workflow:
  inputs: {text: {type: string, description: what to count}, case: {type: string, default: upper}}
  steps:
    - {step_id: change, tool: text_case, args: {text: "{{inputs.text}}", case: "{{inputs.case}}"}}
    - {step_id: count, tool: text_statistics, args: {text: "{{change}}"}}
"""


def registry_of(folder: Path, **files: str) -> Registry:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(folder, "given")])


def calling(tool: str, **args: object) -> WorkflowPlan:
    return WorkflowPlan((WorkflowStep("a", action=Call(tool), args=args),))


def test_the_inputs_of_a_plan_become_parameters(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, count_words=COUNT)
    assert registry.problems == ()
    tool = registry.tools["count_words"]
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "what to count"},
            "case": {"type": "string", "default": "upper"},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert tool.kind == "workflow"


def test_a_step_that_calls_it_becomes_a_nested_workflow(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, count_words=COUNT)
    plan, faults = expanded(calling("count_words", text="a b"), registry.tools)
    assert faults == ()
    scope = plan.steps[0].action
    assert isinstance(scope, Scope)
    assert scope.body is not None
    assert [step.step_id for step in scope.body.steps] == ["change", "count"]
    assert not validate(plan, tools=registry.tools)
    assert to_document(plan)["steps"][0]["workflow"] == "count_words"


def test_workflow_tools_may_use_each_other_but_not_in_a_circle(tmp_path: Path) -> None:
    one = "description: x\nworkflow: {steps: [{step_id: s, tool: two}]}\n"
    two = "description: x\nworkflow: {steps: [{step_id: s, for_each: [1], steps: [{step_id: t, tool: one}]}]}\n"
    registry = registry_of(tmp_path, one=one, two=two)
    _, faults = expanded(calling("one"), registry.tools)
    assert [fault.problem for fault in faults] == ["the workflow tool 'one' leads back to itself: one -> two -> one"]


def test_a_plan_without_workflow_tools_stays_the_very_same(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, count_words=COUNT)
    plan = calling("text_case", text="x")
    assert expanded(plan, registry.tools)[0] is plan


def test_a_plan_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/p.yaml").write_text("steps: [{step_id: s, tool: text_case, args: {text: hi}}]")
    registry = registry_of(tmp_path, named="description: x\nworkflow: plans/p.yaml\n")
    assert registry.problems == ()
    assert registry.tools["named"].plan.steps[0].step_id == "s"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("description: x\nworkflow:\n  steps:\n  - {step_id: a, tool: t, depends_on: [b]}\n", "workflow: "),
        ("description: x\nworkflow: 5\n", "must be the name or path of a plan file, or a plan"),
    ],
)
def test_a_plan_with_faults_makes_no_tool(tmp_path: Path, text: str, complaint: str) -> None:
    registry = registry_of(tmp_path, broken=text)
    assert "broken" not in registry.tools
    assert complaint in str(registry.problems[0])


def test_a_plan_does_what_the_tools_do_that_it_calls(tmp_path: Path) -> None:
    outer = "description: x\neffect: read\nworkflow: {steps: [{step_id: s, tool: inner}]}\n"
    inner = (
        "description: x\nworkflow: {steps: [{step_id: s, for_each: [1], steps: "
        "[{step_id: t, tool: run_command, args: {command: [ls]}}]}, {step_id: u, tool: outer}]}\n"
    )
    counting = registry_of(tmp_path, outer=outer, inner=inner, count_words=COUNT).tools
    assert {name: counting[name].effect for name in ("outer", "inner", "count_words")} == {
        "outer": "exec",
        "inner": "exec",
        "count_words": "pure",
    }


def test_a_plan_is_of_each_class_that_one_of_its_tools_is_of(tmp_path: Path) -> None:
    saving = (
        "description: x\nworkflow: {steps: [{step_id: get, tool: fetch_url, args: {url: 'https://example.org'}}, "
        "{step_id: r, repeat: {until: {ref: '{{index}}', op: ge, value: 1}, limit: 2}, steps: "
        "[{step_id: put, tool: write_file, args: {path: a.md, text: x}}]}]}\n"
    )
    outer = "description: x\nworkflow: {steps: [{step_id: s, code: save it, tools: [saving]}]}\n"
    tools = registry_of(tmp_path, saving=saving, outer=outer, count_words=COUNT).tools
    assert {"write", "network"} <= set(tools["saving"].effects)
    assert tools["saving"].effect == "write"
    assert set(tools["outer"].effects) == set(tools["saving"].effects)
    assert tools["count_words"].effects == ("pure",)


def test_a_plan_must_not_be_repeated_where_a_tool_must_not_that_it_calls(tmp_path: Path) -> None:
    running = "description: x\nworkflow: {steps: [{step_id: s, tool: run_command, args: {command: [ls]}}]}\n"
    outer = "description: x\nworkflow: {steps: [{step_id: s, tool: running}]}\n"
    tools = registry_of(tmp_path, running=running, outer=outer, count_words=COUNT).tools
    assert not tools["running"].idempotent
    assert not tools["outer"].idempotent
    assert tools["count_words"].idempotent
