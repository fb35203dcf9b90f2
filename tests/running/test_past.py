"""What a resumed run goes on with, told by events: above all the time that had passed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.accounts import Accounts
from overseer.broker.budget import Budget, Spend
from overseer.broker.caps import Cap
from overseer.broker.limits import Limits
from overseer.errors import Failure
from overseer.journal.journal import Journal
from overseer.kernel.events import (
    Event,
    RoundOpened,
    RunResumed,
    RunStarted,
    ScopeOpened,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState
from overseer.plan import plan_from
from overseer.running.past import Past
from overseer.tool import tool

PLAN = plan_from(
    {
        "budget": {"time": "1h"},
        "steps": [
            {"step_id": "before", "tool": "call"},
            {
                "step_id": "map",
                "for_each": [1, 2],
                "max_parallel": 2,
                "budget": {"time": "10m"},
                "steps": [{"step_id": "one", "tool": "call"}],
            },
        ],
    }
).plan

BEGUN: list[Event] = [
    RunStarted(0.0, "r", {}),
    StepStarted(5.0, "before"),
    StepSucceeded(65.0, "before", 1, spent={"requests": 1}),
    ScopeOpened(65.0, "map", 2),
    RoundOpened(65.0, "map", 0),
    RoundOpened(65.0, "map", 1),
    StepStarted(100.0, "map[0]/one"),
    StepFailed(120.0, "map[0]/one", Failure("transient", "no"), retry_at=125.0, spent={"requests": 1}),
    StepStarted(125.0, "map[0]/one", 2),
]


def left(events: list[Event]) -> tuple[float | None, float | None]:
    """How much time is left to the run and to the scope after these events."""
    run = Budget("run r")
    accounts = Accounts(PLAN, run, Limits())
    Past(RunState(PLAN, Rules(), "r"), events).restore(accounts)
    return run.left().time_s, accounts.account_of("map[0]/one").budget._own_left().time_s


def test_time_that_had_passed_when_the_process_died_is_gone() -> None:
    # From the first step in each until the last that was heard.
    assert left(BEGUN) == (3600 - 120, 600 - 25)


def test_nobody_pays_for_the_time_between_two_processes() -> None:
    again: list[Event] = [RunResumed(9000.0), StepStarted(9010.0, "map[0]/one"), StepStarted(9030.0, "map[1]/one")]
    assert left([*BEGUN, *again]) == (3600 - 120 - 20, 600 - 25 - 20)


def test_what_was_spent_is_counted_once() -> None:
    run = Budget("run r")
    accounts = Accounts(PLAN, run, Limits())
    Past(RunState(PLAN, Rules(), "r"), BEGUN).restore(accounts)
    assert run.spent == Spend(requests=2)
    assert accounts.account_of("map[1]/one").budget.spent == Spend(requests=1)


@pytest.mark.parametrize("effect", ["network", "pure"])
def test_a_resume_is_no_way_around_a_budget_of_time(tmp_path: Path, effect: Any) -> None:
    @tool(effect=effect, idempotent=True)
    def wait(seconds: float) -> None:
        """Take some time."""
        time.sleep(seconds)

    steps = [
        {"step_id": "long", "tool": "wait", "args": {"seconds": 0.4}},
        {"step_id": "short", "tool": "wait", "args": {"seconds": 0}, "depends_on": ["long"]},
    ]
    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine([wait], journal=journal)
        result = engine.prepare({"steps": steps}, budget=Cap(time_s=0.3)).carry_out()
        assert {name: failure.kind for name, failure in result.failures.items()} == {"short": "budget"}
        assert engine.resume(result.run_id).failures["short"].kind == "budget"
        assert engine.prepare_resume(result.run_id, budget=Cap(time_s=60)).carry_out().succeeded
