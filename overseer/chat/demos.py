"""The command that shows a request from plan to answer, with a scripted model in the place of a real one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from overseer.chat.slash import Candidate, SlashCommand
from overseer.console import say
from overseer.conversation import Conversation, KeepsNothing
from overseer.sandbox import SandboxUnavailable

if TYPE_CHECKING:
    from overseer.chat.chat import Chat


def _demo(chat: Chat, rest: str) -> None:
    from overseer.demo import LABEL, demo
    from overseer.errors import OverseerError

    shown = demo(rest)
    say(f"[{LABEL}] {shown.title}")
    say(f"> {shown.request}")
    bench = replace(chat.bench, broker=shown.broker(chat.bench.broker))
    aside = Conversation(chat.talk.conversation.session_id, keeper=KeepsNothing(), clock=time.time)
    talk = replace(chat.talk, bench=bench, conversation=aside, demo=shown.name, is_by_rules=False, given={})
    try:
        chat.keep(talk.request(shown.request))
    except SandboxUnavailable as error:
        raise OverseerError(f"the demo '{shown.name}' has code, and there is nowhere to run it:\n{error}") from error
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
