"""A talk from request to answer: real planner, engine, journal and tools; the model follows a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.permissions import CAREFUL
from overseer.conversation import begun
from overseer.journal.journal import Journal
from overseer.models import OpenAIModel
from overseer.models.model import ModelError, Request
from overseer.models.scripted import ScriptedModel
from overseer.plan import plan_from
from overseer.review import Change, Proposal, Replace
from overseer.tool import Question, Reply, Tool, ToolError, tool
from tests.chat.person import APPROVE, REJECT, Somebody, talk_with
from tests.fakes import Latch
from tests.frontends.rules import our
from tests.servers.model_server import Answer, ModelServer

PLAN = {
    "steps": [
        {"step_id": "joke", "description": "Write a joke", "tool": "write", "args": {"topic": "cats"}},
        {"step_id": "loud", "description": "Shout it", "tool": "shout", "args": {"text": "{{joke}}"}},
    ]
}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


class Calls:
    """Tools that remember what they were called with."""

    def __init__(self) -> None:
        self.made: list[str] = []
        made = self.made

        @tool
        def write(topic: str) -> str:
            """Write a joke."""
            made.append(f"write {topic}")
            return f"A joke about {topic}."

        @tool
        def shout(text: str) -> str:
            """Say it louder."""
            made.append(f"shout {text}")
            return text.upper()

        @tool(effect="write", writes=["file:{path}"])
        def save(path: str, text: str) -> str:
            """Write a file."""
            made.append(f"save {path}")
            return path

        @tool
        def broken(text: str) -> str:
            """Fail."""
            made.append(f"broken {text}")
            raise ToolError("the line is dead")

        self.tools: tuple[Tool, ...] = (write, shout, save, broken)


def plan(*steps: dict[str, Any], **rest: Any) -> str:
    return json.dumps({"steps": list(steps), **rest})


def test_a_question_is_answered_and_remembered(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    talk = talk_with(person, [json.dumps({"answer": "Four."})], *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("2 + 2?")
    assert (handled.answer, person.answers, "".join(person.heard)) == ("Four.", ["Four."], "Four.")
    assert not person.shown
    kept = journal.sessions.turns(talk.conversation.session_id)
    assert [(turn.kind, turn.text) for turn in kept] == [("request", "2 + 2?"), ("answer", "Four.")]


def test_a_plan_is_shown_run_and_answered_from(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    talk = talk_with(person, [json.dumps(PLAN), "It is loud now."], *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("a loud joke about cats")
    assert calls.made == ["write cats", "shout A joke about cats."]
    assert person.answers == ["It is loud now."]
    assert handled.performed is not None
    stored = journal.run(handled.performed.run.run_id)
    assert stored.options["request"] == "a loud joke about cats"
    assert stored.options["session"] == talk.conversation.session_id


def test_what_is_rejected_does_not_run(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(REJECT), Calls()
    talk = talk_with(person, [json.dumps(PLAN)], *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("a loud joke")
    assert not calls.made
    assert handled.performed is None
    assert journal.runs() == []


def test_a_follow_up_takes_an_earlier_result_without_showing_it_to_the_model(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    long = {"step_id": "long", "tool": "shout", "args": {"text": "x" * 5000}}
    again = {"step_id": "again", "tool": "shout", "args": {"text": "{{inputs.long}}"}}
    replies = [plan(long), "Done.", plan(again), "Done again."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    talk.request("a long text")
    handled = talk.request("the same once more")
    assert calls.made[-1] == f"shout {'X' * 5000}"
    assert person.shown[-1].inputs == {"long": "X" * 5000}
    assert handled.performed is not None
    model: Any = talk.bench.broker.models.model("overseer")
    assert all("X" * 1000 not in question.prompt for question in model.questions[2:3])


def test_a_session_goes_on_with_what_it_had_made(tmp_path: Path, journal: Journal) -> None:
    calls = Calls()
    talk = talk_with(Somebody(), [json.dumps(PLAN), "Done."], *calls.tools, folder=tmp_path, journal=journal)
    talk.request("a joke")
    turns = journal.sessions.turns(talk.conversation.session_id)
    assert [turn.kind for turn in turns] == ["request", "run", "answer"]
    assert dict(turns[1].body["results"]) == {"joke": "joke", "loud": "loud"}


def test_a_plan_is_changed_in_plain_words_and_has_to_be_approved_again(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(Change("about dogs"), APPROVE), Calls()
    dogs = plan({"step_id": "joke", "tool": "write", "args": {"topic": "dogs"}})
    talk = talk_with(person, [json.dumps(PLAN), dogs, "Done."], *calls.tools, folder=tmp_path, journal=journal)
    talk.request("a joke")
    assert calls.made == ["write dogs"]
    first, second = person.shown
    assert second.before == first.plan
    assert first.hash != second.hash


def test_a_plan_that_cannot_run_does_not_take_the_place_of_one_that_can(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    talk = talk_with(person, [json.dumps(PLAN), "Done."], *calls.tools, folder=tmp_path, journal=journal)
    person.decisions = [Replace(plan_from({"steps": [{"step_id": "a", "tool": "gone"}]}).plan), APPROVE]
    talk.request("a joke")
    assert calls.made == ["write cats", "shout A joke about cats."]
    assert any("no plan that can run" in line for line in person.told)
    assert person.shown[0] == person.shown[1]


def test_a_step_that_failed_is_replaced_and_what_is_finished_is_not_repeated(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    first = {"step_id": "joke", "tool": "write", "args": {"topic": "cats"}}
    fails = {"step_id": "loud", "tool": "broken", "args": {"text": "{{joke}}"}}
    mended = {"step_id": "loud", "tool": "shout", "args": {"text": "{{joke}}"}}
    replies = [plan(first, fails), plan(mended), "It is loud now."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("a loud joke")
    assert calls.made == ["write cats", "broken A joke about cats.", "shout A joke about cats."]
    assert person.shown[1].before is not None
    assert handled.performed is not None
    assert handled.performed.result.status == "succeeded"
    assert len(journal.runs()) == 1


def test_patches_come_to_an_end_and_the_answer_says_what_failed(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    steps = [{"step_id": "a", "tool": "broken", "args": {"text": str(number)}} for number in range(4)]
    replies = [*(plan(step) for step in steps[:3]), "I could not."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("do it")
    assert calls.made == ["broken 0", "broken 1", "broken 2"]
    assert "the line is dead" in handled.answer


class LosesItsLine(ScriptedModel):
    """Answers once, and then never again."""

    def ask(self, *asked: Any, **options: Any) -> Reply:
        if self.questions:
            raise ModelError("the line is dead", kind="bad_request")
        return super().ask(*asked, **options)


def test_a_reason_that_a_step_failed_for_is_not_told_anew_of_the_model(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    model = LosesItsLine([plan({"step_id": "a", "tool": "broken", "args": {"text": "x"}})])
    talk = talk_with(person, model, *calls.tools, folder=tmp_path, journal=journal)
    handled = talk.request("do it")
    said = "\n".join([*person.told, handled.answer])
    assert "there is no other way: the model could not be asked, for the same reason" in said
    assert said.count("the line is dead") == 1


def test_what_needs_approval_is_asked_for_once_and_holds_for_that_run_alone(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    saves = [{"step_id": f"s{number}", "tool": "save", "args": {"path": f"{number}", "text": ""}} for number in (1, 2)]
    replies = [plan(*saves), "Saved.", plan(saves[0]), "Saved again."]
    talk = talk_with(person, replies, *calls.tools, folder=tmp_path, journal=journal, policy=CAREFUL)
    talk.request("save twice")
    talk.request("save once more")
    assert person.asked == [True, True]
    assert [need.tool for need in person.shown[0].needs] == ["save"]
    assert calls.made == ["save 1", "save 2", "save 1"]


def test_an_answer_that_is_interrupted_is_kept_as_far_as_it_came(tmp_path: Path, journal: Journal) -> None:
    person = Somebody()
    reply = Answer(json.dumps({"answer": "one two three four five six"}), pace_s=0.2)
    with ModelServer([reply]) as server:
        talk = talk_with(person, OpenAIModel("tiny", base_url=server.openai_url), folder=tmp_path, journal=journal)
        person.hear = lambda piece: (person.heard.append(piece), person.cancellations[-1].ask())[0]  # type: ignore[method-assign]
        handled = talk.request("count")
    assert handled.is_interrupted
    assert handled.answer == "".join(person.heard)
    assert "one two".startswith(handled.answer[:7])
    assert handled.answer
    [_, turn] = journal.sessions.turns(talk.conversation.session_id)
    assert (turn.text, turn.body) == (handled.answer, {"partial": True})


def test_without_a_model_follow_ups_build_upon_what_was_made(tmp_path: Path, journal: Journal) -> None:
    person = Somebody()
    talk = talk_with(person, None, *our().values(), folder=tmp_path, journal=journal)
    assert talk.request("make 'hello there' upper case").answer == "HELLO THERE"
    assert talk.request("now count the words of it").performed is not None
    assert person.shown[-1].by == "rules"
    assert list(person.shown[-1].inputs.values()) == ["HELLO THERE"]


def test_it_is_what_was_made_and_not_the_receipt_of_writing_it(tmp_path: Path, journal: Journal) -> None:
    person, calls = Somebody(), Calls()
    talk = talk_with(person, None, *our().values(), *calls.tools[2:3], folder=tmp_path, journal=journal)
    talk.conversation.ran("r", "did it", {})
    steps = [
        {"step_id": "loud", "tool": "text_case", "args": {"text": "hello there", "case": "upper"}},
        {"step_id": "kept", "tool": "save", "args": {"path": "a.txt", "text": "{{loud}}"}},
    ]
    talk.propose(Proposal(plan_from({"steps": steps}).plan, "file"), "shout and save")
    talk.request("now in lower case")
    assert list(person.shown[-1].inputs.values()) == ["HELLO THERE"]


def test_a_long_conversation_is_summed_up_and_all_of_it_stays_in_the_journal(tmp_path: Path, journal: Journal) -> None:
    person = Somebody()
    answers = [json.dumps({"answer": f"<{number}> " + "word " * 900 + f"end{number}"}) for number in range(3)]
    script = [*answers, "They spoke of numbers.", json.dumps({"answer": "Yes."})]
    talk = talk_with(person, script, folder=tmp_path, journal=journal)
    for number in range(3):
        talk.request(f"number {number}")
    assert talk.request("go on").answer == "Yes."
    model: Any = talk.bench.broker.models.model("overseer")
    asked = model.questions[-1].prompt
    assert "They spoke of numbers." in asked
    assert "end0" not in asked
    assert "end2" in asked
    kept = [turn.text for turn in journal.sessions.turns(talk.conversation.session_id)]
    assert any(text.endswith("end0") for text in kept)
    assert any("summed up" in line for line in person.told)


def test_the_summary_of_a_long_conversation_is_always_shown_and_not_made_anew_each_time(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    class Wordy:
        provider, name = "test", "wordy"

        def ask(self, question: Question, *, turn: Any, **_: Any) -> Reply:
            asked.append((question.role, question.prompt))
            said = "THE SUMMARY" if question.role == "summarizer" else json.dumps({"answer": "word " * 2000})
            reply: Reply = turn(Request(1, None, lambda: Reply(said, "wordy")))
            return reply

    talk = talk_with(Somebody(), Wordy(), folder=tmp_path)
    for number in range(12):
        talk.request(f"number {number}")
    roles = [role for role, _ in asked]
    assert 2 <= roles.count("summarizer") <= 5
    first = roles.index("summarizer")
    plans = [text for role, text in asked[first:] if role == "overseer"]
    assert all("THE SUMMARY" in text for text in plans)
    assert max(map(len, plans)) < 20_000


def test_a_summary_that_fails_is_said_and_not_asked_for_again_at_once(tmp_path: Path) -> None:
    person = Somebody()
    answers = [json.dumps({"answer": f"{number} " + "word " * 2000}) for number in range(6)]
    script = [*answers[:3], "", *answers[3:]]
    talk = talk_with(person, script, folder=tmp_path)
    for number in range(6):
        assert talk.request(f"number {number}").answer.startswith(str(number))
    assert len([line for line in person.told if "could not be summed up" in line]) == 1


def test_where_nobody_reviews_steps_begin_before_the_plan_is_complete(tmp_path: Path, journal: Journal) -> None:
    person, latch = Somebody(), Latch()

    @tool
    def first() -> str:
        """Begin, and end when it is let."""
        latch.wait()
        return "1"

    @tool
    def second(text: str) -> str:
        """Go on."""
        return text + "2"

    steps = [{"step_id": "a", "tool": "first"}, {"step_id": "b", "tool": "second", "args": {"text": "{{a}}"}}]
    with ModelServer([Answer(plan(*steps), pace_s=0.3), Answer("Done.")]) as server:
        talk = talk_with(
            person,
            OpenAIModel("tiny", base_url=server.openai_url),
            first,
            second,
            folder=tmp_path,
            journal=journal,
            settings=["chat.review=never"],
        )
        with ThreadPoolExecutor(1) as pool:
            handled = pool.submit(talk.request, "go")
            latch.wait_until_reached()
            was_shown = bool(person.shown)
            latch.open()
            performed = handled.result(30).performed
    assert not was_shown  # the reply was still coming
    assert performed is not None
    assert performed.result.values == {"a": "1", "b": "12"}
    assert len(journal.runs()) == 1


def test_a_session_is_begun_with_its_folder(tmp_path: Path, journal: Journal) -> None:
    talk = begun(journal, tmp_path)
    talk.asked("hello")
    assert journal.sessions.newest()[0].folder == str(tmp_path)
