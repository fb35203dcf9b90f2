"""What a plan needs somebody's word for, and how it is shown to whoever is asked."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.broker.needs import Need, Use, needs
from overseer.broker.permissions import CAREFUL, OPEN, Policy, Rule
from overseer.plan import plan_from, read_plan
from overseer.plan.values import Code, WorkflowPlan, WorkflowStep
from overseer.running.approval import NotApproved
from overseer.tool import Effect, Tool

RUN = Tool("run_command", lambda: None, effect="exec")
FETCH = Tool("fetch_url", lambda: None, effect="network")
WRITE = Tool("write_file", lambda: None, effect="write", writes=("file:{path}",))
TOOLS = {tool.name: tool for tool in (RUN, FETCH, WRITE)}

PLAN = """
steps:
  - {step_id: list, tool: run_command, args: {command: [ls, -l]}}
  - {step_id: get, tool: fetch_url, args: {url: "https://example.org/{{list}}"}}
  - step_id: many
    for_each: [1, 2]
    steps:
      - {step_id: inner, tool: run_command, args: {command: [rm, x]}}
"""


def policy(*rules: Rule) -> Policy:
    return Policy(CAREFUL.classes, rules)


def needed(rules: Policy) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(need.tool, need.verdict, need.steps) for need in needs(read_plan(PLAN).plan, TOOLS, rules)]


def calling(tool: str, *calls: dict[str, Any]) -> WorkflowPlan:
    steps = [{"step_id": f"s{n}", "tool": tool, "args": args} for n, args in enumerate(calls)]
    return plan_from({"steps": steps}).plan


def shown(plan: WorkflowPlan) -> str:
    return "\n".join(str(need) for need in needs(plan, TOOLS, CAREFUL))


def test_a_plan_s_needs_are_known_before_it_runs() -> None:
    assert needed(CAREFUL) == [("run_command", "ask", ("list", "inner")), ("fetch_url", "ask", ("get",))]
    assert needed(OPEN) == []


def test_what_is_denied_for_sure_is_told_apart_from_what_hangs_on_values() -> None:
    rules = policy(
        Rule("allow", "*"),
        Rule("deny", "run_command", {"command": "rm *"}),
        Rule("deny", "fetch_url", {"url": "http:*"}),
    )
    assert needed(rules) == [("fetch_url", "ask", ("get",)), ("run_command", "deny", ("inner",))]


def test_a_rule_that_may_deny_does_not_forbid_what_is_asked_for() -> None:
    rules = policy(Rule("deny", "fetch_url", {"url": "https://evil.example/*"}))
    assert ("fetch_url", "ask", ("get",)) in needed(rules)


def test_what_code_will_call_a_tool_with_is_not_known() -> None:
    plan = WorkflowPlan((WorkflowStep("c", Code("x", ("run_command",))),))
    (need,) = needs(plan, TOOLS, policy(Rule("allow", "run_command", {"command": "git *"})))
    assert (need.verdict, need.uses) == ("ask", (Use("c", None),))
    assert "(arguments that only its code will give)" in str(need)


def workflow(name: str, *steps: dict[str, Any], effect: Effect = "write") -> Tool:
    return Tool(name, lambda: None, effect=effect, kind="workflow", plan=plan_from({"steps": list(steps)}).plan)


SAVE = workflow(
    "save",
    {"step_id": "each", "for_each": [1, 2], "steps": [
        {"step_id": "put", "tool": "write_file", "args": {"path": "a.md", "text": "{{item}}"}}]},
    {"step_id": "tidy", "workflow": "w", "plan": {"steps": [{"step_id": "rm", "tool": "run_command", "args": {}}]}},
)  # fmt: skip
OUTER = workflow("outer", {"step_id": "c", "code": "save it", "tools": ["save", "fetch_url"]})
ROUND = workflow("round", {"step_id": "c", "code": "again", "tools": ["round", "write_file"]})
WITH_WORKFLOWS = {**TOOLS, **{tool.name: tool for tool in (SAVE, OUTER, ROUND)}}


@pytest.mark.parametrize(
    ("step", "known"),
    [
        ({"code": "do it", "tools": ["save"]}, {"save", "write_file", "run_command"}),
        ({"code": "do it", "tools": ["outer"]}, {"outer", "save", "fetch_url", "write_file", "run_command"}),
        ({"code": "do it", "tools": ["round"]}, {"round", "write_file"}),
        ({"for_each": [1], "steps": [{"step_id": "x", "code": "do it", "tools": ["save"]}]},
         {"save", "write_file", "run_command"}),
        ({"repeat": {"until": {"ref": "{{index}}", "op": "ge", "value": 1}, "limit": 2},
          "steps": [{"step_id": "x", "tool": "save"}]}, {"save", "write_file", "run_command"}),
        ({"workflow": "w", "plan": {"steps": [{"step_id": "x", "tool": "outer"}]}},
         {"outer", "save", "fetch_url", "write_file", "run_command"}),
    ],
)  # fmt: skip
def test_what_a_workflow_tool_would_call_is_asked_for_too_wherever_it_is_called(
    step: dict[str, Any], known: set[str]
) -> None:
    plan = plan_from({"steps": [{"step_id": "s", **step}]}).plan
    found = needs(plan, WITH_WORKFLOWS, CAREFUL)
    assert {need.tool for need in found} == known
    assert {use.step for need in found for use in need.uses} <= {"s", "x"}  # those that call it, and that people know


def test_what_a_workflow_tool_would_write_is_shown_as_far_as_it_is_known() -> None:
    plan = plan_from({"steps": [{"step_id": "s", "code": "do it", "tools": ["save"]}]}).plan
    (put,) = (need for need in needs(plan, WITH_WORKFLOWS, CAREFUL) if need.tool == "write_file")
    assert put.uses == (Use("s", {"path": "a.md", "text": "{{item}}"}),)


def test_a_rule_that_denies_what_a_workflow_tool_would_do_is_known_beforehand() -> None:
    plan = plan_from({"steps": [{"step_id": "s", "code": "do it", "tools": ["save"]}]}).plan
    denied = [
        need.tool for need in needs(plan, WITH_WORKFLOWS, policy(Rule("deny", "run_*"))) if need.verdict == "deny"
    ]
    assert denied == ["run_command"]


def test_every_step_is_shown_with_all_of_its_arguments() -> None:
    assert shown(read_plan(PLAN).plan).splitlines() == [
        "exec: run_command",
        "  step list",
        "    command: ls -l",
        "  step inner",
        "    command: rm x",
        "network: fetch_url",
        "  step get",
        "    url: https://example.org/{{list}}",
    ]


def test_where_is_written_is_shown_too() -> None:
    text = shown(calling("write_file", {"path": "a.txt", "text": "x"}, {"path": "b/{{s0}}", "text": "y"}))
    assert "    path: a.txt\n    text: x\n" in text
    assert "    path: b/{{s0}}\n" in text


def test_what_is_long_is_wrapped_and_not_cut() -> None:
    lines = shown(calling("run_command", {"command": "echo " + "x" * 400 + " | sh"})).splitlines()
    assert max(map(len, lines)) < 120
    assert "".join(line.strip() for line in lines[2:]).replace(" ", "") == "command:echo" + "x" * 400 + "|sh"
    assert all(line.startswith(" " * 8) for line in lines[3:])


def test_nothing_in_an_argument_steers_the_terminal_or_looks_like_another_argument() -> None:
    text = shown(calling("run_command", {"command": "rm x\n    command: ls\x1b[2K\u202e\u200b\r"}))
    assert text.splitlines()[2:] == [r"    command: rm x\n    command: ls\x1b[2K\u202e\u200b\r"]


def test_many_that_are_the_same_are_counted() -> None:
    lines = shown(calling("run_command", *({"command": "make"} for _ in range(40)), {"command": "rm x"})).splitlines()
    assert lines[1].endswith("s11 and 28 more (40 times the same)")
    assert lines[2:] == ["    command: make", "  step s40", "    command: rm x"]


def test_the_error_says_all_of_it() -> None:
    wanted = needs(calling("run_command", *({"command": f"c{n}"} for n in range(20))), TOOLS, CAREFUL)
    assert all(f"command: c{n}" in str(NotApproved(wanted)) for n in range(20))


def test_a_need_as_json_has_every_use() -> None:
    (need,) = needs(calling("run_command", {"command": ["x", "{{s1}}"]}, {"command": ["y"]}), TOOLS, CAREFUL)
    assert isinstance(need, Need)
    assert need.to_json() == {
        "tool": "run_command",
        "class": "exec",
        "verdict": "ask",
        "uses": [{"step": "s0", "args": {"command": ["x", "{{s1}}"]}}, {"step": "s1", "args": {"command": ["y"]}}],
    }
