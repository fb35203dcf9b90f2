"""Nobody to ask: a single request from a command line or a script, where what was not approved does not run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from overseer.chat.planview import proposal_lines
from overseer.commands.relay import Relay
from overseer.console import say
from overseer.descriptors import kept_from_tools
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Approve, Decision, Proposal, Reject, ReviewPolicy, unreviewed
from overseer.running.run import Run, RunResult
from overseer.stopsignals import hearing_signals
from overseer.tool import Cancellation, Effect, Tool

Follow = Callable[[Run, Report, WorkflowPlan, Relay | None], RunResult]


class Alone:
    """Shows what there is to show on standard error, and decides by what was approved beforehand."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        *,
        policy: ReviewPolicy,
        approved: Collection[Effect],
        is_quiet: bool,
        show: Callable[[Proposal], None] = lambda proposal: None,
        follow: Follow,
    ) -> None:
        """`approved` is what takes the place of a review; a quiet one shows nothing.

        Whatever it says, `show` is given each plan before anything becomes of it.
        """
        self.denied: Proposal | None = None  # the plan that did not run for want of approval, with all it is in want of
        self.was_interrupted = False
        self._tools = tools
        self._policy = policy
        self._approved = approved
        self._is_quiet = is_quiet
        self._show = show
        self._follow = follow

    def tell(self, line: str) -> None:
        if not self._is_quiet:
            say(line)

    def hear(self, piece: str) -> None:
        """The answer is a result: whoever carries the request out writes it, once it is whole."""

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        """So it is with all of it."""

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        proposal = unreviewed(self._policy, proposal, self._tools, self._approved)
        self.show(proposal)
        if self.was_interrupted:
            return Reject("it was interrupted before it began")
        if proposal.asked_because:
            self.denied = proposal
            return Reject("it was not approved, and nobody could be asked")
        return Approve(proposal.hash)

    def show(self, proposal: Proposal) -> None:
        for line in proposal_lines(proposal, self._tools):
            self.tell(line)
        self._show(proposal)

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None = None) -> RunResult:
        return self._follow(run, report, began_as, relay)

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()

        def stop() -> None:
            self.was_interrupted = True
            cancellation.ask()

        if self.was_interrupted:
            cancellation.ask()
        with hearing_signals(lambda _: stop()), kept_from_tools():
            yield cancellation
