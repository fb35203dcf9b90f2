"""A run in the hands of a program: what it may do to it, and what it cannot do to it by accident."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.broker.caps import Cap
from overseer.errors import JournalError, PlanError, UsageError
from overseer.journal.runlog import RunLog
from overseer.kernel.events import (
    Event,
    PlanChanged,
    QuestionAsked,
    RunFinished,
    RunStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from overseer.models import ModelRoles, ScriptedModel
from overseer.plan import plan_from
from overseer.reports.report import Report
from overseer.running.messages import Change
from overseer.running.run import RunResult
from overseer.tool import Question, Tool, ToolContext, ToolError, tool
from tests.fakes import Latch


@tool
def give(value: Any) -> Any:
    """What it gets."""
    return value


ONE: dict[str, Any] = {"steps": [{"step_id": "a", "tool": "give", "args": {"value": 1}}]}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def waiting(latch: Latch) -> Tool:
    @tool
    def wait() -> int:
        """Runs until the test lets it."""
        latch.wait()
        return 4

    return wait


# --- changing the plan


FIRST = {"step_id": "a", "tool": "wait"}


def test_a_changed_plan_is_completed_and_checked_like_any_other() -> None:
    latch = Latch()
    run = Engine([waiting(latch), give]).start({"steps": [FIRST]})
    latch.wait_until_reached()
    with pytest.raises(PlanError, match="there is no tool 'treble'"):
        run.change({"steps": [FIRST, {"step_id": "b", "tool": "treble"}]})
    run.change({"steps": [FIRST, {"step_id": "b", "tool": "give", "args": {"value": "{{a}}"}}]})
    latch.open()
    assert run.wait(30).values == {"a": 4, "b": 4}


def test_inputs_that_a_changed_plan_adds_get_their_defaults(journal: Journal) -> None:
    latch = Latch()
    engine = Engine([waiting(latch), give], journal=journal)
    run = engine.start({"inputs": {"x": "integer"}, "steps": [FIRST]}, {"x": 1})
    latch.wait_until_reached()
    inputs = {"x": {"default": 7}, "y": {"default": 2}}
    both = {"step_id": "b", "tool": "give", "args": {"value": ["{{inputs.x}}", "{{inputs.y}}"]}, "depends_on": ["a"]}
    with pytest.raises(PlanError, match="the input 'z' is missing"):
        run.change({"inputs": inputs | {"z": "integer"}, "steps": [FIRST, both]})
    run.change({"inputs": inputs, "steps": [FIRST, both]})
    latch.open()
    assert run.wait(30).values["b"] == [1, 2]


def test_a_run_that_is_not_under_way_cannot_be_changed() -> None:
    run = Engine([give]).prepare(ONE)
    with pytest.raises(UsageError, match="is not under way"):
        run.change(ONE)


def test_a_watcher_cannot_change_the_run_it_is_called_by() -> None:
    told: list[str] = []
    run = Engine([give]).prepare(ONE)

    def meddle(event: Event) -> None:
        if isinstance(event, StepStarted):
            with pytest.raises(UsageError) as caught:
                run.change(ONE)
            told.append(str(caught.value))

    run.watch(meddle)
    assert run.carry_out().succeeded
    assert "from its own thread" in told[0]


def test_what_a_replaced_step_still_brings_is_not_taken_for_the_new_one() -> None:
    old_at_work, new_at_work, failed, late = Latch(), Latch(), Latch(), Latch()

    @tool
    def work(which: str) -> str:
        """The old one is deaf and late."""
        (old_at_work if which == "old" else new_at_work).wait()
        return which

    old = {"step_id": "a", "tool": "work", "args": {"which": "old"}, "timeout": "50ms", "on_error": "continue"}
    keep = {"step_id": "keep", "tool": "work", "args": {"which": "keep"}}
    run = Engine([work]).prepare({"steps": [old, keep]})
    run.watch(lambda event: failed.open() if isinstance(event, StepFailed) else None)
    run.start()
    failed.wait()
    run.change({"steps": [{"step_id": "a", "tool": "work", "args": {"which": "new"}}, keep]})
    new_at_work.wait_until_reached(2)
    old_at_work.open()
    run.watch(lambda event: late.open())
    assert not late.is_open_within(0.1)  # the late end of the old one is no event of the new one's
    new_at_work.open()
    assert run.wait(30).values["a"] == "new"


# --- data that nobody else can change


def test_inputs_are_the_runs_own() -> None:
    latch = Latch()
    given: dict[str, Any] = {"x": (1, [2])}
    plan = {
        "inputs": {"x": "array"},
        "steps": [
            FIRST,
            {"step_id": "b", "tool": "give", "args": {"value": "{{inputs.x}}"}, "depends_on": ["a"]},
        ],
    }
    run = Engine([waiting(latch), give]).start(plan, given)
    latch.wait_until_reached()
    given["x"][1].append(3)
    latch.open()
    assert run.wait(30).values["b"] == [1, [2]]


def test_inputs_that_json_cannot_hold_are_refused_by_name() -> None:
    with pytest.raises(PlanError, match=r"the input 'x'\.who is a set"):
        Engine([give]).prepare({"inputs": {"x": "any"}, **ONE}, {"x": {"who": {1}}})


def test_what_a_watcher_does_to_the_data_of_an_event_changes_nothing() -> None:
    def spoil(event: Event) -> None:
        if isinstance(event, StepSucceeded):
            event.value.append("spoilt")
        if isinstance(event, RunFinished):
            event.output.append("spoilt")
        if isinstance(event, RunStarted):
            event.inputs["x"] = ["spoilt"]

    plan = {
        "inputs": {"x": {"default": [1]}},
        "steps": [
            {"step_id": "a", "tool": "give", "args": {"value": ["{{inputs.x}}"]}},
            {"step_id": "b", "tool": "give", "args": {"value": "{{a}}"}},
        ],
    }
    result = Engine([give]).run(plan, watch=spoil)
    assert (result.values, result.output) == ({"a": [[1]], "b": [[1]]}, [[1]])


# --- watchers, errors, ends


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_a_watcher_cannot_end_the_run(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def leave(_event: Event) -> None:
        raise error

    assert Engine([give]).run(ONE, watch=leave).succeeded
    assert "was detached" in caplog.text


def test_a_run_that_was_cancelled_before_it_began_does_nothing() -> None:
    calls: list[int] = []

    @tool
    def work() -> None:
        """Counts its calls."""
        calls.append(1)

    run = Engine([work]).prepare({"steps": [{"step_id": "a", "tool": "work"}]})
    run.cancel(hard=True)
    assert run.carry_out().status == "cancelled"
    assert calls == []


def test_an_error_that_nobody_waits_for_is_logged(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_log: RunLog, _events: Any) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(RunLog, "append", refuse)
    run = Engine([give], journal=journal).start(ONE)
    with pytest.raises(JournalError):
        run.wait(30)
    assert f"run {run.run_id} was broken off: the disk is full" in caplog.text


def test_a_prepared_run_that_is_closed_can_be_carried_out_by_others(journal: Journal) -> None:
    engine = Engine([give], journal=journal)
    with engine.prepare(ONE) as run:
        assert journal.runs()[0].is_owned
    assert engine.resume(run.run_id).succeeded
    with pytest.raises(UsageError, match="has been closed"):
        run.carry_out()


def test_a_prepared_run_that_is_forgotten_can_be_carried_out_by_others(journal: Journal) -> None:
    engine = Engine([give], journal=journal)
    run_id = engine.prepare(ONE).run_id
    gc.collect()
    assert engine.resume(run_id).succeeded


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match=r"two tools are called 'give', from .*test_run.py and an unknown place"):
        Engine([give, Tool("give", lambda: 1)])
    assert Engine([give, give]).run(ONE).succeeded


PROGRAM = """
import sys
from pathlib import Path
from overseer import Engine, Journal
from overseer.tool import ToolContext, tool

@tool
def work(context: ToolContext, seconds: float) -> str:
    context.wait(seconds)
    return "done"

Engine([work], journal=Journal.open(Path(sys.argv[1]))).start({plan!r})
"""
SHORT = {"tool": "work", "args": {"seconds": 0.05}}


@pytest.mark.parametrize(
    "steps",
    [
        [{"step_id": "a", **SHORT}, *({"step_id": f"b{n}", "depends_on": ["a"], **SHORT} for n in range(6))],
        [{"step_id": "tick", "on": {"timer": "20ms"}, "steps": [{"step_id": "x", **SHORT}]}],
        [{"step_id": "wait", "on": {"timer": "1h"}, "steps": [{"step_id": "x", **SHORT}]}],
    ],
)
def test_a_started_run_ends_cleanly_with_its_program(tmp_path: Path, steps: list[dict[str, Any]]) -> None:
    path = tmp_path / "journal.db"
    program = PROGRAM.format(plan={"steps": steps})
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")

    @tool
    def work(context: ToolContext, seconds: float) -> str:
        """As in the program."""
        return "done"

    with Journal.open(path) as journal:
        (run,) = journal.runs()
        assert run.status in ("succeeded", "cancelled")
        if run.status == "cancelled" and "on" not in steps[0]:
            assert Engine([work], journal=journal).resume(run.run_id).succeeded


# --- what cannot be so


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -1, "soon", 10**400, True])
def test_an_odd_wish_to_be_left_alone_is_not_heard(seconds: Any) -> None:
    @tool
    def busy() -> None:
        """Has no time."""
        raise ToolError("busy", kind="transient", retry_after_s=seconds)

    step = {"step_id": "a", "tool": "busy", "retry": {"attempts": 2, "delay": 0}}
    result = Engine([busy]).run({"steps": [step]})
    assert result.failures["a"].message == "busy"


@pytest.mark.parametrize(("on_error", "status"), [("continue", "partial"), ("fail", "failed")])
def test_a_loop_that_nests_its_value_ever_deeper_only_fails(journal: Journal, on_error: str, status: str) -> None:
    loop = {"step_id": "loop", "repeat": {"limit": 2000}, "steps": ONE["steps"], "output": ["{{last}}"]}
    assert Engine([give], journal=journal).run({"steps": [loop | {"on_error": on_error}]}).status == status


def test_a_scope_with_a_tolerated_failure_is_shown_as_partial(journal: Journal) -> None:
    plan = plan_from(
        {"steps": [{"step_id": "m", "steps": [{"step_id": "x", "tool": "fail", "on_error": "continue"}]}]}
    ).plan

    @tool
    def fail() -> None:
        """Does not work."""
        raise ToolError("no")

    result = Engine([fail], journal=journal).run(plan)
    report = Report(plan, journal.events(result.run_id))
    assert report.status == "partial"
    assert {step.step_id: step.status for step in report.steps()}["m"] == "partial"


# --- questions about a run


def test_a_question_about_a_run_is_paid_from_its_budget() -> None:
    model = ScriptedModel(["Yes.", "No."])
    engine = Engine([give], broker=Broker(models=ModelRoles.of(model)))
    run = engine.prepare(ONE, budget=Cap(requests=1))
    run.carry_out()
    assert run.ask(Question("Well?")).value == "Yes."
    assert run.spent.requests == 1
    refused = run.ask(Question("Well?"))
    assert refused.failure is not None
    assert refused.failure.kind == "budget"
    assert run.spent.requests == 1


def test_what_questions_took_is_told_once_and_for_good_whenever_they_are_asked(journal: Journal) -> None:
    latch = Latch()
    model = ScriptedModel(["While it runs.", "Once it has ended.", "Again."])
    engine = Engine([waiting(latch)], journal=journal, broker=Broker(models=ModelRoles.of(model)))
    run = engine.prepare({"steps": [FIRST]})
    heard = Report(run.plan)
    run.watch(heard.observe)
    run.start()
    latch.wait_until_reached()
    run.ask(Question("How is it going?"))
    latch.open()
    run.wait(30)
    for _ in range(2):
        run.ask(Question("Well?"))
    stored = Report(run.plan, journal.events(run.run_id))
    assert stored.spent == heard.spent == run.spent.to_json()
    assert run.spent.requests == 3
    assert [event.spent["requests"] for event in journal.events(run.run_id) if isinstance(event, QuestionAsked)] == [
        1,
        1,
        1,
    ]
    assert journal.run(run.run_id).summary.status == "succeeded"


def test_a_question_about_a_run_that_others_have_taken_up_is_answered_all_the_same(journal: Journal) -> None:
    engine = Engine([give], journal=journal, broker=Broker(models=ModelRoles.of(ScriptedModel(["Yes.", "Yes."]))))
    run = engine.prepare(ONE)
    run.carry_out()
    with journal.reopen(run.run_id):
        assert run.ask(Question("Well?")).value == "Yes."
    run.ask(Question("Well?"))
    (asked,) = (event for event in journal.events(run.run_id) if isinstance(event, QuestionAsked))
    assert asked.spent["requests"] == 2


def test_what_finding_another_plan_took_is_told_with_it(journal: Journal) -> None:
    latch = Latch()
    engine = Engine(
        [waiting(latch), give], journal=journal, broker=Broker(models=ModelRoles.of(ScriptedModel(["Yes."])))
    )
    run = engine.start({"steps": [FIRST]})
    latch.wait_until_reached()
    run.ask(Question("What else?"))
    run.change({"steps": [FIRST, {"step_id": "b", "tool": "give", "args": {"value": "{{a}}"}}]})
    latch.open()
    run.wait(30)
    (changed,) = (event for event in journal.events(run.run_id) if isinstance(event, PlanChanged))
    assert changed.spent["requests"] == 1
    assert not [event for event in journal.events(run.run_id) if isinstance(event, QuestionAsked)]


# --- what happens while a change is on its way


class Busy:
    """An open run whose own thread stands still until it is let, so that whatever it is told waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *replies: str, journal: Journal | None = None) -> None:
        self.still, self.told, self.work = Latch(), Semaphore(0), Latch()
        broker = Broker(models=ModelRoles.of(ScriptedModel(list(replies))))
        self.run = Engine([waiting(self.work), give], journal=journal, broker=broker).prepare({"steps": [FIRST]})
        self.events: list[Event] = []
        self.run.watch(self._see)
        tell = self.run._runner.tell

        def told(message: Any) -> None:
            tell(message)
            if isinstance(message, Change):
                self.told.release()

        monkeypatch.setattr(self.run._runner, "tell", told)
        self.run.start()
        self.still.wait_until_reached()

    def _see(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StepStarted):
            self.still.wait()

    def wait_until_told(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.told.acquire(timeout=10), "nobody wanted another plan"

    def go_on(self) -> None:
        self.still.open()

    def ended(self) -> RunResult:
        self.work.open()
        return self.run.wait(30)

    def asked(self) -> list[float]:
        told = (event for event in self.events if isinstance(event, PlanChanged | QuestionAsked) and event.spent)
        return [event.spent["requests"] for event in told]


WITH_B = {"steps": [FIRST, {"step_id": "b", "tool": "give", "args": {"value": "{{a}}"}}]}
WITHOUT_A: dict[str, Any] = {"steps": [{"step_id": "b", "tool": "give", "args": {"value": 1}}]}


def test_what_is_asked_while_a_change_is_on_its_way_is_told_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Busy(monkeypatch, "Do b as well.", "It waits.")
    busy.run.ask(Question("What else?"))
    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(busy.run.change, WITH_B)
        busy.wait_until_told()
        busy.run.ask(Question("How is it going?"))
        busy.go_on()
        changing.result(10)
    assert busy.ended().succeeded
    assert busy.asked() == [1, 1]


def test_what_was_asked_is_told_once_though_two_changes_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Busy(monkeypatch, "Do b as well.")
    busy.run.ask(Question("What else?"))
    with ThreadPoolExecutor(2) as pool:
        changes = [pool.submit(busy.run.change, WITH_B) for _ in range(2)]
        busy.wait_until_told(2)
        busy.go_on()
        for changing in changes:
            changing.result(10)
    assert busy.ended().succeeded
    assert busy.asked() == [1]


def test_what_a_plan_took_that_is_not_followed_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Busy(monkeypatch, "Do b instead.")
    busy.run.ask(Question("What else?"))
    busy.go_on()
    with pytest.raises(PlanError, match="is running and cannot be removed"):
        busy.run.change(WITHOUT_A)
    assert busy.ended().succeeded
    assert busy.asked() == [1]


def test_a_change_that_comes_when_the_run_has_ended_loses_nothing_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    busy = Busy(monkeypatch, "Do b as well.", journal=journal)
    busy.run.ask(Question("What else?"))
    ended, tell = Latch(), busy.run._runner.tell

    def late(message: Any) -> None:
        if isinstance(message, Change):
            ended.wait()
        tell(message)

    monkeypatch.setattr(busy.run._runner, "tell", late)
    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(busy.run.change, WITH_B)
        ended.wait_until_reached()
        busy.go_on()
        assert busy.ended().succeeded
        ended.open()
        with pytest.raises(PlanError, match="the run has ended"):
            changing.result(10)
    assert busy.asked() == [1]
    assert Report(busy.run.plan, journal.events(busy.run.run_id)).spent == busy.run.spent.to_json()


def test_what_goes_wrong_when_a_plan_takes_effect_meets_who_wanted_it_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = Busy(monkeypatch)
    admit = busy.run._admit

    def broken() -> None:
        raise JournalError("nothing more fits")

    monkeypatch.setattr(busy.run, "_admit", lambda *args: (*admit(*args)[:3], broken))
    busy.go_on()
    with pytest.raises(JournalError, match="nothing more fits"):
        busy.run.change(WITH_B, timeout_s=10)
    assert busy.ended().values == {"a": 4, "b": 4}
