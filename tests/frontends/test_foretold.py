"""What is told of a draft while the reply comes, and that it makes no difference to the draft."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.foretold import MOST_STEPS
from overseer.frontends.planner import Planner
from overseer.plan.values import WorkflowPlan, WorkflowStep
from overseer.tool import Cancellation, Question, Reply, ToolContext, tool
from tests.frontends.test_planner import served
from tests.servers.model_server import Answer, ModelServer


@tool(effect="model")
def write(prompt: str) -> str:
    """Write a text."""
    return prompt


@tool
def count(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())


TOOLS = {each.name: each for each in (write, count)}


def step(step_id: str, text: str = "x", **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool": "count", "args": {"text": text}, **more}


@dataclass
class Model:
    """Says one thing after the other, a letter at a time or whole."""

    said: Iterator[Any]
    size: int = 1

    def __call__(self, question: Question, /, *, on_text: Any = None) -> ToolResult:
        reply = next(self.said)
        if isinstance(reply, Failure):
            return ToolResult(failure=reply)
        text = reply if isinstance(reply, str) else json.dumps(reply)
        for at in range(0, len(text) if on_text else 0, self.size):
            on_text(text[at : at + self.size])
        return ToolResult(text, reply=Reply(text, "tiny"))


@dataclass
class Listener:
    """Remembers what it was told, in order."""

    told: list[Any] = field(default_factory=list)
    plans: list[WorkflowPlan] = field(default_factory=list)

    def steps(self, new: tuple[WorkflowStep, ...], so_far: WorkflowPlan) -> None:
        self.told.append([each.step_id for each in new])
        self.plans.append(so_far)

    def answer(self, text: str) -> None:
        if self.told and isinstance(self.told[-1], str):
            self.told[-1] += text
        else:
            self.told.append(text)

    def withdrawn(self, reason: str) -> None:
        self.told.append(("withdrawn", reason))


def heard(*said: Any, size: int = 1) -> tuple[Draft, Listener]:
    listener = Listener()
    draft = Planner(Model(iter(said), size), TOOLS).draft("Do it.", heard=listener)
    assert draft == Planner(Model(iter(said)), TOOLS).draft("Do it.")
    return draft, listener


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_each_step_is_told_as_it_will_run(size: int) -> None:
    said = {"tool": "write", "description": "A joke", "step_id": "a"}  # whose prompt is its description
    draft, listener = heard({"name": "n", "steps": [said, step("b", "{{a}}")], "output": "{{b}}"}, size=size)
    assert isinstance(draft, Planned)
    assert listener.told == [["a"], ["b"]]
    assert listener.plans[-1].steps == draft.plan.steps
    assert listener.plans[0].steps == draft.plan.steps[:1]
    assert [plan.name for plan in listener.plans] == ["n", "n"]


def test_a_step_that_reads_a_later_one_waits_for_it() -> None:
    body = {"step_id": "m", "for_each": "{{late}}", "steps": [step("i", "{{a}} {{item}} {{later}}")]}
    steps = [step("a"), step("b", "{{late}}"), body, step("c", "{{b}}"), step("d"), step("late"), step("later")]
    draft, listener = heard({"steps": steps})
    assert isinstance(draft, Planned)
    assert listener.told == [["a"], ["d"], ["b", "c", "late"], ["m", "later"]]
    assert listener.plans[-1].steps == draft.plan.steps


@pytest.mark.parametrize(
    "bad",
    [
        step("b", tool="counted"),
        step("b", 5),
        step("b", "{{inputs.x}}"),
        step("a"),
        step("b", depends_on=["b"]),
        {"step_id": "b", "tool": "count", "arguments": {}},
    ],
    ids=json.dumps,
)
def test_nothing_is_told_after_a_step_that_cannot_be_right(bad: dict[str, Any]) -> None:
    good = {"steps": [step("a"), step("c")]}
    draft, listener = heard({"steps": [step("a"), bad, step("c")]}, good)
    assert isinstance(draft, Planned)
    assert [told[0] for told in listener.told] == ["a", "withdrawn", "a", "c"]


def test_a_circle_is_told_of_nobody() -> None:
    draft, listener = heard({"steps": [step("a", "{{b}}"), step("b", "{{a}}")]}, "No.")
    assert draft.__class__ is Answered
    assert listener.told == []


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        (['{"steps": [' + json.dumps(step("a")), "No."], "the reply ends in the middle of the plan or answer"),
        ([{"steps": [step("a")], "answer": "Done."}, "No."], "the reply has both an answer and steps"),
        ([{"steps": [step("a")], "output": "{{b}}"}, "No."], "the output reads {{b}}, but there is no step 'b'"),
        ([{"answer": "Done.", "note": 1}, "No."], "unknown key 'note' beside the answer"),
    ],
)
def test_a_tail_that_spoils_the_reply_takes_back_what_was_told(replies: Sequence[Any], reason: str) -> None:
    _, listener = heard(*replies)
    (kind, said), *rest = listener.told[1:]
    assert kind == "withdrawn"
    assert said.startswith(reason)
    assert rest == []  # four letters of prose are certain only at their end


def test_a_model_that_breaks_off_takes_back_what_was_told() -> None:
    class Breaking(Model):
        def __call__(self, question: Question, /, *, on_text: Any = None) -> ToolResult:
            on_text('{"steps": [' + json.dumps(step("a")))
            return ToolResult(failure=Failure("transient", "the line went dead"))

    listener = Listener()
    draft = Planner(Breaking(iter(())), TOOLS).draft("Do it.", heard=listener)
    assert isinstance(draft, Refused)
    assert listener.told == [["a"], ("withdrawn", "the model could not be asked for a plan: the line went dead")]


def test_an_answer_is_told_as_it_comes() -> None:
    draft, listener = heard({"answer": " It is \u00e9.\n"})
    assert draft == Answered("It is \u00e9.", "model")
    assert listener.told == ["It is \u00e9."]


@pytest.mark.parametrize("protocol", ["openai", "ollama"])
def test_a_server_that_streams_is_heard_through_the_broker(protocol: str) -> None:
    reply = json.dumps({"steps": [step("a"), step("b", "{{a}}")]})
    with ModelServer([Answer(f"```json\n{reply}\n```"), Answer('{"answer": "Four."}')]) as server:
        door = Door(Broker(models=served(server, protocol)), TOOLS)
        planner = Planner(partial(door.ask, context=ToolContext("", "plan", 1, Cancellation())), TOOLS)
        listener = Listener()
        assert isinstance(planner.draft("Do it.", heard=listener), Planned)
        assert listener.told == [["a"], ["b"]]
        assert isinstance(planner.draft("Two and two?", heard=listener), Answered)
        assert listener.told[2:] == ["Four."]


def test_of_a_long_plan_the_beginning_is_told() -> None:
    draft, listener = heard({"steps": [step(f"s{n}") for n in range(MOST_STEPS + 50)]})
    assert isinstance(draft, Planned)
    assert sum(map(len, listener.told)) == MOST_STEPS
