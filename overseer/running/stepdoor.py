"""What the steps of one run go through: their calls to the tools, their code to the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from overseer.broker.broker import Door
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.plan.values import Code
from overseer.running.recording import Tell
from overseer.running.worker import Work
from overseer.tool import ToolContext

if TYPE_CHECKING:
    from overseer.running.coding import Coding


class StepDoor:
    """Where an engine has no coding, it cannot carry out code."""

    def __init__(self, door: Door, coding: Coding | None, tell: Tell) -> None:
        self._door = door
        self._coding = coding
        self._tell = tell

    def call(self, name: str, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        return self._door.call(name, args, context)

    def run_code(self, task: Code, work: Work) -> ToolResult:
        if self._coding is None:
            return ToolResult(failure=Failure("denied", "this engine cannot run generated code"))
        from overseer.running.coding import carried_out  # loaded by whoever made the coding; most runs have no code

        return carried_out(self._coding, task, work, self._door, self._tell)
