"""Performing one step, on whatever thread or process the executor gives it.

`perform` is an edge: whatever a tool does, one `Outcome` comes back. How a tool is really called is
left to the caller it is handed, how often to the kernel.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from overseer.errors import FAILURE_KINDS, Failure, FailureKind
from overseer.jsonvalue import Json, NotJson, as_json, kind_of
from overseer.plan.inputs import in_words, type_fits
from overseer.plan.values import Call, Code, TypeName
from overseer.tool import ToolContext, ToolError

# Threads are made when needed and kept; the cap of each run is its own counter.
_MOST_THREADS = 4096


@dataclass(slots=True, eq=False)
class Work:
    """One attempt at one step, with its arguments read. Can be sent to another process."""

    context: ToolContext
    action: Call | Code
    args: dict[str, Json]
    outputs: Mapping[str, TypeName] | None = None


@dataclass(slots=True)
class Outcome:
    """How an attempt ended: with a value, or with a failure."""

    value: Json = None
    failure: Failure | None = None


class StepCaller(Protocol):
    """The door to tools: everything a step does to the world goes through one of these."""

    def call(self, tool: str, args: dict[str, Json], context: ToolContext) -> Json:
        """The tool's result; ToolError if it refuses or fails."""
        ...


def perform(work: Work, caller: StepCaller) -> Outcome:
    """Carry out one attempt; whatever happens becomes an outcome."""
    if work.context.is_cancelled:  # given up before it began
        return Outcome(failure=Failure("cancelled", "was given up before it began"))
    try:
        value = as_json(_result(work, caller), where="the result")
        if work.outputs is not None:
            _check_outputs(value, work.outputs)
        return Outcome(value)
    except BaseException as error:  # even SystemExit: a tool must not end the thread without a word
        return Outcome(failure=_explained(error))


def _explained(error: BaseException) -> Failure:
    try:
        return failure_from(error)
    except BaseException:  # an exception that breaks whoever looks at it
        return Failure("tool", f"{type(error).__name__}: it cannot say why")


def _result(work: Work, caller: StepCaller) -> Json:
    match work.action:
        case Call(tool=tool):
            return caller.call(tool, work.args, work.context)
        case Code():
            raise ToolError("this engine cannot run generated code", kind="denied")


def _check_outputs(value: Json, outputs: Mapping[str, TypeName]) -> None:
    if not isinstance(value, dict):
        raise NotJson(f"the result is a {kind_of(value)}, not an object with: {', '.join(outputs)}")
    for name, type_name in outputs.items():
        if name not in value:
            raise NotJson(f"the result has no '{name}'; it has: {', '.join(value) or 'nothing'}")
        if not type_fits(type_name, value[name]):
            raise NotJson(f"'{name}' in the result is a {kind_of(value[name])}; it must be {in_words(type_name)}")


def failure_from(error: BaseException) -> Failure:
    """What an exception says about whether and how to go on."""
    message = str(error) or type(error).__name__
    if isinstance(error, ToolError):
        kind: FailureKind = error.kind if error.kind in FAILURE_KINDS else "tool"  # type: ignore[assignment]
        return Failure(kind, message, retry_after_s=error.retry_after_s)
    if isinstance(error, NotJson):
        return Failure("invalid_output", message)
    detail = "".join(traceback.format_exception(error)).strip()
    if isinstance(error, TimeoutError):
        return Failure("timeout", message, detail)
    if isinstance(error, ConnectionError):
        return Failure("transient", message, detail)
    return Failure("tool", f"{type(error).__name__}: {message}", detail)


@cache
def warm_executor() -> ThreadPoolExecutor:
    """The threads that all runs of the process share."""
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="overseer-worker")
