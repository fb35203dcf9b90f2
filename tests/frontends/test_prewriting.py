"""Programs that are written before their steps start: side by side, paid by the request, given up with the plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Spend
from overseer.broker.caps import Cap
from overseer.broker.permissions import OPEN, Policy
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.frontends.prewriting import Prewriting, Written
from overseer.frontends.programmer import TEMPLATE, ModelPrograms
from overseer.frontends.programs import MOST_TRIES, Task
from overseer.frontends.shelf import Shelf
from overseer.models import ModelRoles, ScriptedModel
from overseer.models.ollama_model import OllamaModel
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan
from overseer.running.engine import EngineSettings
from overseer.tool import Cancellation, Question, ToolContext, ToolError, tool
from tests.fakes import Gate, Latch
from tests.servers.model_server import Answer, ModelServer

PATIENCE_S = 20
PROGRAM = "def main(input):\n    return 1\n"
REPLY = f"```python\n{PROGRAM}```"


@tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


def code(step_id: str, task: str, **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "code": task, **more}


def plan(*steps: dict[str, Any], **more: Any) -> WorkflowPlan:
    draft = plan_from({"steps": list(steps), **more})
    assert not draft.faults, draft.faults
    return draft.plan


class Asked:
    """A door that answers with a function; remembers the questions and who asked them."""

    def __init__(self, answer: Callable[[Question, ToolContext], str] = lambda question, context: REPLY) -> None:
        self.tools = {"shout": shout}
        self.questions: list[str] = []
        self.contexts: list[ToolContext] = []
        self.was_asked = threading.Semaphore(0)
        self._answer = answer
        self._lock = threading.Lock()

    def ask(self, question: Question, context: ToolContext) -> ToolResult:
        with self._lock:
            self.questions.append(question.prompt)
            self.contexts.append(context)
        self.was_asked.release()
        try:
            return ToolResult(self._answer(question, context), spent=Spend(1, 10))
        except ToolError as error:
            return ToolResult(failure=Failure(error.kind, str(error)), spent=Spend(1, 10))  # type: ignore[arg-type]


def prewriting(door: Any, **more: Any) -> Prewriting:
    return Prewriting(ModelPrograms(), door, **more)


def task(text: str, *names: str, tools: Iterable[str] = ()) -> Task:
    return Task(text, dict.fromkeys(names, "a sample"), dict.fromkeys(tools, shout))


def taken(writing: Prewriting, wanted: Task) -> str | None:
    """What there is for a task once that is written; a step might come before it was even begun."""
    if (draft := writing._drafts.get(wanted.signature)) is not None:
        wait([draft.future], PATIENCE_S)
    written = writing.take(wanted, Cancellation())
    return None if written is None else written.source


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "prewriting" in thread.name]


# --- writing


def test_all_programs_of_a_plan_are_written_side_by_side() -> None:
    gate = Gate(3)

    def answer(question: Question, context: ToolContext) -> str:
        gate.pass_through()
        return REPLY

    inner = {"step_id": "all", "for_each": [1, 2], "steps": [code("c", "three", args={"n": "{{item}}"})]}
    with prewriting(Asked(answer)) as writing:
        writing.follow(plan(code("a", "one"), code("b", "two", tools=["shout"]), inner))
        assert taken(writing, task("one")) == TEMPLATE + PROGRAM
        assert taken(writing, task("two", tools=["shout"])) == TEMPLATE + PROGRAM
        assert taken(writing, task("three", "n")) == TEMPLATE + PROGRAM
        assert taken(writing, task("two")) is None  # with other tools, it is another task
        assert writing.spent == Spend(3, 30)


def test_a_step_waits_for_a_program_under_way_instead_of_asking_twice() -> None:
    latch = Latch()

    def answer(question: Question, context: ToolContext) -> str:
        latch.wait()
        return REPLY

    door = Asked(answer)
    with prewriting(door) as writing, ThreadPoolExecutor(2) as pool:
        writing.follow(plan(code("a", "one")))
        latch.wait_until_reached()
        steps = [pool.submit(writing.take, task("one"), Cancellation()) for _ in range(2)]
        assert not any(step.done() for step in steps)
        latch.open()
        assert [step.result(PATIENCE_S) for step in steps] == [Written(TEMPLATE + PROGRAM)] * 2
    assert len(door.questions) == 1


def test_the_question_tells_where_the_input_comes_from_and_that_there_is_no_sample() -> None:
    door = Asked()
    with prewriting(door) as writing:
        writing.follow(
            plan(
                {"step_id": "loud", "description": "Say it", "tool": "shout", "args": {"text": "{{inputs.topic}}"}},
                code("a", "one", args={"text": "{{loud}}", "n": 3, "line": "About {{inputs.topic}}:"}),
                inputs={"topic": {"type": "string", "default": "cats", "description": "what it is about"}},
            )
        )
        taken(writing, task("one", "text", "n", "line"))
    (asked,) = door.questions
    assert "There is no sample of the input yet" in asked
    assert "text, n, line" in asked
    assert '"line":"About {{inputs.topic}}:"' in asked
    assert "{{loud}}: the result of the step 'Say it', which calls the tool shout (Say it louder)" in asked
    assert "the input 'topic' of the plan, of type string" in asked
    assert "what it is about" in asked
    assert "A sample of the input, with" not in asked


def test_where_all_is_known_the_input_is_a_sample() -> None:
    door = Asked()
    with prewriting(door) as writing:
        writing.follow(plan(code("a", "one", args={"n": 3})))
        taken(writing, task("one", "n"))
    assert 'A sample of the input, with the names n:\n```\n{"n":3}\n```' in door.questions[0]


def test_a_program_is_looked_at_and_written_again_if_it_is_wrong() -> None:
    door = Asked()
    looked: list[str] = []

    def look(source: str, tools: Iterable[str], cancellation: Cancellation) -> str:
        looked.append(source)
        return "line 1: no" if len(looked) == 1 else ""

    with prewriting(door, look=look) as writing:
        writing.follow(plan(code("a", "one")))
        wait([writing._drafts[task("one").signature].future], PATIENCE_S)
        written = writing.take(task("one"), Cancellation())
    assert written is not None
    assert [tried.problem for tried in written.tries] == ["its code is wrong: line 1: no"]
    assert "line 1: no" in door.questions[1]


def test_early_programs_are_no_more_than_three_and_the_last_is_given_all_the_same() -> None:
    door = Asked()
    with prewriting(door, look=lambda *_: "always wrong") as writing:
        writing.follow(plan(code("a", "one")))
        wait([writing._drafts[task("one").signature].future], PATIENCE_S)
        written = writing.take(task("one"), Cancellation())
    assert written is not None
    assert (len(written.tries), len(door.questions)) == (MOST_TRIES - 1, MOST_TRIES)


def test_what_was_kept_before_is_not_written(tmp_path: Any) -> None:
    shelf, door = Shelf(tmp_path), Asked()
    shelf.keep(task("one", "n"), PROGRAM)
    with Prewriting(ModelPrograms(shelf), door) as writing:  # type: ignore[arg-type]
        writing.follow(plan(code("a", "one", args={"n": 1})))
        assert taken(writing, task("one", "n")) == PROGRAM
    assert door.questions == []


def test_a_large_plan_is_not_written_as_a_whole_before_anybody_agreed_to_it() -> None:
    door = Asked()
    with prewriting(door) as writing:
        writing.follow(plan(*(code(f"c{n}", f"task {n}") for n in range(100))))
        wait([draft.future for draft in writing._drafts.values()], PATIENCE_S)
        assert taken(writing, task("task 31")) is not None
        assert taken(writing, task("task 32")) is None
    assert len(door.questions) == 32


# --- failing


def test_a_failed_attempt_is_no_more_than_a_program_not_written() -> None:
    def answer(question: Question, context: ToolContext) -> str:
        raise ToolError("no room", kind="rate_limited")

    told: list[Spend] = []
    with prewriting(Asked(answer), told=told.append) as writing:
        writing.follow(plan(code("a", "one")))
        assert taken(writing, task("one")) is None
        assert told == [writing.spent] == [Spend(1, 10)]


def test_a_program_that_was_forgotten_is_not_given_again() -> None:
    with prewriting(Asked()) as writing:
        writing.follow(plan(code("a", "one")))
        assert taken(writing, task("one")) is not None
        writing.forget(task("one"))
        assert taken(writing, task("one")) is None


def test_a_step_that_starts_before_its_program_was_begun_writes_it_itself() -> None:
    latch = Latch()

    def answer(question: Question, context: ToolContext) -> str:
        latch.wait()
        return REPLY

    door = Asked(answer)
    with prewriting(door, width=1) as writing:
        writing.follow(plan(code("a", "one"), code("b", "two")))
        latch.wait_until_reached()
        assert writing.take(task("two"), Cancellation()) is None
        latch.open()
        assert taken(writing, task("one")) is not None
    assert len(door.questions) == 1


def test_a_step_that_is_given_up_waits_no_longer() -> None:
    latch, given_up = Latch(), Cancellation()

    def answer(question: Question, context: ToolContext) -> str:
        latch.wait()
        return REPLY

    with prewriting(Asked(answer)) as writing, ThreadPoolExecutor(1) as pool:
        writing.follow(plan(code("a", "one")))
        latch.wait_until_reached()
        step = pool.submit(writing.take, task("one"), given_up)
        given_up.ask()
        with pytest.raises(ToolError) as caught:
            step.result(PATIENCE_S)
        assert caught.value.kind == "cancelled"
        latch.open()


# --- a plan that changes


def until_given_up(question: Question, context: ToolContext) -> str:
    """Answers only whoever gives up."""
    if "stay" in question.prompt:
        return REPLY
    assert context.cancellation.wait(PATIENCE_S), "nobody gave up"
    raise ToolError("was given up", kind="cancelled")


def test_what_is_no_longer_in_the_plan_is_given_up_and_the_rest_goes_on() -> None:
    door = Asked(until_given_up)
    with prewriting(door) as writing:
        writing.follow(plan(code("a", "stay"), code("b", "go")))
        assert all(door.was_asked.acquire(timeout=PATIENCE_S) for _ in range(2))
        assert taken(writing, task("stay")) is not None
        writing.follow(plan(code("a", "stay"), code("c", "stay too")))
        assert taken(writing, task("go")) is None
        assert taken(writing, task("stay too")) is not None
        assert taken(writing, task("stay")) is not None
    assert len(door.questions) == 3
    gone = next(c for q, c in zip(door.questions, door.contexts, strict=True) if "go" in q.split("\n")[0])
    assert gone.cancellation.is_asked


def test_a_step_whose_input_comes_from_elsewhere_is_written_again() -> None:
    def of(what: str) -> WorkflowPlan:
        return plan(
            {"step_id": "x", "description": what, "tool": "shout", "args": {"text": what}},
            code("a", "stay", args={"text": "{{x}}"}),
        )

    door = Asked()
    with prewriting(door) as writing:
        for what in ("one", "one", "another"):
            writing.follow(of(what))
            taken(writing, task("stay", "text"))
    assert len(door.questions) == 2


def test_steps_with_one_task_and_inputs_from_two_places_share_a_program() -> None:
    door = Asked()
    two = plan(code("a", "x", args={"n": 1}), code("b", "x", args={"n": 2}))
    with prewriting(door) as writing:
        for _ in range(2):
            writing.follow(two)
            assert taken(writing, task("x", "n")) is not None
    assert len(door.questions) == 1


def test_steps_of_a_plan_that_is_still_made_are_begun_when_all_they_read_is_known() -> None:
    door = Asked()
    whole = plan(
        code("a", "first"),
        code("b", "second", args={"text": "{{late}}"}),
        {"step_id": "late", "tool": "shout", "args": {"text": "x"}},
        code("c", "third", args={"topic": "{{inputs.topic}}"}),
        inputs={"topic": {"type": "string", "default": "x"}},
    )
    with prewriting(door) as writing:
        first, second, late, third = whole.steps
        writing.add(first)
        assert taken(writing, task("first")) is not None
        writing.add(second)
        assert taken(writing, task("second", "text")) is None
        writing.add(late)
        assert taken(writing, task("second", "text")) is not None
        writing.add(third)
        assert taken(writing, task("third", "topic")) is None
        writing.follow(whole)
        assert taken(writing, task("third", "topic")) is not None
    assert len(door.questions) == 3


def test_a_dropped_plan_closes_the_connection_and_leaves_no_thread() -> None:
    with ModelServer([Answer(REPLY, delay_s=PATIENCE_S)], models=["tiny"]) as server:
        broker = Broker(models=ModelRoles.of(OllamaModel("tiny", host=server.url)))
        with prewriting(Engine(broker=broker).door(held_as="this request")) as writing:
            writing.follow(plan(code("a", "one")))
            assert server.asked.acquire(timeout=PATIENCE_S)
            writing.drop()
            assert server.hung_up.wait(PATIENCE_S)
            assert taken(writing, task("one")) is None
    assert threads() == []


def test_closing_gives_up_what_is_under_way_and_takes_nothing_more() -> None:
    door = Asked(until_given_up)
    writing = prewriting(door, width=1)
    writing.follow(plan(code("a", "go"), code("b", "never")))
    writing.close()
    writing.close()
    writing.follow(plan(code("c", "more")))
    assert taken(writing, task("more")) is None
    assert threads() == []
    assert len(door.questions) <= 1


# --- the rules of the request


def scripted(**more: Any) -> Engine:
    model = ScriptedModel([{"role": "coder", "text": REPLY}])
    broker = Broker(models=ModelRoles.of(model), policy=more.pop("policy", OPEN))
    return Engine([shout], broker=broker, settings=EngineSettings(**more))


def test_it_is_paid_from_the_budget_of_the_request() -> None:
    door = scripted(run_cap=Cap(requests=1)).door(held_as="this request")
    with prewriting(door, width=1) as writing:
        writing.follow(plan(code("a", "one"), code("b", "two")))
        assert taken(writing, task("one")) == TEMPLATE + PROGRAM
    assert writing.spent.requests == 1
    refused = door.ask(Question("?", role="coder"), ToolContext("", "x", 1, Cancellation()))
    assert refused.failure is not None
    assert refused.failure.kind == "budget"


@pytest.mark.parametrize("verdict", ["ask", "deny"])
def test_without_leave_to_ask_models_nothing_is_asked(verdict: str) -> None:
    policy = Policy({**OPEN.classes, "model": verdict})  # type: ignore[dict-item]
    door: Door = scripted(policy=policy).door()
    with prewriting(door) as writing:
        writing.follow(plan(code("a", "one")))
        assert taken(writing, task("one")) is None
    assert writing.spent.requests == 0
