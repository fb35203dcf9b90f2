"""Being asked to stop gently while steps wait for a limit: what has done nothing yet is not waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.broker import Broker
from overseer.broker.limits import Limit, Limits
from overseer.journal.journal import Journal
from overseer.kernel.events import Event, StepHeld, StepInterrupted, StepSucceeded
from overseer.models import ModelRoles
from overseer.models.model import Request
from overseer.tool import Question, Reply, ToolContext, tool
from tests.fakes import Latch

PATIENCE_S = 10.0


class Slow:
    """A model whose every answer waits for a latch; it notes what it was asked."""

    provider, name = "test", "slow"

    def __init__(self, latch: Latch) -> None:
        self.asked: list[str] = []
        self._latch = latch

    def ask(self, question: Question, *, turn: Any, **_: Any) -> Reply:
        def send() -> Reply:
            self.asked.append(question.prompt)
            self._latch.wait()
            return Reply(question.prompt, "slow")

        reply: Reply = turn(Request(1, None, send))
        return reply


class Seen:
    """The events of a run, waited for by their kind."""

    def __init__(self) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def wait_for(self, kind: type[Any], times: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < times:
            event = self._events.get(timeout=PATIENCE_S)
            if isinstance(event, kind):
                found.append(event)
        return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def steps(*ids: str) -> dict[str, Any]:
    return {"steps": [{"step_id": step_id, "tool": "say", "args": {"text": step_id}} for step_id in ids]}


def with_model_tool(latch: Latch) -> tuple[Any, Broker, list[str]]:
    model = Slow(latch)

    @tool(effect="model")
    def say(text: str, context: ToolContext) -> str:
        """Say it through a model."""
        return context.ask_model(Question(text)).text

    return (
        say,
        Broker(limits=Limits({"model:test/slow": Limit(concurrency=1)}), models=ModelRoles.of(model)),
        model.asked,
    )


def with_network_tool(latch: Latch) -> tuple[Any, Broker, list[str]]:
    begun: list[str] = []

    @tool(effect="network", idempotent=False)
    def say(text: str) -> str:
        """Say it to a server."""
        begun.append(text)
        latch.wait()
        return text

    return say, Broker(limits=Limits({"tool:say": Limit(concurrency=1)})), begun


@pytest.mark.parametrize("make", [with_model_tool, with_network_tool])
def test_what_only_waits_is_given_up_at_once_and_made_good_by_a_resume(
    journal: Journal, make: Callable[[Latch], tuple[Any, Broker, list[str]]]
) -> None:
    latch, seen = Latch(), Seen()
    say, broker, begun = make(latch)
    engine = Engine([say], journal=journal, broker=broker)
    run = engine.start(steps("a", "b", "c"), watch=seen)
    latch.wait_until_reached()
    seen.wait_for(StepHeld, 2)
    run.cancel()
    # While the one that has begun is still at it, which it may be.
    interrupted = seen.wait_for(StepInterrupted, 2)
    assert [event.has_begun for event in interrupted] == [False, False]
    latch.open()
    assert run.wait(PATIENCE_S).status == "cancelled"
    assert len(begun) == 1
    # Nobody has to decide about steps that did nothing.
    assert engine.resume(run.run_id).status == "succeeded"
    assert sorted(begun) == ["a", "b", "c"]


def test_what_waits_in_the_middle_of_something_may_finish_it(journal: Journal) -> None:
    latch, seen = Latch(), Seen()
    model = Slow(latch)

    @tool(effect="network", idempotent=False)
    def say(text: str, context: ToolContext) -> str:
        """Send something, and then ask a model about it."""
        return context.ask_model(Question(text)).text

    broker = Broker(limits=Limits({"model:test/slow": Limit(concurrency=1)}), models=ModelRoles.of(model))
    run = Engine([say], journal=journal, broker=broker).start(steps("a", "b"), watch=seen)
    latch.wait_until_reached()
    seen.wait_for(StepHeld, 1)
    run.cancel()
    latch.open()
    seen.wait_for(StepSucceeded, 2)
    assert run.wait(PATIENCE_S).status == "succeeded"
    assert sorted(model.asked) == ["a", "b"]


def test_nobody_begins_to_wait_after_that(journal: Journal) -> None:
    before, latch, seen = Latch(), Latch(), Seen()

    @tool(effect="model")
    def say(text: str, context: ToolContext) -> str:
        """Think, and then ask a model."""
        if text == "late":
            before.wait()
        return context.ask_model(Question(text)).text

    model = Slow(latch)
    broker = Broker(limits=Limits({"model:test/slow": Limit(concurrency=1)}), models=ModelRoles.of(model))
    run = Engine([say], journal=journal, broker=broker).start(steps("early", "late"), watch=seen)
    latch.wait_until_reached()
    before.wait_until_reached()
    run.cancel()
    before.open()
    (interrupted,) = seen.wait_for(StepInterrupted, 1)
    assert (interrupted.key, interrupted.has_begun) == ("late", False)
    latch.open()
    assert run.wait(PATIENCE_S).status == "cancelled"
    assert model.asked == ["early"]
