"""Attempts on executors whose workers may be elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from overseer.broker.attempts import attempt_here, attempts_in
from overseer.tool import Cancellation, ToolContext, ToolError, tool


@tool
def where() -> int:
    """The process that this is carried out in."""
    return os.getpid()


@tool
def who(context: ToolContext) -> list[object]:
    """The process, and what is known of the call there."""
    return [os.getpid(), context.key, context.services.workspace]


@tool
async def later(values: list[int]) -> list[int]:
    """An asynchronous tool that changes what it got."""
    values.append(3)
    return values


def a_context() -> ToolContext:
    return ToolContext("run", "key", 1, Cancellation())


def test_other_processes_do_what_can_be_sent_to_them() -> None:
    @tool
    def local() -> int:
        """Cannot be found by its name."""
        return os.getpid()

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        attempt = attempts_in(pool)
        there = attempt(where, {}, a_context())
        assert there != os.getpid()
        assert attempt(who, {}, a_context()) == [there, "key", None]
        assert attempt(local, {}, a_context()) == os.getpid()


def test_a_tool_gets_arguments_of_its_own_and_may_be_asynchronous() -> None:
    values = [1, 2]
    assert attempt_here(later, {"values": values}, a_context()) == [1, 2, 3]
    assert values == [1, 2]


class Queueing(Executor):
    """Takes work, and never begins it."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []
        self.taken = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.futures.append(Future())
        self.taken.set()
        return self.futures[-1]


def test_what_was_not_begun_is_taken_back_when_the_call_is_given_up() -> None:
    executor, context = Queueing(), a_context()
    failures: list[ToolError] = []

    def attempt() -> None:
        with pytest.raises(ToolError, match="the executor dropped the step") as caught:
            attempts_in(executor)(where, {}, context)
        failures.append(caught.value)

    thread = threading.Thread(target=attempt)
    thread.start()
    assert executor.taken.wait(30)
    context.cancellation.ask()
    thread.join(30)
    assert executor.futures[0].cancelled()
    assert [failure.kind for failure in failures] == ["cancelled"]


@pytest.mark.parametrize("error", [OSError("no"), ValueError("no"), TypeError("no"), RuntimeError("no")])
def test_an_executor_that_takes_no_work_fails_the_call(error: Exception) -> None:
    class Broken(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise error

    with pytest.raises(ToolError, match="the executor takes no work: no") as caught:
        attempts_in(Broken())(where, {}, a_context())
    assert caught.value.kind == "internal"
