"""The time that calls may take which are no steps of a plan, kept by the door itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from overseer.broker.attempts import TimeLimit
from overseer.broker.broker import Broker, Door
from overseer.broker.fallback import Fallback
from overseer.broker.limits import Limit, Limits
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.retry import Retry
from overseer.models import ModelRoles, ScriptedModel
from overseer.nodes.connection import Answer
from overseer.tool import Cancellation, Question, Tool, ToolContext, ToolError, tool
from tests.fakes import Latch

ARGUMENTS = {"properties": {"x": {}}, "additionalProperties": False}


@pytest.fixture
def latch() -> Iterator[Latch]:
    latch = Latch()
    yield latch
    latch.open()


def a_context() -> ToolContext:
    return ToolContext("", "call", 1, Cancellation())


def stuck(latch: Latch, *, timeout_s: float | None = 0.05) -> Tool:
    return Tool("stuck", latch.wait, timeout_s=timeout_s, idempotent=False)


def test_a_call_is_left_behind_when_its_time_is_over(latch: Latch) -> None:
    door = Door(Broker(), {"stuck": stuck(latch)})
    failure = door.call("stuck", {}, a_context(), keeps_time=True).failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("timeout", "took longer than 0.05 s")


def test_whoever_is_left_behind_learns_of_it_and_the_caller_is_not_cancelled() -> None:
    given_up = threading.Event()

    @tool(timeout_s=0.05)
    def patient(context: ToolContext) -> None:
        """Waits for ever, but listens."""
        assert context.wait(30)
        given_up.set()

    context = a_context()
    assert Door(Broker(), {"patient": patient}).call("patient", {}, context, keeps_time=True).failure is not None
    assert given_up.wait(10)
    assert not context.is_cancelled


def test_the_time_of_a_call_is_that_of_all_its_attempts() -> None:
    @tool(timeout_s=0.2)
    def flaky() -> None:
        """Never works."""
        raise ToolError("not today", kind="transient")

    broker = Broker(retry=Retry(attempts=100, first_wait_s=30, random=lambda: 1.0))
    failure = Door(broker, {"flaky": flaky}).call("flaky", {}, a_context(), keeps_time=True).failure
    assert failure is not None
    assert failure.kind == "timeout"


def test_a_timeout_of_the_tool_s_own_is_the_tool_s() -> None:
    @tool(timeout_s=30)
    def impatient() -> None:
        """Gives up by itself."""
        raise TimeoutError("the other side is asleep")

    failure = Door(Broker(), {"impatient": impatient}).call("impatient", {}, a_context(), keeps_time=True).failure
    assert failure is not None
    assert failure.message == "the other side is asleep"


@tool(timeout_s=0.2, effect="network", idempotent=True)
def fetch() -> str:
    """Somebody's server."""
    return "there"


@tool(timeout_s=0.2, effect="model")
def say(context: ToolContext) -> str:
    """What a model says."""
    return context.ask_model(Question("?")).text


@pytest.mark.parametrize("name", ["fetch", "say"])
def test_waiting_for_a_limit_takes_nothing_from_the_time(name: str) -> None:
    limits = Limits({"tool:fetch": Limit(concurrency=1), "provider:scripted": Limit(concurrency=1)})
    door = Door(Broker(limits=limits, models=ModelRoles.of(ScriptedModel(["there"]))), {"fetch": fetch, "say": say})
    waiting = threading.Event()
    door.hold = lambda context, waits_for, give_up: waiting.set()
    results = []
    with limits.slot(["tool:fetch", "provider:scripted"]):
        thread = threading.Thread(
            target=lambda: results.append(door.call(name, {}, a_context(), keeps_time=True).value)
        )
        thread.start()
        assert waiting.wait(10)
        thread.join(0.4)  # twice as long as it may take
        assert thread.is_alive()
    thread.join(10)
    assert results == ["there"]


def program(limits: Limits, given: Tool) -> ProgramDoor:
    return ProgramDoor(Door(Broker(limits=limits), {given.name: given}), Program(), Fallback())


def called(door: ProgramDoor, name: str, timeout_s: float | None) -> Answer:
    return door.call(name, "", {}, timeout_s=timeout_s, cancellation=Cancellation())


@pytest.mark.parametrize(("own", "given"), [(0.05, None), (None, 0.05), (30.0, 0.05)])
def test_a_program_s_call_ends_by_the_tool_s_time_and_by_its_own(
    latch: Latch, own: float | None, given: float | None
) -> None:
    answer = called(program(Limits(), stuck(latch, timeout_s=own)), "stuck", given)
    assert answer.failure is not None
    assert answer.failure.kind == "timeout"


def test_only_the_time_that_a_program_gives_counts_waiting() -> None:
    limits = Limits({"tool:fetch": Limit(concurrency=1)})
    door = program(limits, fetch)
    with limits.slot(["tool:fetch"]):
        failure = called(door, "fetch", 0.05).failure
        assert failure is not None
        assert failure.kind == "timeout"
    assert called(door, "fetch", None).value == "there"


def test_work_that_is_cancelled_from_outside_is_told() -> None:
    cancellation = Cancellation()
    threading.Timer(0.05, cancellation.ask).start()
    assert TimeLimit(30).carry_out(lambda given_up: given_up.wait(20), cancellation)
