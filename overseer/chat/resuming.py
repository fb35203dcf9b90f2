"""The command that goes on with a run where it was, in the chat that it came of or in another."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from overseer.broker.permissions import Grants
from overseer.chat.slash import Candidate, SlashCommand, words_of
from overseer.console import say
from overseer.errors import JournalError, OverseerError, RunNotFound, Undecided, UsageError
from overseer.plan.values import WorkflowPlan, all_steps
from overseer.running.approval import NotApproved, question_lines
from overseer.running.engine import Engine
from overseer.running.run import Run
from overseer.text.brevity import brief

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.chat.talk import Talk
    from overseer.journal.journal import Journal, StoredRun

_RESUMABLE = ("interrupted", "failed", "cancelled")
_LOOKED_AT = 50  # runs, the newest
_TITLE = 60  # letters
_TOLD = 5  # of those, when a chat begins


class _Left(UsageError):
    """Somebody was asked, and left the run as it is: nothing is wrong."""


def _resume(chat: Chat, rest: str) -> None:
    words = words_of(rest)
    if len(words) > 1:
        raise UsageError("/resume takes one RUN; without it, the newest that can go on")
    journal = _journal(chat)
    from overseer.commands.runs import report_of, run_named

    stored = run_named(journal, words[0], chat.bench.settings) if words else _newest(chat, journal)
    _require_ours(chat, stored)
    talk = _talk_for(chat, stored)
    plan = report_of(journal, stored, keeps_rounds=False).plan
    request = str(stored.options.get("request") or stored.summary.name or f"run {stored.run_id}")
    say(f"going on with run {stored.run_id}: {' '.join(request.split())[:80]}")
    try:
        chat.keep(talk.go_on(request, plan, lambda engine: _taken_up(chat, engine, stored.run_id, plan)))
    except _Left as left:
        say(str(left))


def _journal(chat: Chat) -> Journal:
    if chat.journal is None:
        raise UsageError("runs are not kept (execution.journal is off), so there is none to go on with")
    return chat.journal


def _newest(chat: Chat, journal: Journal) -> StoredRun:
    for summary in journal.runs(limit=_LOOKED_AT):
        if summary.status in _RESUMABLE and not summary.is_owned and not summary.is_dismissed:
            with suppress(JournalError):  # one that is damaged does not stand in the way of others
                stored = journal.run(summary.run_id)
                if _is_ours(chat, stored):
                    return stored
    raise RunNotFound("no run of this folder can go on: /runs lists them all")


def _is_ours(chat: Chat, stored: StoredRun) -> bool:
    """Whether it was begun in this folder, with the tools that there are here."""
    folder = stored.options.get("folder")
    return folder == str(chat.bench.folder.absolute()) and _tools(stored) == _given(chat)


def _require_ours(chat: Chat, stored: StoredRun) -> None:
    if not _is_ours(chat, stored):
        folder = Path(str(stored.options.get("folder", "")))
        tools = f" with the tools in {', '.join(_tools(stored))}" if _tools(stored) else ""
        raise UsageError(
            f"run {stored.run_id} is one of {folder}{tools}; to go on with it: "
            f"cd {shlex.quote(str(folder))} && overseer resume {stored.run_id}"
        )


def _tools(stored: StoredRun) -> list[str]:
    return [str(folder) for folder in stored.options.get("tools", [])]


def _given(chat: Chat) -> list[str]:
    return [str(folder.resolve()) for folder in chat.bench.given]


def _talk_for(chat: Chat, stored: StoredRun) -> Talk:
    """The talk to go on in: that of the chat, but with a demo's own model where the run is one of a demo."""
    name = stored.options.get("demo")
    if not name:
        return chat.talk
    from overseer.demo import LABEL, demo

    say(f"[{LABEL}]")
    return replace(
        chat.talk, bench=replace(chat.bench, broker=demo(str(name)).broker(chat.bench.broker)), demo=str(name)
    )


def _taken_up(chat: Chat, engine: Engine, run_id: str, plan: WorkflowPlan) -> Run:
    """The run, about to go on, once everything is decided that somebody has to decide."""
    repeat: list[str] = []
    give_up: list[str] = []
    approve = chat.talk.grants
    while True:
        try:
            return engine.prepare_resume(
                run_id, repeat=repeat, give_up=give_up, approve=approve, budget=chat.talk.budget
            )
        except Undecided as error:
            say("these steps were cut off, and may have had effects:")
            for key in error.steps:
                (repeat if _is_repeated(chat, _named(plan, key)) else give_up).append(key)
        except NotApproved as error:
            if any(need.verdict == "deny" for need in error.needs):
                raise
            for line in question_lines(error.needs):
                say(line)
            if not chat.is_agreed("Approve it for this run?"):
                raise _Left(f"run {run_id} stays as it is: it was not approved") from error
            approve = approve | Grants(tools=frozenset(need.tool for need in error.needs))


def _named(plan: WorkflowPlan, key: str) -> str:
    """A step as it is asked about: with its title, as the plan was shown by these."""
    step_id = key.rpartition("/")[2].partition("[")[0]
    title = next((step.description for step in all_steps(plan) if step.step_id == step_id), "")
    return f"{key} ({brief(title, _TITLE)})" if title and title != key else key


def _is_repeated(chat: Chat, named: str) -> bool:
    chat.forget_typed()
    while True:
        try:
            answer = chat.reader.answer(f"  {named}: [r]epeat it, [g]ive it up, or [q]uit > ").strip().lower()
        except (KeyboardInterrupt, EOFError):
            answer = "q"
        match answer:
            case "r" | "repeat":
                return True
            case "g" | "give up":
                return False
            case "q" | "quit":
                raise _Left("the run stays as it is; nothing was repeated or given up")
            case _:
                say("r calls it again, g counts it as failed, q leaves the run as it is")


def interrupted_here(chat: Chat) -> list[str]:
    """The runs of this folder that ended with what they ran in and can go on, newest first, each in a line."""
    if chat.journal is None:
        return []
    with suppress(OverseerError):
        lines = [
            f"run {stored.run_id} ({stored.summary.name}) was interrupted; to go on with it: /resume {stored.run_id}"
            for stored in chat.journal.left_behind(limit=_LOOKED_AT)
            if _is_ours(chat, stored)
        ]
        more = len(lines) - _TOLD
        if more > 0:
            lines = [*lines[:_TOLD], f"and {more} more that were interrupted; /runs lists them all"]
        return [*lines, "not to be told of it again: /runs dismiss RUN, or all"] if lines else []
    return []


def _resumable(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if words or chat.journal is None:
        return
    with suppress(OverseerError):
        for run in chat.journal.runs(limit=_LOOKED_AT):
            if run.status in _RESUMABLE and not run.is_owned:
                yield Candidate(run.run_id, f"{run.status}: {run.name}")


RESUMING = (
    SlashCommand(
        "resume",
        "go on with a run that failed, was stopped or was cut off",
        _resume,
        "[RUN]",
        _resumable,
        more="Without a RUN, the newest of this folder that can. What is finished is not done again.",
    ),
)
