"""Who is asked about which plan, and why: by policy, by what its tools do, wherever in the plan they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from overseer.broker.needs import needs
from overseer.broker.permissions import CAREFUL, Rule
from overseer.review import Proposal, ReviewPolicy, must_be_asked, reason_to_ask
from overseer.running.engine import Engine
from overseer.tool import Tool
from tests.chat.people import KINDS, TOOLS, plan, step

READING = plan(step("a"), step("b", "look"), step("c", "ask", "a"))


def proposed(*steps: dict[str, Any]) -> Proposal:
    return Proposal(plan(*steps), "model")


def test_never_does_not_ask_where_nothing_but_reading_is_done() -> None:
    assert not must_be_asked("never", Proposal(READING, "model"), TOOLS)
    assert not must_be_asked("risky", Proposal(READING, "model"), TOOLS)
    assert must_be_asked("always", Proposal(READING, "model"), TOOLS)


@pytest.mark.parametrize("policy", ["always", "risky", "never"])
def test_what_the_permissions_ask_for_is_asked_for_under_every_policy(policy: ReviewPolicy) -> None:
    written = plan(step("a", "keep"))
    proposal = Proposal(written, "model", needs=tuple(needs(written, TOOLS, CAREFUL)))
    assert must_be_asked(policy, proposal, TOOLS)
    assert "permissions ask" in reason_to_ask(policy, proposal, TOOLS)


@pytest.mark.parametrize("tool", [name for name, effect in KINDS.items() if effect in ("network", "write", "exec")])
@pytest.mark.parametrize(
    "where",
    [
        lambda tool: step("a", tool),
        lambda tool: {"step_id": "a", "code": "do it", "tools": [tool]},
        lambda tool: {"step_id": "a", "for_each": [1, 2], "steps": [step("inner", tool)]},
        lambda tool: {"step_id": "a", "iterations": 2, "steps": [{"step_id": "b", "steps": [step("inner", tool)]}]},
        lambda tool: {"step_id": "a", "repeat": {"limit": 2}, "steps": [step("inner", tool)]},
        lambda tool: step("a", tool, when="{{z}}"),
    ],
    ids=["call", "code", "each", "nested", "loop", "guarded"],
)
def test_a_risky_tool_is_found_wherever_it_is_called(tool: str, where: Any) -> None:
    draft = Proposal(plan(step("z"), where(tool)), "model")
    assert must_be_asked("risky", draft, TOOLS)
    assert KINDS[tool] in reason_to_ask("risky", draft, TOOLS)
    assert not must_be_asked("never", draft, TOOLS)


def test_a_workflow_tool_counts_as_what_its_steps_do_even_inside_of_code() -> None:
    inner = plan(step("x", "start"))
    tools = {**TOOLS, "flow": Tool("flow", lambda: None, kind="workflow", plan=inner, effect="exec")}
    called = Engine(tools.values()).checked({"steps": [{"step_id": "a", "tool": "flow"}]})
    assert "exec" in reason_to_ask("risky", Proposal(called, "model"), tools)
    unexpanded = plan({"step_id": "a", "tool": "flow"}, {"step_id": "b", "code": "do it", "tools": ["flow"]})
    for each in unexpanded.steps:
        alone = Proposal(unexpanded.with_steps((each,)), "model")
        assert "exec" in reason_to_ask("risky", alone, tools)


@pytest.mark.parametrize("trigger", [{"timer": "5s"}, {"file": "/srv/in"}, {"http": "/hook"}])
def test_what_listens_and_goes_on_by_itself_is_risky_whatever_it_calls(trigger: dict[str, Any]) -> None:
    listening = Proposal(plan({"step_id": "a", "on": trigger, "steps": [step("inner")]}), "model")
    assert "goes on by itself" in reason_to_ask("risky", listening, TOOLS)
    assert not must_be_asked("never", listening, TOOLS)


def test_what_is_denied_is_said_to_be() -> None:
    written = plan(step("a", "start"))
    policy = replace(CAREFUL, rules=(Rule("deny", "start"),))
    proposal = Proposal(written, "model", needs=tuple(needs(written, TOOLS, policy)))
    assert proposal.is_denied
    assert reason_to_ask("never", proposal, TOOLS) == "your permissions deny a part of it"
