"""What came of a request, and who may take over the run that it led to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overseer.broker.budget import NOTHING, Spend
from overseer.chat.performance import Performed
from overseer.chat.person import Person
from overseer.frontends.draft import Draft
from overseer.review import Proposal
from overseer.running.run import Run


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a request."""

    request: str
    draft: Draft | None = None
    proposal: Proposal | None = None  # the plan as it was shown last
    performed: Performed | None = None  # None where it did not run
    answer: str = ""
    is_interrupted: bool = False
    spent: Spend = NOTHING  # on all of it

    @property
    def was_stopped(self) -> bool:
        """Whether it was asked to stop, even if it had come to its end by then."""
        return self.is_interrupted or (self.performed is not None and self.performed.report.state.cancel is not None)


# Carries a run out that was approved, with somebody in the place of the person who approved it.
CarryOut = Callable[[Person], Handled]

# Takes over a run that goes on in the background.
TakeOver = Callable[[str, Run, CarryOut], None]
