"""Carrying out one attempt at a call: the function of the tool, with arguments of its own, in the time it may take."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from functools import cache
from types import CoroutineType
from typing import Any, TypeVar

from overseer.jsonvalue import Json, NotJson, as_json, detached
from overseer.plan.arguments import value_faults
from overseer.tool import Cancellation, Tool, ToolContext, ToolError

T = TypeVar("T")

# Threads are made when needed and kept; the cap of each run is its own counter.
_MOST_THREADS = 4096

Attempt = Callable[[Tool, Mapping[str, Json], ToolContext], Any]


def attempt_here(tool: Tool, args: Mapping[str, Json], context: ToolContext) -> Any:
    """What the tool returns, on this thread."""
    # A tool may change what it gets; the results of other steps must not change with it.
    given = detached(args if type(args) is dict else dict(args))
    if tool.context_parameter is not None:
        given[tool.context_parameter] = context
    result = tool.function(**given)
    if type(result) is CoroutineType:
        import asyncio

        return asyncio.run(result)
    return result


def attempts_in(executor: Executor) -> Attempt:
    """Attempts on an executor whose workers may be other processes; this thread waits for each.

    Permission, budget and limits stay here: there is one door, however many processes do the work. What
    needs more than its arguments (files, web, models), or cannot be sent elsewhere, is attempted here.
    """

    def attempt(tool: Tool, args: Mapping[str, Json], context: ToolContext) -> Any:
        if not _can_be_sent(tool):
            return attempt_here(tool, args, context)
        future = _submitted(executor, attempt_here, tool, args, context)

        def give_up() -> None:
            future.cancel()  # another process does not learn of it; what has not begun can be kept from it

        take_back = context.cancellation.call_when_asked(give_up)
        try:
            return future.result()
        except CancelledError:
            raise ToolError("the executor dropped the step", kind="cancelled") from None
        except BrokenExecutor as error:
            raise ToolError(f"the executor failed: {error}", kind="internal") from error
        finally:
            take_back()

    return attempt


def _submitted(executor: Executor, work: Callable[..., T], *args: Any) -> Future[T]:
    try:
        return executor.submit(work, *args)
    except Exception as error:  # a stranger's code
        raise ToolError(f"the executor takes no work: {error}", kind="internal") from error


def _can_be_sent(tool: Tool) -> bool:
    if tool.kind != "python":
        return False
    try:
        return pickle.loads(pickle.dumps(tool)) is not None
    except Exception:  # one made inside a function, or in a file that is no module
        return False


class TimeLimit:
    """How long some work may take. While it is held, because it waits for a limit, its time stands still."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = threading.Condition()
        self._left_s = seconds
        self._runs_since = 0.0
        self._holds = 0

    def hold(self, *, waits: bool) -> None:
        """Some of the work waits, or goes on."""
        with self._changed:
            now = time.monotonic()
            if waits and not self._holds:
                self._left_s -= now - self._runs_since
            self._holds = max(0, self._holds + (1 if waits else -1))
            if not waits and not self._holds:
                self._runs_since = now
            self._changed.notify_all()

    def carry_out(self, work: Callable[[Cancellation], T], cancellation: Cancellation) -> T:
        """What the work gives; once its time is over, it is cancelled and left behind: ToolError."""
        own = Cancellation()
        take_back = cancellation.call_when_asked(own.ask)
        self._runs_since = time.monotonic()
        try:
            future = _submitted(warm_executor(), work, own)
            future.add_done_callback(self._wake)
            if not self._is_done_in_time(future):
                raise ToolError(f"took longer than {self._seconds:g} s", kind="timeout")
            return future.result()
        except BaseException:
            own.ask()
            raise
        finally:
            take_back()

    def _is_done_in_time(self, future: Future[T]) -> bool:
        with self._changed:
            while not future.done():
                left_s = None if self._holds else self._left_s - (time.monotonic() - self._runs_since)
                if left_s is not None and left_s <= 0:
                    return False
                self._changed.wait(None if left_s is None else min(left_s, threading.TIMEOUT_MAX))
        return True

    def _wake(self, future: Future[Any]) -> None:
        with self._changed:
            self._changed.notify_all()


@cache
def warm_executor() -> ThreadPoolExecutor:
    """The threads that all runs of the process share."""
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="overseer-worker")


def as_result(tool: Tool, value: Any) -> Json:
    """What a tool returned, as plain JSON that fits what it promises; NotJson if it does not."""
    value = as_json(value, where="the result")
    if tool.output is not None and (faults := value_faults(tool.output, value)):
        raise NotJson(f"tool '{tool.name}' broke its own output schema: {'; '.join(faults)}")
    return value
