"""Asking models on behalf of a person, who may interrupt: for a plan, about a run.

Where a reply leads to steps being carried out, one that came just before it was interrupted counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from overseer.broker.broker import Door
from overseer.broker.hearing import OnText
from overseer.broker.result import ToolResult
from overseer.chat.person import Person
from overseer.errors import Failure
from overseer.running.run import Run
from overseer.tool import Cancellation, Question, ToolContext


@dataclass(frozen=True, slots=True)
class AsksAtDoor:
    """For what comes before a run; paid as one request."""

    door: Door
    person: Person

    def __call__(self, question: Question, *, on_text: OnText | None = None) -> ToolResult:
        with self.person.interruptible() as cancellation:
            result = self.door.ask(question, ToolContext("", "request", 1, cancellation), on_text=on_text)
        return _unless_asked(cancellation, result)


@dataclass(frozen=True, slots=True)
class AsksOfRun:
    """About a run, and paid from what the run may spend."""

    run: Run
    person: Person
    is_for_plan: bool = False  # and not for an answer, which stands once it is there

    def __call__(self, question: Question, *, on_text: OnText | None = None) -> ToolResult:
        with self.person.interruptible() as cancellation:
            result = self.run.ask(question, on_text=on_text, cancellation=cancellation)
        return _unless_asked(cancellation, result) if self.is_for_plan else result


def _unless_asked(cancellation: Cancellation, result: ToolResult) -> ToolResult:
    if not cancellation.is_asked or result.failure is not None:
        return result
    return replace(result, value=None, failure=Failure("cancelled", "was interrupted"), reply=None)
