"""The way to an executor: lanes that come and go with the work, and executors that take none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.result import ToolResult
from overseer.jsonvalue import Json
from overseer.plan.values import Call
from overseer.running.dispatch import Lanes, NotTaken, Returned
from overseer.running.worker import Work
from overseer.tool import Cancellation, ToolContext, tool
from tests.fakes import Latch


class Calling:
    """Calls the function that a work's arguments name."""

    def __init__(self, **functions: Callable[[], Json]) -> None:
        self._functions = functions

    def call(self, name: str, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        return ToolResult(self._functions[name]())


def work(name: str) -> Work:
    return Work(ToolContext("run", name, 1, Cancellation()), Call(name), {})


class FewThreads(ThreadPoolExecutor):
    """A pool on a machine that has no more threads to give after the first so many.

    As the real one, it has taken what it was given before it notices.
    """

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._most = most

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self._most -= 1
        if self._most < 0:
            raise RuntimeError("can't start new thread")
        return future


def returned(box: SimpleQueue[Returned]) -> str:
    return box.get(timeout=10).work.context.key


def test_lanes_that_rest_give_their_threads_back() -> None:
    box: SimpleQueue[Returned] = SimpleQueue()
    with ThreadPoolExecutor(1) as pool:
        lanes = Lanes(pool, Calling(a=lambda: 1), box.put)
        for _ in range(3):
            lanes.send(work("a"))
        for _ in range(3):
            assert returned(box) == "a"
            lanes.is_back()
        lanes.rest()
        assert pool.submit(lambda: "mine").result(10) == "mine"


def test_a_small_pool_serves_others_while_a_run_merely_waits() -> None:
    @tool
    def quick(n: int) -> int:
        """At once."""
        return n

    listening = threading.Event()
    plan = {"steps": [{"step_id": "first", "tool": "quick", "args": {"n": 1}}]}
    plan["steps"].append(
        {"step_id": "tick", "on": {"timer": "1h"}, "steps": [{"step_id": "x", "tool": "quick", "args": {"n": 2}}]}
    )
    with ThreadPoolExecutor(1) as pool:
        engine = Engine([quick], executor=pool)
        waiting = engine.prepare(plan)
        waiting.watch(lambda event: listening.set() if type(event).__name__ == "StepSucceeded" else None)
        waiting.start()
        assert listening.wait(10)
        assert engine.start({"steps": plan["steps"][:1]}).wait(10).succeeded
        waiting.cancel(hard=True)
        waiting.wait(10)


def test_threads_do_not_grow_though_many_steps_are_given_up() -> None:
    box: SimpleQueue[Returned] = SimpleQueue()
    latches: list[Latch] = []

    def hang() -> None:
        latches[-1].wait()

    with ThreadPoolExecutor(64, thread_name_prefix="grows-not") as pool:
        lanes = Lanes(pool, Calling(slow=hang, quick=lambda: 1), box.put)
        for _ in range(50):
            latches.append(Latch())
            lanes.send(work("slow"))
            latches[-1].wait_until_reached()
            lanes.is_lost()
            lanes.send(work("quick"))
            assert returned(box) == "quick"
            lanes.is_back()
            latches[-1].open()
            assert returned(box) == "slow"
            lanes.is_back(was_lost=True)
        lanes.close()
        assert sum(thread.name.startswith("grows-not") for thread in threading.enumerate()) <= 3


def test_without_another_thread_work_waits_for_the_lanes_there_are() -> None:
    box: SimpleQueue[Returned] = SimpleQueue()
    latch = Latch()
    with FewThreads(1) as pool:
        lanes = Lanes(pool, Calling(a=latch.wait, b=lambda: 2), box.put)
        lanes.send(work("a"))
        lanes.send(work("b"))
        latch.open()
        assert [returned(box), returned(box)] == ["a", "b"]
        lanes.close()


def test_work_does_not_wait_for_lanes_that_may_hang_for_ever() -> None:
    box: SimpleQueue[Returned] = SimpleQueue()
    latch = Latch()
    called: list[int] = []
    with FewThreads(1) as pool:
        lanes = Lanes(pool, Calling(a=latch.wait, b=lambda: called.append(1)), box.put)
        lanes.send(work("a"))
        lanes.is_lost()
        with pytest.raises(NotTaken, match="can't start new thread"):
            lanes.send(work("b"))
        latch.open()
        lanes.close()
    assert called == []


@pytest.mark.parametrize("error", [OSError("no"), ValueError("no"), TypeError("no"), RuntimeError("no")])
def test_whatever_an_executor_raises_only_the_step_fails(error: Exception) -> None:
    class BrokenPool(ThreadPoolExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise error

    @tool
    def quick() -> int:
        """At once."""
        return 1

    result = Engine([quick], executor=BrokenPool(1)).run({"steps": [{"step_id": "a", "tool": "quick"}]})
    assert result.failures["a"].message == "the executor takes no work: no"
