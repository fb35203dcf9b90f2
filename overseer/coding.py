"""Steps whose work is code: a program is had for the step, and runs in the sandbox.

What it calls goes through the door of its run, and each call is journaled: a step that begins anew is
answered from there, and makes no call twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from overseer.broker.broker import Door
from overseer.broker.fallback import Fallback
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.result import ToolResult
from overseer.errors import Failure, FailureKind
from overseer.jsonvalue import Json
from overseer.plan.values import Code
from overseer.recording import StepRecords, Tell
from overseer.sandbox import Job, Limits, Outcome, Sandbox, SandboxLost
from overseer.tool import Tool, ToolContext
from overseer.worker import Work


class Programs(Protocol):
    """Where the code for a task comes from."""

    def program(self, task: str, args: Mapping[str, Json], tools: Mapping[str, Tool]) -> str:
        """Python with a `main(input)` that does the task with such arguments; ToolError says why there is none.

        It may call these tools. Asked for again when the step is tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Coding:
    """What an engine needs for steps that are code."""

    programs: Programs
    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    fallback: Fallback = field(default_factory=Fallback)


class StepDoor:
    """What the steps of one run go through: their calls to the tools, their code to the sandbox."""

    def __init__(self, door: Door, coding: Coding | None, tell: Tell) -> None:
        self._door = door
        self._coding = coding
        self._tell = tell

    def call(self, name: str, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        return self._door.call(name, args, context)

    def run_code(self, task: Code, work: Work) -> ToolResult:
        if self._coding is None:
            return ToolResult(failure=Failure("denied", "this engine cannot run generated code"))
        coding, context = self._coding, work.context
        tools = {name: tool for name, tool in self._door.tools.items() if name in task.tools}
        source = coding.programs.program(task.task, work.args, tools)
        program = Program(
            context.run_id, context.key, context.attempt, frozenset(tools), StepRecords(work, self._tell).of
        )
        door = ProgramDoor(self._door, program, coding.fallback)
        try:
            return _result(coding.sandbox.run(Job(source, work.args, coding.limits), door, context.cancellation))
        except SandboxLost as error:
            return ToolResult(failure=Failure("internal", str(error)))


_KINDS: Mapping[str, FailureKind] = {"silent": "invalid_output", "non-JSON": "invalid_output", "killed": "limit"}


def _result(outcome: Outcome) -> ToolResult:
    if outcome.verdict == "good":
        return ToolResult(outcome.value)
    kind = _KINDS.get(outcome.verdict, "tool")
    return ToolResult(
        failure=Failure(kind, f"its code gave no result ({outcome.verdict}): {outcome.error}", outcome.stderr)
    )
