"""What is interrupted, refused or goes wrong on the way: it is said, nothing goes on unseen, nothing done is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.permissions import CAREFUL
from overseer.chat.talk import Talk
from overseer.errors import JournalError, RunCutOff
from overseer.journal.journal import Journal
from overseer.models import OpenAIModel
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Replace
from overseer.running.run import Run, RunResult
from overseer.tool import Cancellation, tool
from tests.chat.person import APPROVE, REJECT, Somebody, talk_with
from tests.chat.test_talk import Calls, plan
from tests.servers.model_server import Answer, ModelServer

SHOUT = {"step_id": "loud", "tool": "shout", "args": {"text": "hi"}}
SAVE = {"step_id": "kept", "tool": "save", "args": {"path": "p", "text": "{{loud}}"}}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def said(talk: Talk) -> list[tuple[str, str]]:
    return [(turn.kind, turn.text) for turn in talk.conversation.turns]


def asked_of(talk: Talk) -> list[Any]:
    model: Any = talk.bench.broker.models.model("overseer")
    questions: list[Any] = model.questions
    return questions


class Impatient(Somebody):
    """Presses Ctrl-C just before an answer is whole, the number of times it is told and from a certain one on."""

    def __init__(self, *at: int) -> None:
        super().__init__()
        self._at = at

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        with super().interruptible() as cancellation:
            yield cancellation
            if len(self.cancellations) in self._at:
                cancellation.ask()


class Stops(Somebody):
    """Stops every run as it begins."""

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Any = None) -> RunResult:
        run.cancel(reason="interrupted")
        return super().follow(run, report, began_as, relay)


# --- interrupted


@pytest.mark.parametrize("review", ["risky", "never"])
def test_a_plan_does_not_run_that_came_just_when_it_was_interrupted(
    review: str, tmp_path: Path, journal: Journal
) -> None:
    person, calls = Impatient(1), Calls()
    talk = talk_with(
        person,
        [plan({**SHOUT, "tool": "save", "args": {"path": "p", "text": ""}}), "Done."],
        *calls.tools,
        folder=tmp_path,
        journal=journal,
        policy=CAREFUL,
        settings=[f"chat.review={review}"],
    )
    handled = talk.request("shout")
    assert handled.is_interrupted
    assert not calls.made
    assert not person.shown
    assert len(asked_of(talk)) == 1


def test_a_run_that_was_stopped_is_answered_by_no_model(tmp_path: Path, journal: Journal) -> None:
    person = Stops()
    talk = talk_with(person, [plan(SHOUT), "All done!"], *Calls().tools, folder=tmp_path, journal=journal)
    handled = talk.request("shout")
    assert handled.is_interrupted
    assert len(asked_of(talk)) == 1
    assert "What did not succeed" in handled.answer


def test_who_stops_the_last_step_of_a_run_does_not_wait_for_a_model_either(tmp_path: Path, journal: Journal) -> None:
    class Keeps(Somebody):
        run: Run

        def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Any = None) -> RunResult:
            self.run = run
            return super().follow(run, report, began_as, relay)

    person = Keeps()

    @tool
    def last() -> int:
        """Be at it when somebody wants it all to stop."""
        person.run.cancel(reason="interrupted")
        return 1

    @tool
    def first() -> int:
        """Come first."""
        return 2

    steps = [{"step_id": "a", "tool": "first"}, {"step_id": "b", "tool": "last", "depends_on": ["a"]}]
    talk = talk_with(person, [plan(*steps), "All done!"], first, last, folder=tmp_path, journal=journal)
    handled = talk.request("one, then another")
    assert handled.performed is not None
    assert handled.performed.result.values == {"a": 2, "b": 1}
    assert len(asked_of(talk)) == 1
    assert handled.answer == "1"


def test_who_interrupts_the_mending_of_a_plan_is_asked_and_answered_no_further(
    tmp_path: Path, journal: Journal
) -> None:
    person, calls = Impatient(2), Calls()
    replies = [plan({**SHOUT, "tool": "broken"}), plan(SHOUT), "I could not."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("shout")
    assert handled.is_interrupted
    assert calls.made == ["broken hi"]
    assert len(asked_of(talk)) == 2
    assert "the line is dead" in handled.answer


def test_who_interrupts_the_summary_of_a_conversation_is_not_asked_further(tmp_path: Path, journal: Journal) -> None:
    person = Impatient(4)
    answers = [json.dumps({"answer": "word " * 1500}) for _ in range(4)]
    talk = talk_with(person, answers, folder=tmp_path, journal=journal)
    for number in range(3):
        talk.request(f"number {number}")
    assert talk.request("go on").is_interrupted
    assert len(asked_of(talk)) == 4


# --- what did not go on


def test_nobody_is_asked_again_for_what_is_done_already(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    saved = {"step_id": "kept", "tool": "save", "args": {"path": "p", "text": ""}}
    replies = [plan(saved, {**SHOUT, "tool": "broken"}), plan(SHOUT), "Done."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal, policy=CAREFUL)
    talk.request("save, and shout")
    assert calls.made == ["save p", "broken hi", "shout hi"]
    assert [[need.tool for need in shown.needs] for shown in person.shown] == [["save"], []]


def test_the_plan_that_mends_another_is_shown_with_the_values_that_it_goes_on_with(
    tmp_path: Path, journal: Journal
) -> None:
    person, calls = Somebody(), Calls()
    again = {"step_id": "again", "tool": "broken", "args": {"text": "{{inputs.loud}}"}}
    replies = [plan(SHOUT), "Done.", plan(again), plan({**again, "tool": "shout"}), "Done."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    talk.request("shout")
    talk.request("again")
    assert calls.made == ["shout hi", "broken HI", "shout HI"]
    assert person.shown[-1].before is not None
    assert person.shown[-1].inputs == {"loud": "HI"}


def test_what_was_approved_for_a_plan_is_not_approved_for_the_one_that_mends_it(
    tmp_path: Path, journal: Journal
) -> None:
    person, calls = Somebody(APPROVE, REJECT), Calls()
    saved = {"step_id": "kept", "tool": "save", "args": {"path": "p", "text": ""}}
    other = {"step_id": "loud", "tool": "save", "args": {"path": "other", "text": ""}}
    replies = [plan(saved, {**SHOUT, "tool": "broken"}), plan(other), "No."]
    settings = ["chat.review=never"]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal, policy=CAREFUL, settings=settings)
    talk.request("save, and shout")
    assert calls.made == ["save p", "broken hi"]
    assert person.asked == [True, True]


def test_an_edited_way_on_that_cannot_be_gone_loses_nothing_of_what_was_done(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    joke = {"step_id": "joke", "tool": "write", "args": {"topic": "cats"}}
    fails = {"step_id": "loud", "tool": "broken", "args": {"text": "{{joke}}"}}
    mended = {"step_id": "loud", "tool": "shout", "args": {"text": "{{joke}}"}}
    other = plan_from({"steps": [{**joke, "args": {"topic": "dogs"}}, mended]}).plan
    person.decisions = [APPROVE, Replace(other), APPROVE]
    replies = [plan(joke, fails), plan(mended), "There is a joke."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("a loud joke")
    assert calls.made == ["write cats", "broken A joke about cats."]
    assert any("'joke' has ended" in line for line in person.told)
    assert "the line is dead" in handled.answer
    assert talk.conversation.results["joke"].value == "A joke about cats."


@pytest.mark.parametrize("first", ["shout", "broken"])
def test_where_the_rest_is_not_approved_no_model_goes_on_with_it(first: str, tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(REJECT), Calls()
    with ModelServer([Answer(plan({**SHOUT, "tool": first}, SAVE)), Answer(plan(SHOUT))]) as server:
        talk = talk_with(
            person,
            OpenAIModel("tiny", base_url=server.openai_url),
            *calls.tools,
            folder=tmp_path,
            journal=journal,
            policy=CAREFUL,
            settings=["chat.review=never"],
        )
        talk.request("shout and save")
        assert len(server.questions()) == 1
    assert calls.made == [f"{first} hi"]
    assert said(talk)[-1] == ("note", "the rest of the plan was not carried out")


def test_what_began_early_goes_on_with_earlier_results_once_that_is_approved(tmp_path: Path, journal: Journal) -> None:
    @tool
    def braces() -> str:
        """Give a text that looks like a reference."""
        return "{{loud}} {{inputs.x}}"

    @tool(effect="write", writes=["file:{path}"])
    def keep(path: str, text: str) -> str:
        """Write a file."""
        return text

    first = plan({"step_id": "odd", "tool": "braces"})
    then = plan(SHOUT, {"step_id": "kept", "tool": "keep", "args": {"path": "p", "text": "{{inputs.odd}}"}})
    with ModelServer([Answer(text) for text in (first, "Done.", then, "Done again.")]) as server:
        talk = talk_with(
            Somebody(),
            OpenAIModel("tiny", base_url=server.openai_url),
            braces,
            keep,
            *Calls().tools[:2],
            folder=tmp_path,
            journal=journal,
            policy=CAREFUL,
            settings=["chat.review=never"],
        )
        talk.request("something odd")
        handled = talk.request("shout, and keep that")
    assert handled.performed is not None
    assert handled.performed.result.values == {"loud": "HI", "kept": "{{loud}} {{inputs.x}}"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a bug"), JournalError("no room")])
def test_nothing_that_began_early_goes_on_unseen(error: BaseException, tmp_path: Path, journal: Journal) -> None:
    class Breaks(Somebody):
        def decide(self, proposal: Any, *, must_ask: bool) -> Any:
            raise error

    with ModelServer([Answer(plan(SHOUT, SAVE))]) as server:
        talk = talk_with(
            Breaks(),
            OpenAIModel("tiny", base_url=server.openai_url),
            *Calls().tools,
            folder=tmp_path,
            journal=journal,
            policy=CAREFUL,
            settings=["chat.review=never"],
        )
        with pytest.raises(type(error)):
            talk.request("shout and save")
    [run] = journal.runs()
    assert run.status == "cancelled"
    assert not run.is_owned
    assert [kind for kind, _ in said(talk)] == ["request", "run", "note"]


# --- what is kept


def test_a_run_is_remembered_before_it_is_answered_from(tmp_path: Path, journal: Journal) -> None:
    class Killed(BaseException):
        pass

    class Dies(Somebody):
        @contextmanager
        def interruptible(self) -> Iterator[Cancellation]:
            if self.cancellations:
                raise Killed
            with super().interruptible() as cancellation:
                yield cancellation

    talk = talk_with(Dies(), [plan(SHOUT), "Done."], *Calls().tools, folder=tmp_path, journal=journal)
    with pytest.raises(Killed):
        talk.request("shout")
    kept = journal.sessions.turns(talk.conversation.session_id)
    assert [turn.kind for turn in kept][:2] == ["request", "run"]
    assert dict(kept[1].body["results"]) == {"loud": "loud"}


def test_what_a_run_gave_that_was_cut_off_can_be_built_upon(tmp_path: Path, journal: Journal) -> None:
    class FullDisk(Somebody):
        def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Any = None) -> RunResult:
            super().follow(run, report, began_as, relay)
            raise RunCutOff(run.run_id, JournalError("no room"))

    talk = talk_with(FullDisk(), [plan(SHOUT)], *Calls().tools, folder=tmp_path, journal=journal)
    with pytest.raises(RunCutOff):
        talk.request("shout")
    assert talk.conversation.results["loud"].value == "HI"
    assert [kind for kind, _ in said(talk)] == ["request", "run", "note"]
    assert "no room" in said(talk)[-1][1]


def test_a_conversation_that_cannot_be_kept_goes_on_and_says_so(tmp_path: Path) -> None:
    class Full:
        def add(self, session_id: str, *what: object) -> None:
            raise JournalError("cannot write to the journal: no space left")

        took = add

    person = Somebody()
    talk = talk_with(person, [json.dumps({"answer": "Four."}), json.dumps({"answer": "Yes."})], folder=tmp_path)
    talk.conversation._keeper = Full()
    talk.request("2 + 2?")
    assert talk.request("sure?").answer == "Yes."
    assert any("no space left" in line for line in person.told)
    assert "Four." in asked_of(talk)[1].prompt


def test_an_answer_is_kept_though_it_cannot_be_shown(tmp_path: Path, journal: Journal) -> None:
    class Gone(Somebody):
        def end_answer(self, text: str, *, is_values: bool = False) -> None:
            raise OSError("the terminal is gone")

    talk = talk_with(Gone(), [json.dumps({"answer": "Four."})], folder=tmp_path, journal=journal)
    with pytest.raises(OSError, match="gone"):
        talk.request("2 + 2?")
    assert said(talk)[1] == ("answer", "Four.")


@pytest.mark.parametrize("is_planned", [True, False])
def test_an_answer_that_broke_off_in_the_middle_is_kept_as_far_as_it_came(
    is_planned: bool, tmp_path: Path, journal: Journal
) -> None:
    person = Somebody()
    text = "one two three four five six seven"
    reply = Answer(json.dumps({"answer": text}) if is_planned else text, fault="cut")
    settings = [] if is_planned else ["chat.workflow_mode.enabled=false"]
    with ModelServer([reply]) as server:
        model = OpenAIModel("tiny", base_url=server.openai_url)
        handled = talk_with(person, model, folder=tmp_path, journal=journal, settings=settings).request("count")
    assert handled.answer
    assert handled.answer == "".join(person.heard)
    assert text.startswith(handled.answer)
    assert not any("taken back" in line for line in person.told)
    assert any("in the middle of its answer" in line for line in person.told)
    session = journal.sessions.newest()[0].session_id
    [_, kept, _] = journal.sessions.turns(session)
    assert (kept.kind, kept.text, kept.body) == ("answer", handled.answer, {"partial": True})


# --- what is said


def test_what_there_is_to_know_of_an_answer_is_said(tmp_path: Path, journal: Journal) -> None:
    person = Somebody()
    replies = [plan({"step_id": "a", "tool": "gone"}), json.dumps({"answer": "Four."})]
    talk_with(person, replies, *Calls().tools, folder=tmp_path, journal=journal).request("2 + 2?")
    assert any("the first reply of the model could not be used" in line for line in person.told)


def test_a_direct_answer_of_nothing_is_none(tmp_path: Path, journal: Journal) -> None:
    person = Somebody()
    talk = talk_with(person, ["  "], folder=tmp_path, journal=journal, settings=["chat.workflow_mode.enabled=false"])
    handled = talk.request("2 + 2?")
    assert not person.answers
    assert not handled.answer
    assert any("said nothing" in line for line in person.told)


@pytest.mark.parametrize("is_planned", [True, False])
def test_requests_that_look_strange_are_handled_as_text(is_planned: bool, tmp_path: Path, journal: Journal) -> None:
    strange = ["a lone \ud800", "a NUL \0 and \x1b[2J", '{"steps": []}', "x" * 1_000_000, "{{inputs.x}} {tools}"]
    settings = [] if is_planned else ["chat.workflow_mode.enabled=false"]
    reply = json.dumps({"answer": "Yes."}) if is_planned else "Yes."
    talk = talk_with(
        Somebody(), [reply] * len(strange), *Calls().tools, folder=tmp_path, journal=journal, settings=settings
    )
    for number, text in enumerate(strange):
        assert talk.request(text).answer == "Yes."
        assert text.encode(errors="replace").decode() in asked_of(talk)[number].prompt
