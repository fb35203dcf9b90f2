"""Calling a tool directly: arguments checked, copied, handed over, and the result checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from overseer.jsonvalue import Json, NotJson, as_json, detached
from overseer.plan import argument_faults, value_faults
from overseer.tool import Tool, ToolContext, ToolError


class DirectCaller:
    """Calls tools where the step runs, with nothing in between but the checks."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._tools = tools

    def call(self, tool: str, args: dict[str, Json], context: ToolContext) -> Json:
        known = self._tools.get(tool)
        if known is None:
            raise ToolError(f"there is no tool '{tool}'", kind="bad_request")
        if faults := argument_faults(known.parameters, args):
            raise ToolError(f"tool '{tool}': {'; '.join(faults)}", kind="bad_request")
        value = _called(known, args, context)
        if known.output is None:
            return value
        value = as_json(value, where="the result")
        if faults := value_faults(known.output, value):
            raise NotJson(f"tool '{tool}' broke its own output schema: {'; '.join(faults)}")
        return value


def _called(tool: Tool, args: dict[str, Json], context: ToolContext) -> Any:
    # A tool may change what it gets; the results of other steps must not change with it.
    given = detached(args)
    if tool.context_parameter is not None:
        given[tool.context_parameter] = context
    result = tool.function(**given)
    if inspect.iscoroutine(result):
        import asyncio

        return asyncio.run(result)
    return result
