"""What calls may cost: nobody plans to spend more than any budget allows, and what was spent is told as it is."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.budget import NOTHING, Budget, OverBudget, Reservation, Spend
from overseer.broker.caps import NO_CAP, Cap
from overseer.errors import BrokenInvariant
from overseer.tool import ToolError
from tests.broker.clock import FakeClock

ONE = Spend(requests=1, tokens=100, cost=0.02)


def refusal(budget: Budget, wanted: Spend = ONE, what: str = "this call") -> str:
    with pytest.raises(OverBudget) as refused, budget.reserve(wanted, what=what):
        pass
    assert refused.value.kind == "budget"
    return str(refused.value)


# --- what becomes of a reservation


def test_what_a_call_took_is_booked() -> None:
    budget = Budget("run r", Cap(requests=10, tokens=1000, cost=1.0))
    with budget.reserve(ONE) as reservation:
        assert (budget.reserved, budget.spent) == (ONE, NOTHING)
        assert budget.left() == Cap(9, 900, 0.98)
        reservation.sent()
        reservation.settle(Spend(requests=1, tokens=40, cost=0.01))
    assert (budget.reserved, budget.spent) == (NOTHING, Spend(1, 40, 0.01))
    assert budget.left() == Cap(9, 960, 0.99)


@pytest.mark.parametrize(
    ("happens", "booked"),
    [
        (lambda reservation: None, ONE),  # left in peace without a word: it did what it was for
        (lambda reservation: reservation.sent(), ONE),
        (lambda reservation: reservation.refused(), Spend(requests=1)),
        (lambda reservation: reservation.give_back(), NOTHING),
        (lambda reservation: reservation.settle(Spend(tokens=7)), Spend(requests=1, tokens=7)),
    ],
)
def test_leaving_books_what_is_true(happens: Callable[[Reservation], None], booked: Spend) -> None:
    budget = Budget("run r")
    with budget.reserve(ONE) as reservation:
        happens(reservation)
    assert (budget.reserved, budget.spent) == (NOTHING, booked)


@pytest.mark.parametrize(
    ("before", "booked"),
    [
        (lambda reservation: None, NOTHING),  # it failed before it went out
        (lambda reservation: reservation.sent(), ONE),  # it went out, and nobody knows what it took
        (lambda reservation: reservation.refused(), Spend(requests=1)),
    ],
)
def test_a_failure_books_what_is_true(before: Callable[[Reservation], None], booked: Spend) -> None:
    budget = Budget("run r")

    def fail() -> None:
        with budget.reserve(ONE) as reservation:
            before(reservation)
            raise ToolError("gone", kind="transient")

    with pytest.raises(ToolError, match="gone"):
        fail()
    assert (budget.reserved, budget.spent) == (NOTHING, booked)


def test_a_reservation_is_settled_once_and_while_it_is_open() -> None:
    budget = Budget("run r")
    reservation = budget.reserve(ONE)
    with pytest.raises(BrokenInvariant, match="settled once"):
        reservation.settle(ONE)
    with reservation:
        with pytest.raises(BrokenInvariant, match="for one call"):
            reservation.__enter__()
        reservation.settle(ONE)
        with pytest.raises(BrokenInvariant, match="settled once"):
            reservation.give_back()
    assert budget.spent == ONE


def test_nothing_takes_less_than_nothing() -> None:
    for amounts in ({"requests": -1}, {"tokens": -1}, {"cost": -0.01}, {"cost": float("nan")}):
        with pytest.raises(ValueError, match="nothing can take"):
            Spend(**amounts)  # type: ignore[arg-type]


# --- what is refused


def test_a_refusal_names_the_budget_what_is_left_and_what_helps() -> None:
    budget = Budget("run 7f3a", Cap(requests=10))
    budget.restore(Spend(requests=8))
    assert refusal(budget, Spend(requests=3)) == (
        "the budget of run 7f3a has 2 left of 10 requests, and this call needs 3; raise it to requests=20"
    )
    with budget.reserve(Spend(requests=1)):
        assert "has 1 left of 10 requests (1 held by running calls)" in refusal(budget, Spend(requests=2))


def test_a_remedy_is_enough_for_what_was_refused() -> None:
    assert "raise it to tokens=5k" in refusal(Budget("run r", Cap(tokens=1000)), Spend(1, 5000))
    assert "raise it to requests=1" in refusal(Budget("run r", Cap(requests=0)))
    cost = refusal(Budget("run r", Cap(cost=0.05)), Spend(1, 10, 0.06), what="gpt-5")
    assert "has $0.05 left of $0.05, and gpt-5 needs $0.06; raise it to cost=0.10" in cost


def test_sums_of_cents_are_cents() -> None:
    budget = Budget("run r", Cap(cost=0.3))
    for _ in range(3):
        with budget.reserve(Spend(cost=0.1)):
            pass
    assert budget.spent.cost == 0.3
    refusal(budget, Spend(cost=0.0001))


def test_all_budgets_above_agree_or_none_is_charged() -> None:
    session = Budget("session", Cap(requests=2))
    run = Budget("run r", Cap(requests=5), parent=session)
    scope = Budget("scope 'each'", Cap(tokens=10**6), parent=run)
    with scope.reserve(ONE), run.reserve(ONE):
        assert "the budget of session has 0 left" in refusal(scope)
        assert [budget.reserved.requests for budget in (session, run, scope)] == [2, 2, 1]
        assert scope.left() == Cap(requests=0, tokens=10**6 - 100)
    assert [budget.spent.requests for budget in (session, run, scope)] == [2, 2, 1]


def test_what_was_taken_beyond_the_estimate_is_booked_and_closes_the_budget() -> None:
    budget = Budget("run r", Cap(tokens=150))
    with budget.reserve(ONE) as reservation:
        reservation.settle(Spend(requests=1, tokens=400, cost=0.1))
    assert budget.spent == Spend(1, 400, 0.1)
    assert budget.left().tokens == 0
    assert "has 0 left of 150 tokens" in refusal(budget, Spend(requests=1))
    with budget.reserve(NOTHING):
        pass


def test_a_price_that_nobody_knows_is_counted_as_such() -> None:
    budget = Budget("run r", Cap(requests=10))
    with budget.reserve(Spend(1, 100, None)) as reservation:
        assert budget.reserved.unpriced == 1
        reservation.settle(Spend(1, 50, None))
    with budget.reserve(ONE) as reservation:
        reservation.settle(Spend(1, 50, None))
    with budget.reserve(ONE) as reservation:
        reservation.settle(ONE)
    assert budget.spent == Spend(3, 200, 0.04, unpriced=2)
    assert budget.reserved == NOTHING


def test_a_cap_on_the_cost_refuses_what_has_no_price() -> None:
    budget = Budget("run r", Cap(cost=0.5))
    assert refusal(budget, Spend(1, 100, None), what="model m") == (
        "run r may cost $0.50, but what model m costs is not known; "
        "state its price in the settings, or leave the cost out of the budget"
    )
    with budget.reserve(Spend(1, 100, 0.0)):
        pass


def test_time_runs_from_the_first_use() -> None:
    clock = FakeClock()
    session = Budget("session", Cap(time_s=1000), clock=clock)
    run = Budget("run r", Cap(time_s=600), parent=session, clock=clock)
    clock.advance(5000)
    assert (session.left().time_s, run.left().time_s, Budget("free").left().time_s) == (1000, 600, None)
    session.check_time()
    clock.advance(500)
    with run.reserve(NOTHING):
        clock.advance(100)
    assert (session.left().time_s, run.left().time_s) == (400, 400)
    clock.advance(400)
    assert "the 16m40s of session are over; raise it to time=33m20s" in refusal(run, NOTHING)
    run.restore(Spend(), elapsed_s=100)
    assert run.left().time_s == 0
    assert "the 10m of run r are over" in refusal(run, NOTHING)


def test_what_an_earlier_process_spent_counts() -> None:
    session = Budget("session", Cap(requests=5))
    run = Budget("run r", Cap(requests=5), parent=session)
    run.restore(Spend(requests=4, tokens=10, cost=0.2, unpriced=1))
    with run.reserve(ONE):
        refusal(run)
    assert (run.spent.requests, session.spent.requests) == (5, 1)


def test_what_an_earlier_process_spent_counts_as_far_up_as_it_was_the_same() -> None:
    session = Budget("session")
    run = Budget("run r", parent=session)
    scope = Budget("scope 'map'", parent=run)
    scope.restore(ONE, elapsed_s=5.0, through=run)
    scope.restore(ONE, through=scope)
    assert (scope.spent.requests, run.spent, session.spent) == (2, ONE, NOTHING)
    assert (scope.elapsed_s(), run.elapsed_s()) == (5.0, 0.0)


def test_a_budget_has_the_clock_of_the_one_above_it() -> None:
    clock = FakeClock()
    scope = Budget("scope 'map'", Cap(time_s=10), parent=Budget("run r", clock=clock))
    scope.check_time()
    clock.advance(4)
    assert scope.left().time_s == 6


def test_what_would_help_depends_on_where_the_cap_comes_from() -> None:
    budget = Budget("scope 'map'", Cap(requests=0), remedy=lambda larger: f"have {larger.requests}")
    assert refusal(budget).endswith("and this call needs 1; have 1")


def test_a_refusal_can_be_sent_elsewhere() -> None:
    error = OverBudget("too much", budget="run r")
    sent = pickle.loads(pickle.dumps(error))
    assert (str(sent), sent.kind, sent.budget) == ("too much", "budget", "run r")


# --- many at once


def test_of_64_racing_threads_exactly_10_pass() -> None:
    session = Budget("session", NO_CAP)
    run = Budget("run r", Cap(requests=10), parent=session)
    start = threading.Barrier(64)

    def ask(number: int) -> bool:
        budget = Budget(f"scope {number}", NO_CAP, parent=run)
        start.wait(30)
        try:
            with budget.reserve(ONE) as reservation:
                reservation.sent()
                return True
        except OverBudget:
            return False

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(ask, range(64))) == 10
    assert run.spent.requests == session.spent.requests == 10


amounts = st.builds(
    Spend,
    requests=st.integers(0, 3),
    tokens=st.integers(0, 100),
    cost=st.integers(0, 30).map(lambda cents: cents / 100),
)
caps = st.builds(
    Cap,
    requests=st.none() | st.integers(0, 8),
    tokens=st.none() | st.integers(0, 300),
    cost=st.none() | st.integers(0, 100).map(lambda cents: cents / 100),
)


@given(
    st.lists(st.tuples(st.integers(0, 5), caps), min_size=1, max_size=6),
    st.lists(
        st.tuples(st.integers(0, 5), amounts, st.sampled_from(["open", "less", "more", "fail", "leave"]), amounts)
    ),
)
def test_no_budget_of_any_tree_is_ever_planned_beyond(
    tree: list[tuple[int, Cap]], calls: list[tuple[int, Spend, str, Spend]]
) -> None:
    budgets: list[Budget] = []
    for above, cap in tree:
        budgets.append(Budget(f"b{len(budgets)}", cap, budgets[above % len(budgets)] if budgets else None))
    overrun: dict[Budget, Spend] = dict.fromkeys(budgets, NOTHING)  # what was reported beyond the estimates
    with ExitStack() as open_calls:
        for which, estimate, ending, actual in calls:
            budget = budgets[which % len(budgets)]
            reservation = budget.reserve(estimate)
            try:
                reservation.__enter__()
            except OverBudget:
                continue
            match ending:
                case "open":
                    open_calls.push(reservation.__exit__)
                case "leave":
                    reservation.__exit__(None, None, None)
                case "fail":
                    reservation.__exit__(ToolError, ToolError("x"), None)
                case "less":
                    reservation.settle(NOTHING)
                case _:
                    reservation.settle(estimate + actual)
                    for above_it in budget._chain:
                        overrun[above_it] += actual
            for checked in budgets:
                assert_within(checked, overrun[checked])
    assert all(budget.reserved == NOTHING for budget in budgets)


def assert_within(budget: Budget, overrun: Spend) -> None:
    used, cap = budget.spent + budget.reserved, budget.cap
    assert cap.requests is None or used.requests <= cap.requests + overrun.requests
    assert cap.tokens is None or used.tokens <= cap.tokens + overrun.tokens
    assert cap.cost is None or used.cost <= cap.cost + overrun.cost + 1e-9
