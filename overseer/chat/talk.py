"""A talk: requests become answers or plans, plans are reviewed, run and told of, and all of it is remembered.

What is shown and asked is left to the `Person` at the other end, so a chat at a terminal and a single
request without anybody there go the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from overseer.broker.caps import Cap
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.chat.handling import Handled, Handling
from overseer.chat.person import Person
from overseer.codework import CodeWork
from overseer.conversation import Conversation
from overseer.frontends.asking import Turn
from overseer.frontends.earlier import Earlier
from overseer.journal import Journal
from overseer.review import Proposal
from overseer.workbench import Workbench

__all__ = ["Handled", "Talk"]


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

    def request(self, text: str) -> Handled:
        """Do what is asked for, as far as the person lets it be done. What is secret in it goes nowhere."""
        text = self.bench.broker.redactor.redact(text)
        self.conversation.on_lost = self.person.tell
        before = self.conversation.shown()
        self.conversation.asked(text)
        with self._handling(text, before) as handling:
            return handling.handle()

    def propose(self, proposal: Proposal, request: str) -> Handled:
        """Do a plan that is there already, as far as the person lets it be done."""
        with self._handling(request, self.conversation.shown()) as handling:
            return handling.settle(proposal, Handled(request))

    def earlier(self) -> dict[str, Earlier]:
        """What a plan may take as inputs, by name."""
        return {**self.conversation.results, **self.given}

    @contextmanager
    def _handling(self, request: str, before: Sequence[Turn]) -> Iterator[Handling]:
        bench, door = self.bench, self.bench.engine().door(held_as="this request")
        with CodeWork(bench.settings, bench.broker, bench.tools, ahead=door) as work:
            handling = Handling(self, request, work, door, before)
            try:
                yield handling
            except BaseException as error:
                handling.give_up(error)
                raise
