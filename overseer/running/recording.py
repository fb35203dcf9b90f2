"""The calls of a step's program, in the journal of its run.

A call is made once it is recorded that it will be, and its result given once that is recorded. So a
program that begins anew after a crash finds what its earlier calls gave, and a call of which nobody
knows how it ended is known to be one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue

from overseer.broker.records import Record
from overseer.broker.result import ToolResult
from overseer.jsonvalue import Json, detached
from overseer.kernel.state import MadeCall
from overseer.running.messages import Called, Calling, Message
from overseer.running.worker import Work
from overseer.tool import ToolContext, ToolError

Tell = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class StepRecords:
    """The records of one attempt at a step. `tell` speaks to the thread that owns the run.

    What a call gave answers the same call of any later program of the step.
    """

    work: Work
    tell: Tell
    answers: dict[str, MadeCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answers.update(self.work.answers)

    def of(self, name: str, tool: str, args: Mapping[str, Json]) -> Record:
        """The record of the call of this name, as `CallNames` gives it."""
        return _JournaledCall(self.work.context, name, tool, dict(args), self.answers, self.tell)


@dataclass(frozen=True, slots=True)
class _JournaledCall:
    context: ToolContext
    name: str
    tool: str
    args: dict[str, Json]
    answers: dict[str, MadeCall]
    tell: Tell

    def known(self) -> ToolResult | None:
        answer = self.answers.get(self.name)
        return None if answer is None else ToolResult(detached(answer.value), answer.failure, was_known=True)

    def begin(self) -> None:
        self._wait_for(lambda done: Calling(self.context, self.name, self.tool, self.args, done))

    def end(self, result: ToolResult) -> None:
        spent: Json = result.spent.to_json()
        self._wait_for(
            lambda done: Called(self.context, self.name, done, value=result.value, failure=result.failure, spent=spent)
        )
        if result.failure is None:
            self.answers[self.name] = MadeCall(self.tool, True, result.value)

    def _wait_for(self, message: Callable[[Callable[[bool], None]], Message]) -> None:
        told: SimpleQueue[bool] = SimpleQueue()
        self.tell(message(told.put))
        if not told.get():
            raise ToolError("the step was given up, so its calls count no more", kind="cancelled")
