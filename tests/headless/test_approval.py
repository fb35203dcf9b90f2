"""What runs where nobody can be asked: by what the review is for, what the plan does, and what was approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from overseer.broker.broker import Broker
from overseer.broker.permissions import CAREFUL, OPEN, Grants, Policy, Verdict, classes_from
from overseer.chat.alone import Alone
from overseer.chat.negotiation import Negotiation
from overseer.errors import ApprovalNeeded
from overseer.exits import APPROVAL, code_of
from overseer.plan.values import WorkflowPlan
from overseer.review import Proposal, ReviewPolicy, must_be_asked
from overseer.running.approval import open_needs
from overseer.running.engine import Engine
from tests.chat.people import KINDS, TOOLS, plan, step
from tests.chat.person import Somebody, talk_with
from tests.headless.alone import WRITE, Place
from tests.headless.alone import plan as reply
from tests.headless.schemas import require_valid
from tests.servers.model_server import ModelServer

HARMLESS = plan(step("a"), step("b", "look"), step("c", "ask", "a"))
WRITES = plan(step("a"), step("b", "keep", "a"))
BOTH = plan(step("a", "fetch"), step("b", "keep", "a"))
LISTENS = plan({"step_id": "a", "on": {"timer": "5s"}, "steps": [step("inner")]})
LISTENS_AND_WRITES = plan({"step_id": "a", "on": {"timer": "5s"}, "steps": [step("inner", "keep")]})
DENYING = replace(CAREFUL, classes={**CAREFUL.classes, "write": "deny"})

NO, ALL, WRITE_, NETWORK, BOTH_ = (), ("all",), ("write",), ("network",), ("network", "write")
APPROVALS = (NO, NETWORK, WRITE_, BOTH_, ALL)

# Of a plan under permissions: with which approvals it runs, where every plan is reviewed, where risky ones are, and
# where none is.
TABLE: list[tuple[str, WorkflowPlan, Policy, Mapping[str, tuple[tuple[str, ...], ...]]]] = [
    ("harmless", HARMLESS, CAREFUL, {"always": APPROVALS[1:], "risky": APPROVALS, "never": APPROVALS}),
    ("harmless, allowed", HARMLESS, OPEN, {"always": APPROVALS[1:], "risky": APPROVALS, "never": APPROVALS}),
    ("writes", WRITES, CAREFUL, dict.fromkeys(("always", "risky", "never"), (WRITE_, BOTH_, ALL))),
    (
        "writes, allowed",
        WRITES,
        OPEN,
        {"always": (WRITE_, BOTH_, ALL), "risky": (WRITE_, BOTH_, ALL), "never": APPROVALS},
    ),
    ("writes, denied", WRITES, DENYING, dict.fromkeys(("always", "risky", "never"), ())),
    ("both", BOTH, CAREFUL, dict.fromkeys(("always", "risky", "never"), (BOTH_, ALL))),
    ("both, allowed", BOTH, OPEN, {"always": (BOTH_, ALL), "risky": (BOTH_, ALL), "never": APPROVALS}),
    (
        "both, one of them allowed",
        BOTH,
        replace(CAREFUL, classes={**CAREFUL.classes, "network": "allow"}),
        {"always": (BOTH_, ALL), "risky": (BOTH_, ALL), "never": (WRITE_, BOTH_, ALL)},
    ),
    ("listens", LISTENS, CAREFUL, {"always": APPROVALS[1:], "risky": APPROVALS[1:], "never": APPROVALS}),
    (
        "listens and writes, allowed",
        LISTENS_AND_WRITES,
        OPEN,
        {"always": (WRITE_, BOTH_, ALL), "risky": (WRITE_, BOTH_, ALL), "never": APPROVALS},
    ),
]
CASES = [
    pytest.param(made, policy, permissions, runs, id=f"{name}-{policy}")
    for name, made, permissions, by_policy in TABLE
    for policy, runs in by_policy.items()
]


def settled(made: WorkflowPlan, policy: ReviewPolicy, permissions: Policy, approve: tuple[str, ...]) -> Any:
    """The approved plan, if it is, and who was alone with it."""
    grants = Grants(classes=classes_from(approve))
    person = Alone(TOOLS, policy=policy, approved=grants.classes, is_quiet=True, follow=None)  # type: ignore[arg-type]
    engine = Engine(TOOLS.values(), broker=Broker(policy=permissions))
    approved, shown = Negotiation(person, lambda plan: engine, policy, grants).settle(Proposal(made, "model"))
    return approved, shown, person


@pytest.mark.parametrize(("made", "policy", "permissions", "runs"), CASES)
def test_a_plan_runs_where_what_would_be_asked_was_approved(
    made: WorkflowPlan, policy: ReviewPolicy, permissions: Policy, runs: tuple[tuple[str, ...], ...]
) -> None:
    found = {approve: settled(made, policy, permissions, approve) for approve in APPROVALS}
    assert tuple(approve for approve, (approved, _, _) in found.items() if approved is not None) == runs
    for approve, (approved, shown, person) in found.items():
        assert (person.denied is None) == (approve in runs)
        if approved is None:  # somebody at a terminal would have been asked
            assert must_be_asked(policy, shown, TOOLS)
        else:  # the broker has nothing against it either
            broker = Broker(policy=permissions)
            assert not open_needs(approved.plan, TOOLS, broker, Grants(classes=classes_from(approve)))


@pytest.mark.parametrize(("made", "policy", "permissions", "runs"), CASES)
def test_what_a_denied_plan_is_said_to_need_is_enough_for_it_and_no_more(
    made: WorkflowPlan, policy: ReviewPolicy, permissions: Policy, runs: tuple[tuple[str, ...], ...]
) -> None:
    for approve in set(APPROVALS) - set(runs):
        _, _, person = settled(made, policy, permissions, approve)
        if person.denied.is_denied:
            continue
        said = {effect for need in person.denied.needs for effect in need.effects}
        again = {*approve, *said} or {"all"}
        assert settled(made, policy, permissions, tuple(again))[0] is not None
        assert all(settled(made, policy, permissions, tuple(again - {each}))[0] is None for each in said)


def test_the_table_knows_every_policy_and_every_class() -> None:
    assert all(set(by_policy) == set(get_args(ReviewPolicy)) for _, _, _, by_policy in TABLE)
    assert set(KINDS.values()) == set(CAREFUL.classes)


# --- questions to models


@pytest.mark.parametrize(
    ("verdict", "approve", "remedy"),
    [
        ("ask", NO, "--approve model"),
        ("ask", ALL, ""),
        ("ask", ("model",), ""),
        ("deny", ALL, "denied by the settings"),
    ],
)
def test_a_model_that_may_not_be_asked_is_asked_for_no_plan_unless_that_was_approved(
    tmp_path: Path, verdict: Verdict, approve: tuple[str, ...], remedy: str
) -> None:
    policy = replace(CAREFUL, classes={**CAREFUL.classes, "model": verdict})
    talk = talk_with(Somebody(), ['{"answer": "Hello."}'], folder=tmp_path, policy=policy)
    talk.grants = Grants(classes=classes_from(approve))
    if not remedy:
        assert talk.request("say hello").answer == "Hello."
        return
    with pytest.raises(ApprovalNeeded, match=remedy) as refused:
        talk.request("say hello")
    assert code_of(refused.value) == APPROVAL


# --- by the whole program


@pytest.mark.parametrize(
    ("review", "arguments", "code"),
    [("risky", (), 5), ("risky", ("--approve", "write"), 0), ("always", ("--approve", "network"), 5), ("never", (), 0)],
)
def test_what_the_permissions_allow_is_looked_at_all_the_same(
    place: Place, review: str, arguments: tuple[str, ...], code: int
) -> None:
    place.settings({"permissions": {"write": "allow"}, "chat": {"review": review}})
    with ModelServer([reply(WRITE), "Saved."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "save it", "--jsonl", *arguments)
    document = made.lines[-1]
    require_valid(document)
    assert made.code == code
    assert (place.folder / "kept.txt").exists() == (code == 0)
    assert [(need["tool"], need["class"]) for need in document["denied"]] == [("write_file", "write")] * (code == 5)
    assert bool(document["reasons"]) == (code == 5)
    if code == 5:
        assert made.lines[0]["needs"] == document["denied"]


def test_what_would_help_is_said_last_and_why_before_it(place: Place) -> None:
    place.settings({"permissions": {"write": "allow"}})
    with ModelServer([reply(WRITE)]) as server:
        place.connect(server.openai_url)
        said = place.run("-p", "save it").said.splitlines()
    assert "error: it has write in it (chat.review: risky), and nobody can be asked" in said
    assert said[-1] == "approve it with: --approve write"


def test_what_needs_approval_is_listed_once(place: Place) -> None:
    with ModelServer([reply(WRITE)]) as server:
        place.connect(server.openai_url)
        said = place.run("-p", "save it").said.splitlines()
    assert [line.strip() for line in said].count("write: write_file") == 1
    assert said[-1] == "approve it with: --approve write"
