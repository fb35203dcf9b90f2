"""Plans under review, and people who type about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from overseer.chat.reviewing import Reviewing
from overseer.plan import Limits, completed, plan_from
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Decision, Proposal
from overseer.running.run import Run, RunResult
from overseer.tool import Cancellation, Effect, Tool

OPEN = {"type": "object", "additionalProperties": True}


def plan(*steps: Mapping[str, Any], **more: Any) -> WorkflowPlan:
    """A plan with the dependencies that its references imply."""
    draft = plan_from({"steps": list(steps), **more})
    assert not draft.faults, draft.faults
    return completed(draft.plan)[0]


def step(step_id: str, tool: str = "think", *reads: str, **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool": tool, "args": {f"from_{name}": f"{{{{{name}}}}}" for name in reads}, **more}


class Counter:
    """Tools that count their calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def tool(self, name: str, effect: Effect, **more: Any) -> Tool:
        def call(**given: Any) -> str:
            self.calls.append(name)
            return name

        return Tool(name, call, parameters=OPEN, effect=effect, **more)

    def tools(self) -> dict[str, Tool]:
        return {name: self.tool(name, effect) for name, effect in KINDS.items()}


KINDS: dict[str, Effect] = {
    "think": "pure",
    "look": "read",
    "ask": "model",
    "fetch": "network",
    "keep": "write",
    "start": "exec",
}
TOOLS = Counter().tools()


class Typist:
    """Somebody at a terminal who types these lines, and then ends the input."""

    def __init__(self, lines: Iterable[str], tools: Mapping[str, Tool], *, editor: str = "", **more: Any) -> None:
        self._lines = iter(lines)
        self.questions: list[str] = []
        self.told: list[str] = []
        self.shown: list[Proposal] = []
        self.before_each: Callable[[], None] = lambda: None
        more = {"save": lambda plan, name: f"saved as {name}", "columns": lambda: 80, **more}
        self.reviewing = Reviewing(self._answer, tools, Limits(), editor=editor, **more)

    def _answer(self, question: str) -> str:
        self.questions.append(question)
        self.before_each()
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None

    def tell(self, line: str) -> None:
        self.told.append(line)

    def hear(self, piece: str) -> None:
        pass

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        self.told.append(text)

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        self.shown.append(proposal)
        self.before_each()
        return self.reviewing.decide(proposal, must_ask=must_ask)

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan) -> RunResult:
        raise AssertionError("nothing is run here")

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        yield Cancellation()
