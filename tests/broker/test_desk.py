"""What is settled for all calls of a tool: never more than holds for each of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.broker import Broker, Door
from overseer.broker.cache import NO_CACHE, Cache
from overseer.broker.desk import Desk
from overseer.broker.permissions import CAREFUL, OPEN, VERDICTS, Policy, Rule, Verdict
from overseer.tool import Cancellation, Effect, Tool, ToolContext

RULES = st.builds(
    Rule,
    st.sampled_from(VERDICTS),
    st.sampled_from(["*", "act", "other"]),
    st.sampled_from([{}, {"text": "a*"}, {"text": "b"}]),
)


def context() -> ToolContext:
    return ToolContext("run", "step", 1, Cancellation())


@given(st.lists(RULES, max_size=4), st.sampled_from(["pure", "network"]), st.sampled_from(["a", "ab", "b", "c"]))
def test_a_settled_verdict_is_that_of_every_call(rules: list[Rule], effect: Effect, text: str) -> None:
    policy, tool = Policy(CAREFUL.classes, tuple(rules)), Tool("act", lambda text: text, effect=effect)
    settled = Desk.of(tool, policy, NO_CACHE).verdict
    assert settled in (None, policy.verdict(tool, {"text": text}))


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ((), "ask"),
        ((Rule("allow", "act"),), "allow"),
        ((Rule("deny", "other"),), "ask"),
        ((Rule("allow", "act", {"text": "a*"}),), None),
    ],
)
def test_only_a_rule_about_arguments_leaves_a_verdict_open(rules: tuple[Rule, ...], verdict: Verdict | None) -> None:
    assert Desk.of(Tool("act", str, effect="network"), Policy(CAREFUL.classes, rules), NO_CACHE).verdict == verdict


def test_only_what_computes_is_kept() -> None:
    cache = Cache()
    assert Desk.of(Tool("act", str), OPEN, cache).cache is cache
    assert Desk.of(Tool("act", str, effect="read"), OPEN, cache).cache is NO_CACHE


def test_a_tool_that_takes_the_place_of_another_has_a_desk_of_its_own() -> None:
    tools = {"act": Tool("act", lambda: "before")}
    door = Door(Broker(policy=CAREFUL), tools)
    assert door.call("act", {}, context()).value == "before"
    tools["act"] = Tool("act", lambda: "after", effect="exec")
    failure = door.call("act", {}, context()).failure
    assert failure is not None
    assert failure.kind == "denied"
