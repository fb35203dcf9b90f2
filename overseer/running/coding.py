"""Steps whose work is code: a program is had for the step, and runs in the sandbox.

What it calls goes through the door of its run, and each call is journaled: a step that begins anew is
answered from there, and makes no call twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from overseer.broker.broker import Door
from overseer.broker.budget import NOTHING
from overseer.broker.failures import failure_from
from overseer.broker.fallback import Fallback
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.result import ToolResult
from overseer.errors import Failure, FailureKind
from overseer.frontends.prewriting import Prewriting
from overseer.frontends.programs import MOST_TRIES, Programs, Task, Try
from overseer.plan.values import Code
from overseer.running.recording import StepRecords, Tell
from overseer.running.worker import Work
from overseer.sandbox import Job, Limits, NodeNotStarted, Outcome, Sandbox, SandboxLost
from overseer.sandbox.looking import faults_in
from overseer.tool import Cancellation, Question, ToolError


@dataclass(frozen=True, slots=True)
class Coding:
    """What an engine needs for steps that are code."""

    programs: Programs
    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    fallback: Fallback = field(default_factory=Fallback)
    prewriting: Prewriting | None = None  # has begun with some of the programs before their steps do

    def look(self, source: str, tools: Iterable[str], cancellation: Cancellation) -> str:
        """What is sure to go wrong with a program that may call these tools; nothing if it can be tried."""
        return faults_in(source, tools, self.sandbox, self.limits, cancellation)


def carried_out(coding: Coding, task: Code, work: Work, door: Door, tell: Tell) -> ToolResult:
    """What came of one attempt at a step that is code."""
    tools = {name: tool for name, tool in door.tools.items() if name in task.tools}
    return _Step(door, coding, work, Task(task.task, work.args, tools), tell).carried_out()


class _Step:
    """One attempt at a step that is code: a few programs, until one gives a result."""

    def __init__(self, door: Door, coding: Coding, work: Work, task: Task, tell: Tell) -> None:
        self._door = door
        self._coding = coding
        self._work = work
        self._task = task
        self._records = StepRecords(work, tell)
        self._spent = NOTHING

    def carried_out(self) -> ToolResult:
        try:
            return replace(self._result(), spent=self._spent)
        except SandboxLost as error:
            return ToolResult(failure=Failure("internal", str(error)), spent=self._spent)
        except NodeNotStarted as error:
            return ToolResult(failure=Failure("transient", str(error)), spent=self._spent)
        except ToolError as error:
            return ToolResult(failure=failure_from(error), spent=self._spent)

    def _result(self) -> ToolResult:
        tries, source = self._first_program()
        while True:
            result = self._tried(source)
            if result.failure is None:
                self._coding.programs.keep(self._task, source)
                return result
            if self._coding.prewriting is not None:
                self._coding.prewriting.forget(self._task)
            if self._work.context.is_cancelled:
                return ToolResult(failure=Failure("cancelled", "was given up while its code ran"))
            tries.append(Try(source, result.failure.message))
            if len(tries) >= MOST_TRIES:
                return result
            source = self._coding.programs.program(self._task, tries, self._ask)

    def _first_program(self) -> tuple[list[Try], str]:
        """A program, and those that were found to be wrong before it was written."""
        if (prewriting := self._coding.prewriting) is not None:
            written = prewriting.take(self._task, self._work.context.cancellation)
            if written is not None:
                return list(written.tries), written.source
        return [], self._coding.programs.program(self._task, [], self._ask)

    def _tried(self, source: str) -> ToolResult:
        if faults := self._coding.look(source, self._task.tools, self._work.context.cancellation):
            return ToolResult(failure=Failure("invalid_output", f"its code is wrong: {faults}"))
        outcome = self._run(source)
        if outcome.verdict == "good":
            return ToolResult(outcome.value)
        problem = f"its code gave no result ({outcome.verdict}): {outcome.error}"
        return ToolResult(failure=Failure(_KINDS.get(outcome.verdict, "tool"), problem, outcome.stderr))

    def _run(self, source: str) -> Outcome:
        context = self._work.context
        program = Program(context.run_id, context.key, context.attempt, frozenset(self._task.tools), self._records.of)
        door = ProgramDoor(self._door, program, self._coding.fallback)
        return self._coding.sandbox.run(Job(source, self._work.args, self._coding.limits), door, context.cancellation)

    def _ask(self, question: Question) -> str:
        answer = self._door.ask(question, self._work.context)
        self._spent += answer.spent
        if answer.failure is not None:
            failure = answer.failure
            raise ToolError(
                f"no code was written: {failure.message}", kind=failure.kind, retry_after_s=failure.retry_after_s
            )
        return str(answer.value)


_KINDS: Mapping[str, FailureKind] = {"silent": "invalid_output", "non-JSON": "invalid_output", "killed": "limit"}
