"""Which conversation a command line is about: a new one, or one of before."""

from __future__ import annotations

from argparse import Namespace

from overseer.conversation import Conversation, begun, continued, last_of
from overseer.errors import UsageError
from overseer.journal import Journal
from overseer.workbench import Workbench


def conversation_for(options: Namespace, journal: Journal | None, bench: Workbench) -> Conversation:
    """A new conversation, or the one that is to go on; UsageError or RunNotFound if there is none."""
    redact = bench.broker.redactor.redact
    if not options.goes_on and options.session is None:
        return begun(journal, bench.folder, redact)
    if journal is None:
        raise UsageError("no conversation is kept (execution.journal: off), so none can go on")
    return continued(journal, options.session or last_of(journal, bench.folder), redact)
