"""What a plan will take, from what earlier calls took: as a table, from a journal, and beside what it took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overseer.errors import Failure
from overseer.journal.experience import Experience
from overseer.journal.journal import Journal
from overseer.kernel.events import (
    Event,
    PlanChanged,
    RunFinished,
    RunStarted,
    StepFailed,
    StepHeld,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolReturned,
)
from overseer.plan import to_document, to_text
from overseer.plan.values import WorkflowPlan
from overseer.running.engine import Engine
from overseer.timing import Stopwatch
from overseer.timing.forecast import Amount, Forecast, Seen, forecast, names_in, task_name
from overseer.timing.forecasttext import forecast_text
from overseer.tool import Tool
from tests.chat.people import TOOLS, plan, step

LOOK_2S, ASK_3S = Seen(10, 2.0), Seen(4, 3.0, tokens=400, cost=0.002)
HISTORY = {
    "fetch": Seen(3, 0.1),
    "look": LOOK_2S,
    "ask": ASK_3S,
    task_name("count"): Seen(2, 1.0, tokens=100, cost=0.001),
}


def predicted(made: WorkflowPlan, history: Mapping[str, Seen] = HISTORY, **more: Any) -> Forecast:
    return forecast(made, history, tools=TOOLS, **more)


def text(*steps: dict[str, Any], history: Mapping[str, Seen] = HISTORY, **more: Any) -> str:
    return forecast_text(predicted(plan(*steps), history, **more))


def scope(*inner: dict[str, Any], **mode: Any) -> dict[str, Any]:
    return {"step_id": "scope", **mode, "steps": list(inner)}


CODE = {"step_id": "n", "code": "count"}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([step("a", "look")], "1 call, about 2 s (from 10 earlier calls)"),
        ([step("a", "look"), step("b", "look", "a")], "2 calls, about 4 s (from 10 earlier calls)"),
        ([step("a", "look"), step("b", "look")], "2 calls, about 2 s (from 10 earlier calls)"),
        ([step("a", "ask")], "1 call, ~400 tokens, about $0.002, about 3 s (from 4 earlier calls)"),
        ([step("a", "fetch")], "1 call, less than 1 s (from 3 earlier calls)"),
        ([step("a", "fetch", when="{{z}}"), step("z", "fetch")], "1 to 2 calls, less than 1 s (from 3 earlier calls)"),
        ([step("a", "think")], "1 call, time unknown; think was never called before"),
        (
            [step("a", "look"), step("b", "think", "a")],
            "2 calls, at least 2 s (from 10 earlier calls); think was never called before",
        ),
        ([step("a", "look", when="{{z}}"), step("z", "look")], "1 to 2 calls, 2 s to 4 s (from 10 earlier calls)"),
        ([CODE], "1 program, ~100 tokens, about $0.001, about 1 s (from 2 earlier calls)"),
        (
            [{"step_id": "n", "code": "other"}],
            "1 program, tokens, price and time unknown; code that is new was never called before",
        ),
        ([scope(step("x", "look"), for_each=[1, 2, 3])], "3 calls, about 2 s (from 10 earlier calls)"),
        ([scope(step("x", "look"), for_each=[1, 2, 3], width=2)], "3 calls, about 4 s (from 10 earlier calls)"),
        ([scope(step("x", "look"), iterations=20)], "20 calls, about 6 s (from 10 earlier calls)"),
        ([scope(step("x", "look"), repeat={"limit": 4})], "4 calls, about 8 s (from 10 earlier calls)"),
        (
            [scope(step("x", "look"), repeat={"until": "{{x}}", "limit": 4})],
            "1 to 4 calls, 2 s to 8 s (from 10 earlier calls)",
        ),
        (
            [scope(step("x", "look"), repeat={"until": "{{x}}"})],
            "at least 1 call, at least 2 s (from 10 earlier calls); 'scope': 1 call, 2 s for each round",
        ),
        (
            [step("list", "look"), scope(step("x", "look", "item"), for_each="{{list}}")],
            "at least 1 call, at least 2 s (from 10 earlier calls); 'scope': 1 call, 2 s for each item of {{list}}",
        ),
        (
            [scope(step("x", "look"), on={"timer": "5s"})],
            "calls without a known number, time unknown; 'scope': 1 call, 2 s for each event",
        ),
    ],
)
def test_forecasts(steps: list[dict[str, Any]], said: str) -> None:
    assert text(*steps) == said


def test_nothing_is_guessed_without_a_history() -> None:
    assert text(step("a", "ask"), step("b", "look"), history={}) == (
        "2 calls, tokens, price and time unknown; ask, look were never called before"
    )


def test_a_price_that_is_not_known_is_never_zero() -> None:
    assert text(step("a", "ask"), history={"ask": Seen(1, 1.0, tokens=1234, cost=None)}) == (
        "1 call, ~1,200 tokens, price unknown, about 1 s (from 1 earlier call)"
    )
    half = predicted(plan(step("a", "ask"), {"step_id": "n", "code": "new"}))
    assert not half.is_priced
    assert "price unknown" in forecast_text(half)
    assert "at least 400 tokens" in forecast_text(half)


def test_a_program_that_is_kept_asks_no_model() -> None:
    said = forecast_text(predicted(plan(CODE), kept=frozenset({"count"})))
    assert said == "1 program, about 1 s (from 2 earlier calls)"


def test_a_list_that_is_given_with_the_plan_is_counted() -> None:
    made = plan(scope(step("x", "look"), for_each="{{inputs.names}}"), inputs={"names": {"type": "array"}})
    assert predicted(made, inputs={"names": ["a", "b"]}).calls == Amount.of(2)
    assert predicted(made).calls == Amount(0, None)


def test_no_more_is_done_at_a_time_than_may_be() -> None:
    wide = plan(*(step(f"s{at}", "look") for at in range(8)))
    assert [predicted(wide, max_parallel=most).seconds.least for most in (8, 4, 1)] == [2, 4, 16]


BODIES = st.recursive(
    st.builds(lambda tool: step("x", tool), st.sampled_from(["look", "ask", "think"])),
    lambda inner: st.builds(
        lambda body, mode: scope(body, **mode),
        inner,
        st.sampled_from(
            [
                {"for_each": [1, 2]},
                {"for_each": []},
                {"iterations": 3},
                {"repeat": {"limit": 2}},
                {"repeat": {"until": "{{last}}"}},
            ]
        ),
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_bounds_are_bounds_and_everything_can_be_said(bodies: list[dict[str, Any]]) -> None:
    found = predicted(plan(*({**body, "step_id": f"s{at}"} for at, body in enumerate(bodies))))
    for amount in (found.calls, found.tokens, found.cost, found.seconds):
        assert amount.most is None or 0 <= amount.least <= amount.most
    assert forecast_text(found)


# --- from the journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def entered(journal: Journal, number: int, made: WorkflowPlan, events: list[Event], **options: str) -> None:
    begun = {"name": "", "plan": to_text(made), "steps": 1, "inputs": {}, "options": options, "at": float(number)}
    with journal.begin(f"r{number:06}", **begun) as log:  # type: ignore[arg-type]
        log.append([RunStarted(0, f"r{number:06}", {}), *events])


def test_what_calls_took_is_the_middle_of_the_finished_ones(journal: Journal) -> None:
    made = plan(step("a", "look"), step("b", "ask"))
    spent = {"requests": 1, "tokens": 350, "cost": 0.01}
    for number, seconds in enumerate((1, 2, 30)):
        entered(
            journal,
            number,
            made,
            [
                StepStarted(0, "a"),
                StepSucceeded(seconds, "a", "x" * 9000),
                StepStarted(5, "b"),
                StepFailed(6, "b", Failure("transient", "no"), retry_at=7, spent=spent),
                StepStarted(7, "b", 2),
                StepSucceeded(9, "b", "y", spent=spent),
                RunFinished(9, "succeeded"),
            ],
        )
    entered(journal, 9, made, [StepStarted(0, "a"), StepFailed(90, "a", Failure("tool", "no")), StepStarted(0, "b")])
    seen = journal.experience.of(["look", "ask", "nothing"])
    assert seen == {"look": Seen(3, 2.0), "ask": Seen(3, 4.0, tokens=700, cost=0.02)}


def test_one_call_without_a_price_leaves_the_price_unknown(journal: Journal) -> None:
    for number, spent in enumerate(({"tokens": 10, "cost": 0.5}, {"tokens": 10, "unpriced": 1})):
        entered(journal, number, plan(step("a", "ask")), [StepStarted(0, "a"), StepSucceeded(1, "a", 1, spent=spent)])
    assert journal.experience.of(["ask"])["ask"].cost is None


def test_what_a_scripted_model_took_says_nothing_of_a_real_one(journal: Journal) -> None:
    took: list[Event] = [StepStarted(0, "a"), StepSucceeded(1, "a", 1, spent={"tokens": 10})]
    entered(journal, 0, plan(step("a", "ask")), took, demo="joke")
    assert journal.experience.of(["ask"]) == {}


def test_waiting_for_a_limit_is_no_part_of_what_a_call_takes(journal: Journal) -> None:
    events: list[Event] = [StepStarted(0, "a"), StepHeld(1, "a", "x"), StepReleased(8, "a"), StepSucceeded(10, "a", 1)]
    entered(journal, 0, plan(step("a", "look")), events)
    assert journal.experience.of(["look"])["look"].seconds == 3


def test_steps_in_rounds_in_workflows_and_of_changed_plans_are_told_by_what_they_call(journal: Journal) -> None:
    looped = plan(scope(step("x", "look"), for_each=[1, 2]), CODE)
    changed = plan(scope(step("x", "ask"), for_each=[1, 2]), CODE)
    events: list[Event] = [
        StepStarted(0, "scope[0]/x"),
        StepSucceeded(4, "scope[0]/x", 1),
        StepStarted(0, "n"),
        ToolReturned(1, "n", "1", 1, spent={"tokens": 30}),
        StepSucceeded(2, "n", 1, spent={"tokens": 70, "cost": 0.1}),
        PlanChanged(5, to_document(changed)),
        StepStarted(6, "scope[1]/x"),
        StepSucceeded(7, "scope[1]/x", 1),
    ]
    entered(journal, 0, looped, events)
    seen = journal.experience.of(["look", "ask", task_name("count")])
    assert {name: each.seconds for name, each in seen.items()} == {"look": 4, "ask": 1, task_name("count"): 2}
    assert seen[task_name("count")].tokens == 100


def test_only_the_newest_calls_count(journal: Journal) -> None:
    for number in range(220):
        entered(
            journal,
            number,
            plan(step("a", "look")),
            [StepStarted(0, "a"), StepSucceeded(100 if number < 20 else 1, "a", 1)],
        )
    seen = journal.experience.of(["look"])["look"]
    assert (seen.calls, seen.seconds) == (200, 1)


def test_a_journal_without_runs_and_a_damaged_row_are_no_fault(journal: Journal) -> None:
    assert journal.experience.of(["look"]) == {}
    assert journal.experience.of([]) == {}
    entered(journal, 0, plan(step("a", "look")), [StepStarted(0, "a"), StepSucceeded(1, "a", 1, spent={"tokens": 5})])
    with journal._database.reading() as connection:
        connection.execute("UPDATE events SET body = '{half' WHERE body IS NOT NULL")
        connection.execute(
            "INSERT INTO runs VALUES (99, 'x', '', 'running', 0, NULL, 1, '\"look\" half', '', '', NULL)"
        )
        connection.commit()
    assert journal.experience.of(["look"]) == {"look": Seen(1, 1.0)}


def test_a_long_journal_is_read_while_nobody_notices(journal: Journal) -> None:
    made = plan(*(step(f"s{at}", tool) for at, tool in enumerate(["look", "ask", "think", "fetch", "keep"])))
    for number in range(1000):
        events: list[Event] = []
        for at in range(5):
            events += [StepStarted(0, f"s{at}"), StepSucceeded(1, f"s{at}", "v", spent={"tokens": 9, "cost": 0.1})]
        entered(journal, number, made, events)
    experience: Experience = journal.experience

    def taken() -> float:
        began = time.process_time()
        experience.of(names_in(made))
        return time.process_time() - began

    assert min(taken() for _ in range(5)) < 0.2  # a tenth of which is usual


# --- against what it took


def test_a_forecast_of_the_same_plan_is_what_it_took(tmp_path: Path) -> None:
    def look(**given: Any) -> str:
        time.sleep(0.1)
        return "x"

    more: dict[str, Any] = {"parameters": {"type": "object", "additionalProperties": True}}
    tools = {name: Tool(name, look, **more) for name in ("look", "think")}
    made = plan(
        step("a", "look"),
        step("b", "look", "a"),
        step("c", "think", "a"),
        scope(step("x", "look"), for_each=[1, 2, 3], width=1),
    )
    with Journal.open(tmp_path / "journal.db") as journal:
        engine = Engine(tools.values(), journal=journal)
        engine.run(made)
        found = forecast(made, journal.experience.of(names_in(made)), tools=tools)
        watch = Stopwatch(made)
        engine.run(made, watch=watch.observe)
    took = watch.timing()
    assert found.calls == Amount.of(sum(not each.is_scope for each in took.steps))
    assert found.never == ()
    assert took.wall_s / 3 < found.seconds.least < took.wall_s * 3
