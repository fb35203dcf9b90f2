"""Who is at the other end of a conversation: somebody at a terminal, or a program that cannot be asked."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from overseer.commands.relay import Relay
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Decision, Proposal
from overseer.running.run import Run, RunResult
from overseer.tool import Cancellation


class Person(Protocol):
    """What a talk needs of whoever it is held with."""

    def tell(self, line: str) -> None:
        """Say something on the way that is no answer."""
        ...

    def hear(self, piece: str) -> None:
        """The next piece of an answer."""
        ...

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        """The answer is there: all of it, of which a beginning was heard, or nothing; values have no marks in them."""
        ...

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        """What becomes of a plan. One that need not be asked about is shown all the same."""
        ...

    def show(self, proposal: Proposal) -> None:
        """A plan that nobody is asked about, since it is under way."""
        ...

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None = None) -> RunResult:
        """Carry a run out, showing what happens, and stop it when told to.

        The plan is the one that the run began with; the report knows what happened in its earlier lives. Of a run
        that is under way, a relay tells what happens.
        """
        ...

    def interruptible(self) -> AbstractContextManager[Cancellation]:
        """What is asked, while this is open, as soon as the person wants what is being done to stop."""
        ...
