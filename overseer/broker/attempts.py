"""Carrying out one attempt at a call: the function of the tool, with arguments of its own."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any

from overseer.jsonvalue import Json, NotJson, as_json, detached
from overseer.plan.arguments import value_faults
from overseer.tool import Tool, ToolContext, ToolError

Attempt = Callable[[Tool, Mapping[str, Json], ToolContext], Any]


def attempt_here(tool: Tool, args: Mapping[str, Json], context: ToolContext) -> Any:
    """What the tool returns, on this thread."""
    # A tool may change what it gets; the results of other steps must not change with it.
    given = detached(dict(args))
    if tool.context_parameter is not None:
        given[tool.context_parameter] = context
    result = tool.function(**given)
    if inspect.iscoroutine(result):
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
        future = _submitted(executor, tool, args, context)

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


def _submitted(executor: Executor, tool: Tool, args: Mapping[str, Json], context: ToolContext) -> Future[Any]:
    try:
        return executor.submit(attempt_here, tool, args, context)
    except Exception as error:  # a stranger's code
        raise ToolError(f"the executor takes no work: {error}", kind="internal") from error


def _can_be_sent(tool: Tool) -> bool:
    if tool.kind != "python":
        return False
    try:
        return pickle.loads(pickle.dumps(tool)) is not None
    except Exception:  # one made inside a function, or in a file that is no module
        return False


def as_result(tool: Tool, value: Any) -> Json:
    """What a tool returned, as plain JSON that fits what it promises; NotJson if it does not."""
    value = as_json(value, where="the result")
    if tool.output is not None and (faults := value_faults(tool.output, value)):
        raise NotJson(f"tool '{tool.name}' broke its own output schema: {'; '.join(faults)}")
    return value
