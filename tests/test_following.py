"""Going on with a run under another plan: finished steps stay, the rest is as the other plan says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.broker.budget import Budget
from overseer.broker.caps import Cap
from overseer.broker.permissions import OPEN, Grants, Policy
from overseer.errors import ApprovalNeeded, PlanError, UsageError
from overseer.kernel.events import PlanChanged, QuestionAsked, RunResumed, StepStarted
from overseer.reports.report import Report
from overseer.running.approval import NotApproved
from overseer.tool import ToolError, tool
from overseer.tool.decorator import tool as declared

CAREFUL = Policy({**OPEN.classes, "write": "ask"})


class Tools:
    """Tools that count their calls; some of them fail."""

    def __init__(self) -> None:
        self.calls: list[str] = []

        @tool
        def work(name: str) -> str:
            """Gives the name back."""
            self.calls.append(name)
            return name

        @tool
        def fail(name: str) -> str:
            """Never works."""
            self.calls.append(f"fail {name}")
            raise ToolError(f"{name} is not there")

        @declared(effect="write", writes=["file:{name}"], idempotent=False)
        def save(name: str) -> str:
            """Writes."""
            self.calls.append(f"save {name}")
            return name

        self.all = [work, fail, save]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def step(step_id: str, tool_name: str = "work", name: str = "", **rest: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool": tool_name, "args": {"name": name or step_id}, **rest}


A = step("a")
B = step("b", "fail", depends_on=["a"])
C = step("c", name="{{b}} too")
BROKEN = {"steps": [A, B, C]}
MENDED = {"steps": [A, step("b", "work", "{{a}} again"), C]}


def failed(journal: Journal, plan: Any = BROKEN, **options: Any) -> tuple[Tools, Engine, str]:
    tools = Tools()
    engine = Engine(tools.all, journal=journal, **options)
    result = engine.run(plan)
    assert result.status == "failed"
    return tools, engine, result.run_id


def test_a_failed_run_goes_on_with_the_changed_plan_and_repeats_nothing(journal: Journal) -> None:
    tools, engine, run_id = failed(journal)
    before = len(list(journal.events(run_id)))
    result = engine.prepare_resume(run_id, plan=MENDED).carry_out()
    assert result.values == {"a": "a", "b": "a again", "c": "a again too"}
    assert tools.calls == ["a", "fail b", "a again", "a again too"]
    events = list(journal.events(run_id))[before:]
    assert isinstance(events[0], RunResumed)
    assert isinstance(events[1], PlanChanged)
    assert [event.key for event in events if isinstance(event, StepStarted)] == ["b", "c"]
    report = Report(engine.checked(BROKEN), journal.events(run_id))
    assert {each.step_id: each.status for each in report.steps()} == dict.fromkeys("abc", "succeeded")


def test_steps_are_added_and_dropped(journal: Journal) -> None:
    tools, engine, run_id = failed(journal)
    result = engine.prepare_resume(run_id, plan={"steps": [A, step("d", name="{{a}}!")]}).carry_out()
    assert result.output == "a!"
    assert tools.calls == ["a", "fail b", "a!"]


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        ({"steps": [step("a", name="other"), C, step("b")]}, "step 'a' has ended and cannot be changed"),
        ({"steps": [step("b"), C]}, "step 'a' has ended and cannot be removed"),
        ({"steps": [A, step("b", "word")]}, "there is no tool 'word'"),
        ({"inputs": {"x": "string"}, "steps": [A]}, "x"),
    ],
)
def test_a_plan_that_will_not_do_is_refused_and_the_run_left_as_it_was(journal: Journal, plan: Any, fault: str) -> None:
    tools, engine, run_id = failed(journal)
    before = list(journal.events(run_id))
    with pytest.raises(PlanError, match=fault):
        engine.prepare_resume(run_id, plan=plan)
    assert list(journal.events(run_id)) == before
    assert engine.prepare_resume(run_id, plan=MENDED).carry_out().succeeded  # nobody holds it
    assert tools.calls.count("a") == 1


def test_the_changed_plan_needs_an_approval_of_its_own(journal: Journal) -> None:
    plan = {"steps": [step("a", "save"), step("b", "fail", depends_on=["a"])]}
    tools = Tools()
    engine = Engine(tools.all, journal=journal, broker=Broker(policy=CAREFUL))
    writing = Grants(classes=frozenset({"write"}))
    run = engine.prepare(plan, approve=writing)
    assert run.carry_out().status == "failed"
    mended = {"steps": [step("a", "save"), step("b", "save", "more")]}
    with pytest.raises(NotApproved) as refused:
        engine.prepare_resume(run.run_id, plan=mended)
    (need,) = refused.value.needs
    assert (need.tool, [use.step for use in need.uses]) == ("save", ["b"])
    assert engine.prepare_resume(run.run_id, plan=mended, approve=writing).carry_out().succeeded
    assert tools.calls == ["save a", "fail b", "save more"]


def test_what_has_ended_needs_no_approval_any_more(journal: Journal) -> None:
    tools = Tools()
    engine = Engine(tools.all, journal=journal, broker=Broker(policy=CAREFUL))
    writing = Grants(classes=frozenset({"write"}))
    plan = {"steps": [step("a", "save"), step("b", "fail", depends_on=["a"])]}
    run = engine.prepare(plan, approve=writing)
    run.carry_out()
    assert engine.prepare_resume(run.run_id, plan={"steps": [step("a", "save"), step("b")]}).carry_out().succeeded
    assert tools.calls == ["save a", "fail b", "b"]


def test_what_was_approved_for_the_changed_plan_holds_when_it_is_resumed_again(journal: Journal) -> None:
    tools = Tools()
    engine = Engine(tools.all, journal=journal, broker=Broker(policy=CAREFUL))
    run_id = engine.run({"steps": [A, B]}).run_id
    saving = {"steps": [A, step("s", "save"), step("x", "fail", depends_on=["s"])]}
    once = engine.prepare_resume(run_id, plan=saving, approve=Grants(classes=frozenset({"write"})))
    assert once.carry_out().status == "failed"
    again = engine.prepare_resume(run_id).carry_out()
    assert again.status == "failed"
    assert tools.calls.count("save s") == 1


EACH = {
    "step_id": "each",
    "for_each": ["x", "y"],
    "width": 1,
    "steps": [step("one", name="{{item}}"), step("two", "fail", "{{item}}", depends_on=["one"])],
}


def test_a_scope_that_got_somewhere_may_be_left_out_but_not_begun_anew(journal: Journal) -> None:
    tools, engine, run_id = failed(journal, {"steps": [A, EACH]})
    changed = {**EACH, "steps": [step("one", name="{{item}}")]}
    with pytest.raises(PlanError, match="step 'each' has finished a part of its work"):
        engine.prepare_resume(run_id, plan={"steps": [A, changed]})
    result = engine.prepare_resume(run_id, plan={"steps": [A, step("d")]}).carry_out()
    assert result.values == {"a": "a", "d": "d"}
    assert sorted(tools.calls) == ["a", "d", "fail x", "x"]
    report = Report(engine.checked({"steps": [A, EACH]}), journal.events(run_id))
    assert [(each.step_id, each.status) for each in report.steps()] == [("a", "succeeded"), ("d", "succeeded")]


def test_a_scope_that_got_nowhere_may_be_changed(journal: Journal) -> None:
    each = {**EACH, "steps": [step("two", "fail", "{{item}}")]}
    tools, engine, run_id = failed(journal, {"on_error": "fail_fast", "steps": [A, {**each, "depends_on": ["a"]}]})
    changed = {**EACH, "depends_on": ["a"], "steps": [step("two", name="{{item}}")], "output": "{{two}}"}
    result = engine.prepare_resume(run_id, plan={"steps": [A, changed]}).carry_out()
    assert result.output == ["x", "y"]
    assert tools.calls == ["a", "fail x", "x", "y"]


def cut_off(journal: Journal, plan: Any) -> tuple[Tools, str]:
    """A run whose process was killed while `save` was at work."""

    class Killed(BaseException):
        pass

    tools = Tools()
    engine = Engine(tools.all, journal=journal)
    run = engine.prepare(plan)
    append, log = run._log.append, run._log  # type: ignore[union-attr]

    def cut(events: Any) -> None:
        append(events)
        if any(isinstance(event, StepStarted) and event.key == "s" for event in events):
            raise Killed

    log.append = cut  # type: ignore[method-assign, union-attr]
    with pytest.raises(Killed):
        run.carry_out()
    return tools, run.run_id


def test_what_was_cut_off_has_to_be_decided_about_before_it_can_change(journal: Journal) -> None:
    tools, run_id = cut_off(journal, {"steps": [A, step("s", "save", depends_on=["a"])]})
    engine = Engine(tools.all, journal=journal)
    other = {"steps": [A, step("t", name="{{a}}!")]}
    with pytest.raises(ApprovalNeeded, match="decide"):
        engine.prepare_resume(run_id, plan=other)
    with pytest.raises(PlanError, match="step 's' was interrupted and cannot be removed"):
        engine.prepare_resume(run_id, plan=other, repeat=["s"])
    assert engine.prepare_resume(run_id, plan=other, give_up=["s"]).carry_out().output == "a!"
    assert tools.calls == ["a", "a!"]


def test_a_run_that_succeeded_cannot_go_on_under_another_plan(journal: Journal) -> None:
    engine = Engine(Tools().all, journal=journal)
    result = engine.run({"steps": [A]})
    with pytest.raises(UsageError, match="nothing to resume"):
        engine.prepare_resume(result.run_id, plan=MENDED)


def test_what_finding_the_plan_took_counts_for_the_run_for_good(journal: Journal) -> None:
    _, engine, run_id = failed(journal)
    again = {"steps": [A, step("b", "fail"), C]}
    spent = {"requests": 3, "tokens": 400}
    with journal.reopen(run_id) as log:
        log.append([QuestionAsked(9.0, spent)])
    assert engine.prepare_resume(run_id, plan=again).carry_out().status == "failed"
    run = engine.prepare_resume(run_id, budget=Cap(requests=3))
    budget: Budget = run._door._account_of("").budget
    assert (budget.spent.requests, budget.spent.tokens) == (3, 400)
    run.close()
    assert Report(engine.checked(BROKEN), journal.events(run_id)).spent == spent
