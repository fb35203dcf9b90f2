"""What a plan needs somebody's word for, and how it is shown to whoever is asked."""

from __future__ import annotations

from typing import Any

from overseer.broker.needs import Need, Use, needs
from overseer.broker.permissions import CAREFUL, OPEN, Policy, Rule
from overseer.plan import plan_from, read_plan
from overseer.plan.values import Code, WorkflowPlan, WorkflowStep
from overseer.running.approval import NotApproved
from overseer.tool import Tool

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
