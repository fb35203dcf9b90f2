"""Calling tools in tests as steps do: through the door, with everything allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overseer.broker.broker import Broker, Door
from overseer.jsonvalue import Json
from overseer.tool import Tool, ToolContext, ToolError


class OpenDoor:
    """Gives what a tool gives, and raises what it fails with."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._tools = tools

    def call(self, tool: str, args: dict[str, Json], context: ToolContext) -> Any:
        result = Door(Broker(services=context.services), self._tools).call(tool, args, context)
        if result.failure is not None:
            raise ToolError(result.failure.message, kind=result.failure.kind)
        return result.value
