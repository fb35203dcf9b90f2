"""The talk that a command line begins: a new conversation, or one of before that goes on."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from overseer.broker.permissions import Grants
from overseer.conversation import Conversation, begun, continued, last_of
from overseer.errors import UsageError
from overseer.frontends.rules.connecting import HOW_TO_CONNECT, Connecting
from overseer.journal.journal import Journal
from overseer.workbench import Workbench

if TYPE_CHECKING:
    from overseer.chat.person import Person
    from overseer.chat.talk import Talk


def talk_for(
    options: Namespace,
    bench: Workbench,
    journal: Journal | None,
    person: Person,
    *,
    to_connect: Connecting = HOW_TO_CONNECT,
) -> Talk:
    """A talk that is held to what the command line says; UsageError or RunNotFound if there is no such conversation."""
    from overseer.chat.talk import Talk

    return Talk(
        bench,
        person,
        _conversation(options, journal, bench),
        journal=journal,
        grants=Grants(classes=options.approve),
        budget=options.budget,
        is_by_rules=options.rules,
        to_connect=to_connect,
    )


def _conversation(options: Namespace, journal: Journal | None, bench: Workbench) -> Conversation:
    redact = bench.broker.redactor.redact
    if not options.goes_on and options.session is None:
        return begun(journal, bench.folder, redact)
    if journal is None:
        raise UsageError("no conversation is kept (execution.journal: off), so none can go on")
    return continued(journal, options.session or last_of(journal, bench.folder), redact)
