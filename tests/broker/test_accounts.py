"""Whose budget a call spends and whose limits hold it, told by the key of its step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from overseer.broker.accounts import Account, Accounts
from overseer.broker.budget import NOTHING, Budget, OverBudget, Spend
from overseer.broker.caps import NO_CAP, Cap
from overseer.broker.limits import Limit, Limits, Multipliers, Share
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan
from tests.broker.clock import FakeClock

ONE = Spend(requests=1, tokens=100, cost=0.01)
CALL = {"step_id": "call", "tool": "t"}


def plan_of(*steps: dict[str, Any], **keys: Any) -> WorkflowPlan:
    draft = plan_from({"steps": [*steps, {"step_id": "top", "tool": "t"}], **keys})
    assert draft.faults == ()
    return draft.plan


def scope(step_id: str, *steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"step_id": step_id, "for_each": [1, 2], "steps": list(steps) or [CALL], **keys}


def accounts_of(
    plan: WorkflowPlan, run: Budget | None = None, limits: Limits | None = None, **options: Any
) -> Accounts:
    return Accounts(plan, run or Budget("run r"), limits or Limits(), **options)


def chain(account: Account) -> list[str]:
    """The names of the budgets that a call spends from, its own first."""
    names, budget = [], account.budget
    while budget is not None:
        names.append(budget.name)
        budget = budget.parent  # type: ignore[assignment]
    return names


def spend(account: Account, spent: Spend = ONE) -> None:
    with account.budget.reserve(spent):
        pass


def refusal(account: Account, wanted: Spend = ONE) -> str:
    with pytest.raises(OverBudget) as refused, account.budget.reserve(wanted):
        pass
    return str(refused.value)


# --- budgets


def test_without_budgets_in_scopes_there_is_one_account() -> None:
    accounts = accounts_of(plan_of(scope("map"), budget={"requests": 5}))
    account = accounts.account_of("top")
    assert chain(account) == ["run r"]
    assert accounts.account_of("map[2]/call") is account
    assert accounts.account_of(object()) is account, "the key is not even looked at"  # type: ignore[arg-type]


def test_all_rounds_of_a_scope_spend_from_its_budget_and_that_of_the_run() -> None:
    run = Budget("run r", parent=Budget("session"))
    accounts = accounts_of(plan_of(scope("map", budget={"requests": 2}), budget={"requests": 3}), run)
    inside = accounts.account_of("map[0]/call")
    assert chain(inside) == ["scope 'map'", "run r", "session"]
    assert accounts.account_of("map[1]/call") is inside
    assert accounts.account_of("map[1]/other") is inside
    assert chain(accounts.account_of("top")) == ["run r", "session"]
    assert chain(accounts.account_of("map")) == ["run r", "session"], "what opens the scope is outside of it"
    spend(inside)
    spend(accounts.account_of("map[1]/call"))
    assert refusal(inside) == (
        "the budget of scope 'map' has 0 left of 2 requests, and this call needs 1; "
        "give it more in the plan: budget: {requests: 4}"
    )
    spend(accounts.account_of("top"))
    assert "the budget of run r has 0 left of 3 requests" in refusal(accounts.account_of("top"))
    assert run.spent.requests == 3


def test_each_opening_of_a_nested_scope_has_a_budget_of_its_own() -> None:
    inner = scope("map", budget={"tokens": 100})
    accounts = accounts_of(plan_of(scope("outer", inner, CALL, budget={"tokens": 250})))
    first, second = accounts.account_of("outer[0]/map[7]/call"), accounts.account_of("outer[1]/map[0]/call")
    assert chain(first) == ["scope 'outer[0]/map'", "scope 'outer'", "run r"]
    assert chain(second) == ["scope 'outer[1]/map'", "scope 'outer'", "run r"]
    assert chain(accounts.account_of("outer[1]/call")) == ["scope 'outer'", "run r"]
    spend(first)
    assert "scope 'outer[0]/map' has 0 left" in refusal(first)
    spend(second)
    third = accounts.account_of("outer[12]/map[0]/call")
    assert "scope 'outer' has 50 left of 250 tokens" in refusal(third)


def test_a_scope_that_says_nothing_has_the_budget_of_what_is_around_it() -> None:
    plan = plan_of(scope("free", scope("deep", scope("map", budget={"cost": 1}))), scope("plain"))
    accounts = accounts_of(plan)
    of_run = accounts.account_of("top")
    assert accounts.account_of("plain[3]/call") is of_run
    assert accounts.account_of("free[3]/deep[1]/call") is of_run
    deepest = accounts.account_of("free[3]/deep[1]/map[0]/call")
    assert chain(deepest) == ["scope 'free[3]/deep[1]/map'", "run r"]
    assert accounts.account_of("free[3]/deep[1]/map[1]/call") is deepest


def test_an_empty_budget_changes_nothing() -> None:
    accounts = accounts_of(plan_of(scope("map", budget={})))
    assert accounts.account_of("map[0]/call") == accounts.account_of("top")


def test_a_workflow_brings_its_own_budget_within_that_of_its_step() -> None:
    body = {"steps": [CALL], "budget": {"requests": 2, "time": "1m"}}
    clock = FakeClock()
    steps = (
        {"step_id": "both", "workflow": "{report}", "plan": body, "for_each": [1, 2], "budget": {"requests": 1}},
        {"step_id": "only", "workflow": "{report}", "plan": body},
    )
    accounts = accounts_of(plan_of(*steps), Budget("run r", clock=clock))
    both, only = accounts.account_of("both[0]/call"), accounts.account_of("only[0]/call")
    assert chain(both) == ["workflow '{report}' in scope 'both'", "scope 'both'", "run r"]
    assert chain(only) == ["workflow '{report}' in scope 'only'", "run r"]
    spend(both)
    assert "the budget of scope 'both' has 0 left" in refusal(accounts.account_of("both[1]/call"))
    spend(only)
    clock.advance(60)
    assert refusal(only) == (
        "the 1m of workflow '{report}' in scope 'only' are over; "
        "give it more in the workflow '{report}': budget: {time: 2m}"
    )


def test_threads_that_come_at_once_meet_in_one_budget() -> None:
    accounts = accounts_of(plan_of(scope("map", budget={"requests": 10})))

    def try_one(number: int) -> bool:
        try:
            spend(accounts.account_of(f"map[{number}]/call"))
        except OverBudget:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(try_one, range(64))) == 10


# --- the cap of the run


@pytest.mark.parametrize(
    ("planned", "chosen", "default", "cap"),
    [
        ({}, None, NO_CAP, NO_CAP),
        ({"requests": 5}, None, NO_CAP, Cap(requests=5)),
        ({"requests": 5, "cost": 2}, None, Cap(requests=9, cost=1.0, time_s=60), Cap(requests=5, cost=1.0, time_s=60)),
        ({"requests": 5, "cost": 2}, Cap(requests=50), Cap(requests=9, tokens=7), Cap(50, 7, 2.0)),
        ({}, Cap(requests=50), Cap(requests=9), Cap(50)),
        ({"requests": 5}, Cap(requests=0), NO_CAP, Cap(0)),
    ],
)
def test_what_was_chosen_counts_before_the_plan_and_the_settings(
    planned: dict[str, Any], chosen: Cap | None, default: Cap, cap: Cap
) -> None:
    run = Budget("run r")
    accounts_of(plan_of(budget=planned), run, chosen=chosen, default=default)
    assert run.cap == cap


def test_a_cap_that_the_budget_of_the_run_has_already_is_kept() -> None:
    run = Budget("run r", Cap(requests=5, tokens=10))
    accounts_of(plan_of(budget={"requests": 9, "tokens": 7}), run)
    assert run.cap == Cap(requests=5, tokens=7)


# --- multipliers

LIMITS = {"api": Limit(per_minute=100, tokens_per_minute=1000, per_day=1000)}
SCOPES = (scope("map", budget={"rpm_multiplier": 0.25, "requests": 9}), scope("plain"))
PLANNED = {"rpm_multiplier": 0.5, "tpm_multiplier": 0.75}


def passed(account: Account, tokens: int = 0) -> int:
    """How many calls may go out at once before one has to wait."""

    class Waits(Exception):
        pass

    def refuse(name: str, due_in_s: float | None) -> None:
        raise Waits

    for count in range(200):
        try:
            with account.limits.slot(["api"], tokens=tokens, on_wait=refuse):
                pass
        except Waits:
            return count
    return 200


@pytest.mark.parametrize(
    ("key", "planned", "chosen", "default", "count"),
    [
        ("top", {}, {}, {}, 100),
        ("top", {}, {}, {"rpm": 0.8}, 80),
        ("top", PLANNED, {}, {"rpm": 0.8}, 50),
        ("top", PLANNED, {"rpm": 0.1}, {"rpm": 0.8}, 10),
        ("plain[0]/call", PLANNED, {}, {}, 50),
        ("map[0]/call", {}, {}, {}, 25),
        ("map[0]/call", {"rpm_multiplier": 0.1}, {}, {}, 25),
        ("map[0]/call", PLANNED, {"rpm": 1.0}, {}, 100),
        ("map[0]/call", PLANNED, {"tpm": 0.1}, {}, 25),
        ("map[0]/call", PLANNED, {"rpm": 0.1}, {}, 10),
        ("map[0]/call", {}, {"rpd": 0.01}, {}, 10),
    ],
)
def test_the_nearest_multiplier_counts_unless_one_was_chosen(
    key: str, planned: dict[str, float], chosen: dict[str, float], default: dict[str, float], count: int
) -> None:
    accounts = accounts_of(
        plan_of(*SCOPES, budget=planned),
        limits=Limits(LIMITS, FakeClock()),
        multipliers=Multipliers(**chosen),
        default_multipliers=Multipliers(**default),
    )
    assert passed(accounts.account_of(key)) == count


def test_without_multipliers_the_limits_themselves_hold() -> None:
    limits = Limits(LIMITS)
    accounts = accounts_of(plan_of(scope("map", budget={"requests": 5, "rpm_multiplier": 1})), limits=limits)
    assert accounts.account_of("top").limits is limits
    assert accounts.account_of("map[0]/call").limits is limits


def test_a_multiplier_of_further_out_is_shared_with_what_is_there() -> None:
    plan = plan_of(
        scope("map", budget={"tpm_multiplier": 0.5}), scope("other", budget={"rpd_multiplier": 0.5}), budget=PLANNED
    )
    accounts = accounts_of(plan, limits=Limits(LIMITS, FakeClock()))
    assert passed(accounts.account_of("map[0]/call")) == 50
    assert passed(accounts.account_of("top")) == 0, "half of the requests are gone, wherever they were made"
    assert passed(accounts.account_of("other[0]/call")) == 0


def test_a_multiplier_is_shared_by_all_openings_of_its_scope() -> None:
    plan = plan_of(scope("outer", scope("map", budget={"rpm_multiplier": 0.25, "cost": 1})))
    accounts = accounts_of(plan, limits=Limits(LIMITS, FakeClock()))
    assert passed(accounts.account_of("outer[0]/map[0]/call")) == 25
    assert passed(accounts.account_of("outer[1]/map[0]/call")) == 0
    assert passed(accounts.account_of("outer[1]/call")) == 75, "the whole is held by no multiplier"


def test_tokens_are_held_by_their_own_multiplier() -> None:
    accounts = accounts_of(plan_of(*SCOPES, budget=PLANNED), limits=Limits(LIMITS, FakeClock()))
    assert passed(accounts.account_of("map[0]/call"), tokens=50) == 15
    assert passed(accounts.account_of("top"), tokens=50) == 0


def test_the_step_that_names_a_workflow_has_the_last_word_on_its_multipliers() -> None:
    body = {"steps": [CALL], "budget": {"rpm_multiplier": 0.5, "rpd_multiplier": 0.01}}
    step = {"step_id": "w", "workflow": "w", "plan": body, "budget": {"rpd_multiplier": 0.02}}
    accounts = accounts_of(plan_of(step), limits=Limits(LIMITS, FakeClock()))
    assert passed(accounts.account_of("w[0]/call")) == 20


# --- going on


def test_what_an_earlier_process_spent_is_counted_as_far_up_as_the_run() -> None:
    session = Budget("session")
    run = Budget("run r", parent=session)
    accounts = accounts_of(plan_of(scope("outer", scope("map", budget={"requests": 3}))), run)
    accounts.restore("outer[1]/map[0]/call", ONE)
    accounts.restore("outer[1]/map[1]/call", ONE)
    accounts.restore("outer[0]/map[1]/call", ONE)
    accounts.restore("top", ONE)
    accounts.restore("gone[0]/call", ONE)  # of a step that the plan has no more
    again = accounts.account_of("outer[1]/map[5]/call")
    assert (again.budget.spent.requests, run.spent.requests, session.spent) == (2, 5, NOTHING)
    spend(again)
    assert "scope 'outer[1]/map' has 0 left" in refusal(again)
    assert session.spent.requests == 1


def test_the_time_of_a_scope_goes_on_where_it_was() -> None:
    clock = FakeClock()
    run = Budget("run r", clock=clock)
    plan = plan_of(scope("outer", scope("map", budget={"time": "10m"}), budget={"time": "1h"}))
    accounts = accounts_of(plan, run)
    accounts.restore_time("outer[1]/map", 540.0)
    accounts.restore_time("outer", 600.0)
    accounts.restore_time("nowhere", 600.0)
    account = accounts.account_of("outer[1]/map[0]/call")
    assert account.budget.left().time_s == 60.0
    assert account.budget.parent is not None
    assert account.budget.parent.left().time_s == 3000.0
    spend(account)
    clock.advance(60)
    assert "the 10m of scope 'outer[1]/map' are over" in refusal(account)
    assert run.elapsed_s() == 60.0


def test_a_changed_plan_brings_other_budgets() -> None:
    limits = Limits(LIMITS, FakeClock())
    run = Budget("run r")
    accounts = accounts_of(plan_of(scope("map"), budget={"requests": 5}), run, limits, default=Cap(requests=9))
    spend(accounts.account_of("map[0]/call"))
    more = plan_of(scope("map", budget={"requests": 1}), scope("new", budget={"rpm_multiplier": 0.5}))
    accounts.follow(more)
    assert run.cap == Cap(requests=9)
    inside = accounts.account_of("map[0]/call")
    assert chain(inside) == ["scope 'map'", "run r"]
    assert isinstance(accounts.account_of("new[0]/call").limits, Share)
    spend(inside)
    assert "scope 'map' has 0 left of 1 request" in refusal(accounts.account_of("map[1]/call"))
    accounts.follow(plan_of(scope("map", budget={"requests": 2})))
    spend(accounts.account_of("map[1]/call"))
    assert "scope 'map' has 0 left of 2 request" in refusal(accounts.account_of("map[1]/call"))
    accounts.follow(plan_of(scope("map")))
    assert chain(accounts.account_of("map[0]/call")) == ["run r"]
    assert run.spent.requests == 3


def test_what_was_spent_stays_spent_when_the_plan_changes_around_a_scope() -> None:
    inner = scope("map", budget={"requests": 2})
    accounts = accounts_of(plan_of(scope("outer", inner)))
    spend(accounts.account_of("outer[0]/map[0]/call"))
    accounts.follow(plan_of(scope("outer", inner, budget={"requests": 9})))
    account = accounts.account_of("outer[0]/map[0]/call")
    assert chain(account) == ["scope 'outer[0]/map'", "scope 'outer'", "run r"]
    assert account.budget.spent == ONE


def test_multipliers_that_a_changed_plan_keeps_remember_what_was_used() -> None:
    plan = plan_of(*SCOPES, budget=PLANNED)
    accounts = accounts_of(plan, limits=Limits(LIMITS, FakeClock()))
    assert passed(accounts.account_of("top")) == 50
    accounts.follow(plan_of(*SCOPES, scope("new"), budget=PLANNED))
    assert passed(accounts.account_of("new[0]/call")) == 0


def test_nothing_is_kept_of_scopes_that_ended_for_good() -> None:
    accounts = accounts_of(plan_of(scope("outer", scope("map", budget={"requests": 1}), scope("free"))))
    for number in range(50):
        spend(accounts.account_of(f"outer[{number}]/map[0]/call"))
        accounts.account_of(f"outer[{number}]/free[0]/call")
        accounts.forget(f"outer[{number}]/map")
        accounts.forget(f"outer[{number}]/free")
    assert not accounts._budgets
    assert set(accounts._accounts) == {"", "outer"}
