"""Conversations of before: listed, gone on with, and left for a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from overseer.chat.about import turn_line
from overseer.chat.slash import Candidate, SlashCommand, meant_by, words_of
from overseer.commands.output import put_lines, say_if_more
from overseer.commands.sessions import interrupted_by_session, session_line
from overseer.console import say
from overseer.conversation import Conversation, begun, continued
from overseer.errors import OverseerError, RunNotFound, UsageError
from overseer.journal.journal import Journal

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

_TAIL = 6  # turns that are shown again
_LISTED = 20


def tail_lines(conversation: Conversation) -> list[str]:
    """How a conversation stood when it was left."""
    turns = [turn for turn in conversation.turns if turn.kind != "summary"]
    left_out = len(turns) - _TAIL
    head = [f"… {left_out} turns before; /history shows all"] if left_out > 0 else []
    return [*head, *(turn_line(turn) for turn in turns[-_TAIL:])]


def _sessions(chat: Chat, rest: str) -> None:
    words = words_of(rest)
    if chat.journal is None:
        raise UsageError("sessions are not kept: execution.journal is off")
    match words:
        case [] | ["list"]:
            _list(chat, chat.journal)
        case [text]:
            _switch(chat, chat.journal, text)
        case _:
            raise UsageError("write /sessions to list them, or /sessions ID to go on in one")


def _list(chat: Chat, journal: Journal) -> None:
    interrupted = interrupted_by_session(journal)
    found = journal.sessions.newest(limit=_LISTED + 1)
    if not found:
        say("nothing was said in any session yet")
    for session in found[:_LISTED]:
        here = " (this one)" if session.session_id == chat.talk.conversation.session_id else ""
        put_lines([session_line(session, interrupted.get(session.session_id, ())) + here])
    say_if_more(found, _LISTED, "outside the chat, overseer sessions --limit N lists more")


def _switch(chat: Chat, journal: Journal, text: str) -> None:
    try:
        conversation = continued(journal, text, chat.bench.broker.redactor.redact)
    except RunNotFound as error:
        raise UsageError(f"{error}{meant_by(text, ['list'])}") from error
    chat.talk.conversation = conversation
    chat.at_hand = None
    say(f"this is session {conversation.session_id}:")
    put_lines(tail_lines(conversation))


def _clear(chat: Chat, _: str) -> None:
    before = chat.talk.conversation
    chat.talk.conversation = begun(chat.journal, chat.bench.folder, chat.bench.broker.redactor.redact)
    chat.at_hand = None
    kept = f"; /sessions {before.session_id} goes back to the one before" if chat.journal and before.turns else ""
    say(f"a new conversation{kept}")


def _ids(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if words or chat.journal is None:
        return
    yield Candidate("list")
    with suppress(OverseerError):
        for session in chat.journal.sessions.newest(limit=_LISTED):
            yield Candidate(session.session_id, session.title)


SESSIONS = (
    SlashCommand("clear", "begin a new conversation; the one before stays in the journal", _clear),
    SlashCommand(
        "sessions",
        "list earlier conversations, or go on in one",
        _sessions,
        "[list|ID]",
        _ids,
        more="What its runs gave can be built upon again. overseer chat --continue begins with the last one here.",
    ),
)
