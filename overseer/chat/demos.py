"""Demos in a talk: a request from plan to answer, with a scripted model in the place of a real one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from overseer.chat.slash import Candidate, SlashCommand
from overseer.console import say
from overseer.conversation import Conversation, KeepsNothing
from overseer.errors import OverseerError
from overseer.sandbox import SandboxUnavailable

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.chat.handled import Handled
    from overseer.chat.talk import Talk
    from overseer.demo import Demo


def shown_in(talk: Talk, shown: Demo) -> Handled:
    """What comes of a demo: its model answers all that is asked, and nothing of it enters the conversation."""
    from overseer.demo import LABEL

    person = talk.person
    person.tell(f"[{LABEL}] {shown.title}")
    person.tell(f"> {shown.request}")
    aside = replace(
        talk,
        bench=replace(talk.bench, broker=shown.broker(talk.bench.broker)),
        conversation=Conversation(talk.conversation.session_id, keeper=KeepsNothing(), clock=time.time),
        demo=shown.name,
        is_by_rules=False,
        given={},
    )
    try:
        return aside.request(shown.request)
    except SandboxUnavailable as error:
        raise OverseerError(f"the demo '{shown.name}' has code, and there is nowhere to run it:\n{error}") from error


def _demo(chat: Chat, rest: str) -> None:
    from overseer.demo import LABEL, demo

    chat.keep(shown_in(chat.talk, demo(rest)))
    say(f"[{LABEL}]")


def _names(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    from overseer.demo import demos

    return () if words else [Candidate(each.name, each.title) for each in demos()]


DEMOS = (
    SlashCommand(
        "demo",
        "show a request from plan to answer, with a scripted model",
        _demo,
        "[NAME]",
        _names,
        more="The model's replies are prepared, all else is real. It does not become part of the conversation.",
    ),
)
