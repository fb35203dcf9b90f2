"""Programs for steps that are code: what is asked for, and what came of those that were tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from overseer.jsonvalue import Json
from overseer.tool import Question, Tool

# So many programs are tried for one attempt at a step.
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What the code of a step is to do, with arguments such as these, and the tools that it may call.

    Before the step runs, the arguments are as they are written in the plan, and `origins` tells where what
    their references read will come from.
    """

    text: str
    args: Mapping[str, Json]
    tools: Mapping[str, Tool]
    origins: tuple[str, ...] | None = None

    @property
    def signature(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The task, the names of its arguments and of its tools: a program is for all tasks that share them."""
        return self.text, tuple(sorted(self.args)), tuple(sorted(self.tools))


@dataclass(frozen=True, slots=True)
class Try:
    """A program that did not do it, and why."""

    source: str
    problem: str


# Asks a language model, through the door of the step; ToolError says why there is no answer.
Ask: TypeAlias = Callable[[Question], str]


class Programs(Protocol):
    """Where the code for a task comes from."""

    def program(self, task: Task, tries: Sequence[Try], ask: Ask) -> str:
        """Python with a `main(input)` that does the task, other than those tried; ToolError says why there is none."""
        ...

    def keep(self, task: Task, source: str) -> None:
        """The program has done its task."""
        ...
