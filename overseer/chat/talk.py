"""A talk: requests become answers or plans, plans are reviewed, run and told of, and all of it is remembered.

What is shown and asked is left to the `Person` at the other end, so a chat at a terminal and a single
request without anybody there go the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from overseer.broker.broker import Door
from overseer.broker.caps import Cap
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.chat.handled import Handled, TakeOver
from overseer.chat.handling import Handling
from overseer.chat.person import Person
from overseer.conversation import Conversation
from overseer.frontends.asking import Turn
from overseer.frontends.earlier import Earlier
from overseer.frontends.rules.connecting import HOW_TO_CONNECT, Connecting
from overseer.journal.journal import Journal
from overseer.plan.values import WorkflowPlan
from overseer.review import Proposal
from overseer.running.engine import Engine
from overseer.running.run import Run
from overseer.workbench import Workbench


@dataclass(slots=True)
class Talk:
    """One conversation with one person."""

    bench: Workbench
    person: Person
    conversation: Conversation
    journal: Journal | None = None
    grants: Grants = NOTHING_GRANTED  # what was approved beforehand, for every plan
    budget: Cap | None = None  # what each run may spend
    is_by_rules: bool = False  # even where a model is connected
    given: Mapping[str, Earlier] = field(default_factory=dict)  # values that came with the request
    demo: str = ""  # the name of the one that is shown, if one is: what its model says is not kept for real requests
    take_over: TakeOver | None = None  # None: there is no background
    to_connect: Connecting = HOW_TO_CONNECT  # a model, as whoever asks can do it where they are

    def request(self, text: str) -> Handled:
        """Do what is asked for, as far as the person lets it be done. What is secret in it goes nowhere."""
        with self._handling(text) as handling:
            return handling.counted(handling.handle())

    def plan(self, text: str) -> Handled:
        """What would be done, as it is proposed; nothing of it is."""
        with self._handling(text) as handling:
            return handling.counted(handling.plan())

    def look(self, proposal: Proposal) -> Proposal:
        """A plan as it would run now, with what is known of it by now. Nobody is asked, and nothing is remembered."""
        with ExitStack() as opened:
            return Handling(self, "", self._door(), (), opened).look(proposal)

    def propose(self, proposal: Proposal, request: str, *, in_background: bool = False) -> Handled:
        """Do a plan that is there already, as far as the person lets it be done."""
        with self._handling(request) as handling:
            return handling.counted(handling.settle(proposal, Handled(request), in_background=in_background))

    def go_on(self, request: str, plan: WorkflowPlan, prepare: Callable[[Engine], Run]) -> Handled:
        """Go on with a run that follows this plan; `prepare` takes it up."""
        with self._handling(request, is_new=False) as handling:
            return handling.go_on(plan, prepare)

    def earlier(self) -> dict[str, Earlier]:
        """What a plan may take as inputs, by name."""
        return {**self.conversation.results, **self.given}

    def _door(self) -> Door:
        return self.bench.engine().door(self.grants, held_as="this request")

    @contextmanager
    def _handling(self, request: str, *, is_new: bool = True) -> Iterator[Handling]:
        request = self.bench.broker.redactor.redact(request)
        self.conversation.on_lost = self.person.tell
        before: Sequence[Turn] = self.conversation.shown()
        if is_new:
            self.conversation.asked(request)
        with ExitStack() as opened:
            handling = Handling(self, request, self._door(), before, opened)
            try:
                yield handling
            except BaseException as error:
                handling.give_up(error)
                raise
