"""Performing one step, on whatever thread it is given.

`perform` is an edge: whatever happens in there, one result comes back. How a tool is really called is
left to the door it is handed, how often to the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, assert_never

from overseer.broker.failures import failure_from
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.jsonvalue import Json, NotJson, kind_of
from overseer.plan.inputs import in_words, type_fits
from overseer.plan.values import Call, Code, TypeName
from overseer.tool import ToolContext


@dataclass(slots=True, eq=False)
class Work:
    """One attempt at one step, with its arguments read."""

    context: ToolContext
    action: Call | Code
    args: dict[str, Json]
    outputs: Mapping[str, TypeName] | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)  # a `MadeCall` for each that returned in earlier attempts


class StepCaller(Protocol):
    """Everything a step does to the world goes through one of these. A failure, too, is a result."""

    def call(self, name: str, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """What came of the call of a tool."""
        ...

    def run_code(self, task: Code, work: Work) -> ToolResult:
        """What came of the code that was written for a task."""
        ...


def perform(work: Work, caller: StepCaller) -> ToolResult:
    """Carry out one attempt; whatever happens becomes a result."""
    if work.context.cancellation.is_asked:
        return ToolResult(failure=Failure("cancelled", "was given up before it began"))
    try:
        result = _result(work, caller)
        if work.outputs is not None and result.failure is None:
            return _with_outputs(result, work.outputs)
        return result
    except BaseException as error:  # even SystemExit: nothing may end the thread without a word
        return ToolResult(failure=failure_from(error))


def _result(work: Work, caller: StepCaller) -> ToolResult:
    match work.action:
        case Call(tool=tool):
            return caller.call(tool, work.args, work.context)
        case Code() as task:
            return caller.run_code(task, work)
        case _:
            assert_never(work.action)


def _with_outputs(result: ToolResult, outputs: Mapping[str, TypeName]) -> ToolResult:
    """The result, if it has what its step promises."""
    try:
        _check_outputs(result.value, outputs)
    except NotJson as error:
        return replace(result, value=None, failure=failure_from(error))
    return result


def _check_outputs(value: Json, outputs: Mapping[str, TypeName]) -> None:
    if not isinstance(value, dict):
        raise NotJson(f"the result is a {kind_of(value)}, not an object with: {', '.join(outputs)}")
    for name, type_name in outputs.items():
        if name not in value:
            raise NotJson(f"the result has no '{name}'; it has: {', '.join(value) or 'nothing'}")
        if not type_fits(type_name, value[name]):
            raise NotJson(f"'{name}' in the result is a {kind_of(value[name])}; it must be {in_words(type_name)}")
