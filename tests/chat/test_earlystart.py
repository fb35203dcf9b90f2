"""Steps that begin while the model still speaks: which do, which do not, and that none is ever lost or done twice."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.broker.permissions import CAREFUL, OPEN, Grants
from overseer.broker.result import ToolResult
from overseer.chat.earlystart import Begun, EarlyStart
from overseer.errors import Failure, PlanError
from overseer.frontends.draft import Answered, Planned, Refused
from overseer.frontends.earlier import Earlier
from overseer.frontends.planner import Planner
from overseer.kernel.events import StepStarted, StepSucceeded
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan, WorkflowStep
from overseer.reports.report import Report
from overseer.running.run import Run
from overseer.tool import Question, Reply, Tool, tool
from tests.fakes import Latch

PATIENCE_S = 10.0


class Hands:
    """Two tools that note what they do; a step may be made to wait for the test."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self._changed = threading.Condition()
        self.latches: dict[Any, Latch] = {}

        @tool
        def make(value: Any = None, after: Any = None) -> Any:
            """Make something."""
            return self._do(value)

        @tool(effect="write")
        def save(value: Any = None, after: Any = None) -> Any:
            """Keep something."""
            return self._do(value)

        self.tools: dict[str, Tool] = {each.name: each for each in (make, save)}

    def _do(self, value: Any) -> Any:
        with self._changed:
            self.done.append(value)
            self._changed.notify_all()
        if latch := self.latches.get(value):
            latch.wait()
        return value

    def have_done(self, *values: Any) -> Callable[[], None]:
        """Waits until these were at least begun."""

        def wait() -> None:
            with self._changed:
                assert self._changed.wait_for(lambda: set(values) <= set(self.done), PATIENCE_S), self.done

        return wait


def step(step_id: str, *needs: str, tool: str = "make", **more: Any) -> dict[str, Any]:
    after = [f"{{{{{need}}}}}" for need in needs]
    return {"step_id": step_id, "tool": tool, "args": {"value": step_id, "after": after}, **more}


def plan(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"steps": list(steps), **more})


def cut(*steps: dict[str, Any]) -> str:
    """A plan up to the end of its last step."""
    return plan(*steps)[:-2]


@dataclass
class Model:
    """Says its replies piece by piece; between pieces it may wait for what the test names."""

    replies: Iterator[Sequence[str | Callable[[], Any]] | Failure]
    said: str = ""

    def __call__(self, question: Question, /, *, on_text: Any = None) -> ToolResult:
        reply = next(self.replies)
        if isinstance(reply, Failure):
            return ToolResult(failure=reply)
        text = ""
        for piece in reply:
            if isinstance(piece, str):
                text += piece
                if on_text is not None:
                    on_text(piece)
            elif isinstance(outcome := piece(), Failure):
                return ToolResult(failure=outcome)
        return ToolResult(text, reply=Reply(text, "tiny"))


@dataclass
class Listener:
    told: list[Any] = field(default_factory=list)

    def steps(self, new: tuple[WorkflowStep, ...], so_far: WorkflowPlan) -> None:
        self.told.append([each.step_id for each in new])

    def answer(self, text: str) -> None:
        self.told.append(text)

    def withdrawn(self, reason: str) -> None:
        self.told.append("withdrawn")


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def drafted(
    hands: Hands, *replies: Any, review: Any = "never", policy: Any = OPEN, journal: Journal | None = None, **more: Any
) -> Begun:
    engine = Engine(hands.tools.values(), broker=Broker(policy), journal=journal)
    planner = Planner(Model(iter(replies)), hands.tools)
    earlier, heard = more.pop("earlier", None), more.pop("heard", None)
    return EarlyStart(engine, planner, review, **more).draft("Do it.", (), earlier, heard=heard)


def run_of(begun: Begun) -> Run:
    assert begun.run is not None
    return begun.run


# --- the rest comes while the first steps run


def test_steps_begin_before_the_plan_has_ended(hands: Hands, journal: Journal) -> None:
    rest = plan(step("a"), step("b"), step("c", "a", "b"), output={"all": "{{c}}"})[len(cut(step("a"), step("b"))) :]
    reply = [cut(step("a")), hands.have_done("a"), cut(step("a"), step("b"))[len(cut(step("a"))) :]]
    begun = drafted(hands, [*reply, hands.have_done("b"), rest], journal=journal)
    assert isinstance(begun.draft, Planned)
    assert begun.stage == "whole"
    result = run_of(begun).wait(PATIENCE_S)
    assert (result.status, result.output) == ("succeeded", {"all": "c"})
    assert hands.done == ["a", "b", "c"]
    assert journal.runs()[0].steps == 3


def test_the_run_is_given_out_before_it_starts(hands: Hands) -> None:
    seen: list[Any] = []
    begun = drafted(hands, [plan(step("a"))], on_run=lambda run: run.watch(lambda event: seen.append(type(event))))
    assert run_of(begun).wait(PATIENCE_S).succeeded
    assert seen[0].__name__ == "RunStarted"
    assert seen[-1].__name__ == "RunFinished"


def test_nothing_begins_where_every_plan_is_reviewed(hands: Hands) -> None:
    listener = Listener()
    begun = drafted(hands, [plan(step("a"), step("b"))], review="always", heard=listener)
    assert isinstance(begun.draft, Planned)
    assert (begun.run, begun.stage, hands.done) == (None, "none", [])
    assert listener.told == [["a"], ["b"]]  # so that code may be written


def test_an_answer_is_heard_and_begins_nothing(hands: Hands) -> None:
    listener = Listener()
    begun = drafted(hands, ['{"answer": "Fo', 'ur."}'], heard=listener)
    assert begun == Begun(Answered("Four.", "model"))
    assert listener.told == ["Fo", "ur."]


def test_a_step_that_reads_a_later_one_begins_once_that_is_there(hands: Hands) -> None:
    begun = drafted(hands, [plan(step("b", "a"), step("a"))])
    assert run_of(begun).wait(PATIENCE_S).succeeded
    assert hands.done == ["a", "b"]


def test_results_of_earlier_runs_reach_steps_that_begin_early(hands: Hands) -> None:
    later = step("b") | {"args": {"value": "{{inputs.old}}"}}
    reply = [cut(step("a")), hands.have_done("a"), plan(step("a"), later)[len(cut(step("a"))) :]]
    begun = drafted(hands, reply, earlier={"old": Earlier("from before"), "other": Earlier(1)})
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a", "b": "from before"}


# --- what somebody has to look at


@pytest.mark.parametrize(("review", "policy"), [("risky", OPEN), ("never", CAREFUL), ("risky", CAREFUL)])
def test_what_needs_a_look_waits_and_what_comes_after_it_too(hands: Hands, review: Any, policy: Any) -> None:
    steps = (step("a"), step("w", "a", tool="save"), step("b"))
    begun = drafted(
        hands, [cut(step("a")), hands.have_done("a"), plan(*steps)[len(cut(step("a"))) :]], review=review, policy=policy
    )
    assert (begun.stage, begun.reason) == ("waiting", "somebody has to look at the rest of the plan")
    run = run_of(begun)
    assert run.is_open
    assert hands.done == ["a"]
    assert isinstance(begun.draft, Planned)
    begun.go_on(begun.draft.plan, Grants(tools=frozenset({"save"})))
    assert run.wait(PATIENCE_S).values == {"a": "a", "w": "w", "b": "b"}
    assert Counter(hands.done) == Counter(["a", "w", "b"])


def test_a_plan_that_may_be_too_short_begins_late(hands: Hands) -> None:
    begun: list[Any] = []
    reply = [cut(step("a")), lambda: begun.extend(hands.done), plan(step("a"), step("b"))[len(cut(step("a"))) :]]
    two = drafted(hands, reply, min_steps=2)
    assert run_of(two).wait(PATIENCE_S).values == {"a": "a", "b": "b"}
    assert begun == []
    assert drafted(hands, [plan(step("a"))], min_steps=2).run is None


def test_from_a_step_on_that_cannot_run_nothing_begins(hands: Hands) -> None:
    code = {"step_id": "c", "code": "sort it", "args": {"x": "{{a}}"}}
    reply = [cut(step("a")), hands.have_done("a"), plan(step("a"), code, step("b"))[len(cut(step("a"))) :]]
    begun = drafted(hands, reply)  # the engine has no sandbox
    assert isinstance(begun.draft, Planned)
    assert begun.stage == "apart"
    assert "step 'c'" in begun.reason
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a"}


def test_a_plan_that_begins_with_what_needs_a_look_begins_nothing(hands: Hands) -> None:
    begun = drafted(hands, [plan(step("w", tool="save"), step("b"))], review="risky")
    assert (begun.run, hands.done) == (None, [])


def test_the_rest_may_be_refused(hands: Hands, journal: Journal) -> None:
    reply = [cut(step("a")), hands.have_done("a"), plan(step("a"), step("w", tool="save"))[len(cut(step("a"))) :]]
    begun = drafted(hands, reply, review="risky", journal=journal)
    begun.leave("the rest was not wanted")
    result = run_of(begun).wait(PATIENCE_S)
    assert (result.status, result.values) == ("succeeded", {"a": "a"})
    assert told_by(journal, begun) == ({"a": "succeeded"}, "the rest was not wanted")


def test_the_rest_may_be_edited_but_not_what_has_begun(hands: Hands) -> None:
    reply = [cut(step("a")), hands.have_done("a"), plan(step("a"), step("w", tool="save"))[len(cut(step("a"))) :]]
    begun = drafted(hands, reply, review="risky")
    with pytest.raises(PlanError, match="step 'a'"):
        begun.go_on(plan_from(json.loads(plan(step("z")))).plan)
    begun.go_on(plan_from(json.loads(plan(step("a"), step("z")))).plan)
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a", "z": "z"}


def test_what_was_approved_beforehand_begins_early(hands: Hands) -> None:
    reply = [cut(step("w", tool="save")), hands.have_done("w"), "]}"]
    begun = drafted(hands, reply, policy=CAREFUL, approve=Grants(tools=frozenset({"save"})))
    assert run_of(begun).wait(PATIENCE_S).succeeded


# --- a tail that spoils the plan


def told_by(journal: Journal, begun: Begun) -> tuple[dict[str, str], str]:
    """What became of every step, and why there are no more, as the journal has it."""
    run_id = run_of(begun).run_id
    report = Report(plan_from(journal.run(run_id).plan).plan, journal.events(run_id))
    return {each.step_id: each.status for each in report.steps()}, report.cut_off


BAD_TAILS = {
    ', {"step_id": "c", "tool": "unheard_of"}]}': "there is no tool 'unheard_of'",
    ', {"step_id": "a", "tool": "make"}]}': "another step has the same id",
    ', {"step_id": "c", "tool": "make", "args": {"colour": 1}}]}': "colour",
    '], "output": "{{d}}"}': "there is no step 'd'",
    "} and so on": "the reply ends in the middle of the plan or answer",
    "": "the reply ends in the middle of the plan or answer",
    '], "answer": "Done."}': "the reply has both an answer and steps",
}


@pytest.mark.parametrize("tail", BAD_TAILS)
def test_an_invalid_tail_leaves_no_started_step_unaccounted(hands: Hands, journal: Journal, tail: str) -> None:
    hands.latches["a"] = Latch()
    head = [cut(step("a"), step("b", "a")), hands.have_done("a"), tail]
    begun = drafted(hands, head, ["{"], journal=journal)
    hands.latches["a"].open()
    assert isinstance(begun.draft, Refused)
    assert begun.stage == "apart"
    assert begun.reason.startswith("the rest of the plan cannot be used: ")
    assert BAD_TAILS[tail] in begun.reason
    result = run_of(begun).wait(PATIENCE_S)
    assert (result.status, result.values) == ("succeeded", {"a": "a"})
    assert told_by(journal, begun) == ({"a": "succeeded"}, begun.reason)
    assert hands.done == ["a"]
    assert not run_of(begun).is_open


def test_what_has_not_begun_does_not_begin_while_the_plan_is_mended(hands: Hands) -> None:
    hands.latches["a"] = Latch()
    made = Latch()

    def watched(run: Run) -> None:
        run.watch(lambda event: made.open() if isinstance(event, StepSucceeded) else None)

    def let_go() -> None:
        hands.latches["a"].open()
        assert made.is_open_within(PATIENCE_S)

    begun = drafted(hands, [cut(step("a"), step("b", "a")), hands.have_done("a")], [let_go, "{"], on_run=watched)
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a"}
    assert hands.done == ["a"]


def test_wherever_a_plan_is_cut_every_started_step_is_told_of(hands: Hands) -> None:
    whole = plan(step("a"), step("b", "a"), step("c"), step("d", "b", "c"))
    for at in range(0, len(whole), 5):
        hands = Hands()
        begun = drafted(hands, [whole[:at]], ["{"])
        if begun.run is None:
            assert hands.done == []
            continue
        begun.run.wait(PATIENCE_S)
        told = {each.step_id for each in begun.run.plan.steps}
        assert set(hands.done) <= told
        assert Counter(hands.done).most_common(1)[0][1] == 1 if hands.done else True


def test_a_plan_that_is_mended_goes_on_in_the_same_run(hands: Hands, journal: Journal) -> None:
    hands.latches["a"] = Latch()
    bad = [cut(step("a"), step("b", "a"), step("c", tool="unheard_of")) + "]}"]
    steps = (step("a"), step("c", "a"), step("d"))
    mended = [
        cut(step("d"), step("a")),
        hands.have_done("d"),
        plan(step("d"), step("a"), step("c", "a"))[len(cut(step("d"), step("a"))) :],
    ]
    begun = drafted(hands, [*bad, hands.have_done("a")], mended, journal=journal)
    assert begun.stage == "whole"
    hands.latches["a"].open()
    assert run_of(begun).wait(PATIENCE_S).values == {each["step_id"]: each["step_id"] for each in steps}
    assert sorted(hands.done) == ["a", "c", "d"]
    events = list(journal.events(run_of(begun).run_id))
    assert Counter(event.key for event in events if isinstance(event, StepStarted)) == Counter("acd")
    assert told_by(journal, begun)[1] == ""


def test_a_plan_that_is_made_anew_is_another_draft(hands: Hands, journal: Journal) -> None:
    bad = [cut(step("a")), hands.have_done("a"), ', {"step_id": "c", "tool": "unheard_of"}]}']
    other = step("a") | {"args": {"value": "A"}}
    begun = drafted(hands, bad, [plan(other, step("z"))], journal=journal)
    assert isinstance(begun.draft, Planned)
    assert (begun.stage, begun.reason) == ("apart", "the plan was made anew, and is another one for what has begun")
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a"}
    assert hands.done == ["a"]
    assert told_by(journal, begun) == ({"a": "succeeded"}, begun.reason)


def test_a_model_that_answers_after_all_leaves_what_has_begun(hands: Hands) -> None:
    begun = drafted(hands, [cut(step("a")), hands.have_done("a"), "}"], ['{"answer": "No."}'])
    assert isinstance(begun.draft, Answered)
    assert (begun.stage, begun.reason) == ("apart", "the request was answered without a plan")
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a"}


def test_a_line_that_goes_dead_leaves_what_has_begun(hands: Hands) -> None:
    dead = Failure("transient", "the line went dead")
    begun = drafted(hands, [cut(step("a")), hands.have_done("a"), lambda: dead])
    assert isinstance(begun.draft, Refused)
    assert begun.stage == "apart"
    assert "the line went dead" in begun.reason
    assert run_of(begun).wait(PATIENCE_S).values == {"a": "a"}


# --- somebody wants it to stop


def test_who_stops_the_planning_stops_the_run(hands: Hands) -> None:
    hands.latches["a"] = Latch()
    stopped = Failure("cancelled", "was given up while the model was answering")
    begun = drafted(hands, [cut(step("a"), step("b", "a")), hands.have_done("a"), lambda: stopped])
    hands.latches["a"].open()
    assert run_of(begun).wait(PATIENCE_S).status == "cancelled"
    assert hands.done == ["a"]


def test_an_error_in_the_planning_leaves_no_run_waiting(hands: Hands) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    runs: list[Run] = []
    with pytest.raises(KeyboardInterrupt):
        drafted(hands, [cut(step("a")), hands.have_done("a"), interrupt], on_run=runs.append)
    assert runs[0].wait(PATIENCE_S).status == "cancelled"


def test_a_run_that_was_cancelled_meanwhile_stays_so(hands: Hands) -> None:
    runs: list[Run] = []

    def stop() -> None:
        runs[0].cancel()
        runs[0].wait(PATIENCE_S)

    rest = plan(step("a"), step("b"))[len(cut(step("a"))) :]
    begun = drafted(hands, [cut(step("a")), hands.have_done("a"), stop, rest], on_run=runs.append)
    assert isinstance(begun.draft, Planned)
    assert begun.stage == "apart"
    assert "the run has ended" in begun.reason
    assert hands.done == ["a"]
