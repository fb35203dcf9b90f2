"""Who may call what: rules, classes, and what was approved for a plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.permissions import (
    CAREFUL,
    OPEN,
    Grants,
    Policy,
    Rule,
    Verdict,
    classes_from,
    needs,
)
from overseer.plan import plan_from
from overseer.tool import EFFECTS, Effect, Tool


def a_tool(name: str, effect: Effect) -> Tool:
    return Tool(name, lambda: None, effect=effect)


RUN = a_tool("run_command", "exec")
FETCH = a_tool("fetch_url", "network")


def policy(*rules: Rule) -> Policy:
    return Policy(CAREFUL.classes, rules)


@pytest.mark.parametrize(
    ("rules", "args", "verdict"),
    [
        ((), {"command": ["ls"]}, "ask"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {"command": ["git", "status"]}, "allow"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {"command": ["rm", "-r", "x"]}, "ask"),
        ((Rule("allow", "run_command", {"command": "git *"}),), {}, "ask"),
        ((Rule("allow", "run_*"),), {"command": ["ls"]}, "allow"),
        ((Rule("deny", "run_command"),), {"command": ["ls"]}, "deny"),
        ((Rule("ask", "*"), Rule("allow", "run_command")), {"command": ["ls"]}, "ask"),
        # What denies decides wherever it stands.
        ((Rule("allow", "*"), Rule("deny", "run_command", {"command": "rm *"})), {"command": ["rm", "x"]}, "deny"),
        ((Rule("allow", "*"), Rule("deny", "run_command", {"command": "rm *"})), {"command": ["ls"]}, "allow"),
        # The words of a list are quoted, so that one of them cannot pass for several.
        ((Rule("allow", "*", {"command": "git status"}),), {"command": ["git status"]}, "ask"),
    ],
)
def test_rules_decide_before_the_class(rules: tuple[Rule, ...], args: dict[str, Any], verdict: Verdict) -> None:
    assert policy(*rules).verdict(RUN, args) == verdict


@given(st.lists(st.sampled_from(["allow", "ask", "deny"]), max_size=5), st.sampled_from(EFFECTS))
def test_no_order_of_rules_opens_what_one_of_them_closes(verdicts: list[Verdict], effect: Effect) -> None:
    found = policy(*(Rule(verdict, "t") for verdict in verdicts)).verdict(a_tool("t", effect), {})
    if "deny" in verdicts:
        assert found == "deny"
    else:
        assert found == (verdicts[0] if verdicts else CAREFUL.classes[effect])


def test_what_is_approved_is_covered_by_class_or_by_name() -> None:
    assert Grants("h", classes=frozenset({"exec"})).cover(RUN)
    assert Grants("h", tools=frozenset({"run_command"})).cover(RUN)
    assert not Grants("h", classes=frozenset({"network"}), tools=frozenset({"fetch_url"})).cover(RUN)


def test_grants_are_kept_with_a_run() -> None:
    grants = Grants("abc", frozenset({"exec", "write"}), frozenset({"x"}))
    assert Grants.from_json(grants.to_json()) == grants


PLAN = """
steps:
  - {step_id: list, tool: run_command, args: {command: [ls, -l]}}
  - {step_id: get, tool: fetch_url, args: {url: "https://example.org/{{list}}"}}
  - step_id: many
    for_each: [1, 2]
    steps:
      - {step_id: inner, tool: run_command, args: {command: [rm, x]}}
"""


def needed(rules: Policy) -> list[tuple[str, str, tuple[str, ...]]]:
    from overseer.plan import read_plan

    plan = read_plan(PLAN).plan
    tools = {tool.name: tool for tool in (RUN, FETCH)}
    return [(need.tool, need.verdict, need.steps) for need in needs(plan, tools, rules)]


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


def test_a_need_says_what_would_be_called() -> None:
    from overseer.plan import read_plan

    tools = {tool.name: tool for tool in (RUN, FETCH)}
    shown = [str(need) for need in needs(read_plan(PLAN).plan, tools, CAREFUL)]
    assert shown == [
        "exec: run_command (steps list, inner): ls -l",
        "network: fetch_url (step get): https://example.org/{{list}}",
    ]


def test_classes_are_read_from_words() -> None:
    assert classes_from(["write", "exec"]) == {"write", "exec"}
    assert classes_from(["all"]) == set(EFFECTS)
    with pytest.raises(ValueError, match="'wirte' is no class of tools; there are: pure, read, model"):
        classes_from(["wirte"])


def test_a_plan_read_from_a_document_has_the_same_needs() -> None:
    document = {"steps": [{"step_id": "a", "tool": "run_command", "args": {"command": ["x"]}}]}
    (need,) = needs(plan_from(document).plan, {"run_command": RUN}, CAREFUL)
    assert need.to_json() == {"tool": "run_command", "class": "exec", "verdict": "ask", "steps": ["a"]}
