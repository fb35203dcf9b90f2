"""Asking models on behalf of a person, who may interrupt: for a plan, about a run."""

from __future__ import annotations

from dataclasses import dataclass

from overseer.broker.broker import Door
from overseer.broker.hearing import OnText
from overseer.broker.result import ToolResult
from overseer.chat.person import Person
from overseer.run import Run
from overseer.tool import Question, ToolContext


@dataclass(frozen=True, slots=True)
class AsksAtDoor:
    """For what comes before a run; paid as one request."""

    door: Door
    person: Person

    def __call__(self, question: Question, *, on_text: OnText | None = None) -> ToolResult:
        with self.person.interruptible() as cancellation:
            return self.door.ask(question, ToolContext("", "request", 1, cancellation), on_text=on_text)


@dataclass(frozen=True, slots=True)
class AsksOfRun:
    """About a run, and paid from what the run may spend."""

    run: Run
    person: Person

    def __call__(self, question: Question, *, on_text: OnText | None = None) -> ToolResult:
        with self.person.interruptible() as cancellation:
            return self.run.ask(question, on_text=on_text, cancellation=cancellation)
