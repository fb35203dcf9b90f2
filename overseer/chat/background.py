"""The command about runs in the background."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from overseer.chat.jobs import Job
from overseer.chat.slash import Candidate, SlashCommand, meant_by, words_of
from overseer.commands.output import put_lines, put_value
from overseer.console import say
from overseer.errors import UsageError

if TYPE_CHECKING:
    from overseer.chat.chat import Chat

_ACTIONS = ("list", "show", "cancel")


def _jobs(chat: Chat, rest: str) -> None:
    words = words_of(rest)
    match words:
        case [] | ["list"]:
            _list(chat)
        case ["show", number]:
            _show(_meant(chat, number))
        case ["cancel", number]:
            _cancel(_meant(chat, number))
        case _:
            raise UsageError(f"write /jobs, /jobs show N or /jobs cancel N{meant_by(words[0], _ACTIONS)}")


def _list(chat: Chat) -> None:
    jobs = chat.jobs.all()
    if not jobs:
        say("nothing runs in the background; b in a review, or & at the end of /run, sends a run there")
    for job in jobs:
        seconds = f"{job.seconds(time.time()):.0f} s"
        waits = f"  (waits for {job.waits_for})" if job.waits_for else ""
        put_lines([f"{job.number:>3}  {job.status:<9}  {seconds:>7}  {job.run.run_id}  {_line(job.request)}{waits}"])


def _show(job: Job) -> None:
    put_lines([f"job {job.number}, {job.status}: {_line(job.request)}"])
    if job.report is not None:
        for step in job.report.steps() if not job.is_running else ():
            put_lines([f"  {step.status:<9}  {step.step_id}"])
    if job.left_out:
        put_lines([f"  … {job.left_out:,} lines before"])
    put_lines(f"  {line}" for line in list(job.lines))
    if job.is_running:
        say(f"it is still running; to stop it: /jobs cancel {job.number}")
    elif job.answer:
        put_value(job.answer)
    if job.status in ("failed", "cancelled") and job.run.is_recorded:
        say(f"to go on with it: /resume {job.run.run_id}")


def _cancel(job: Job) -> None:
    if not job.is_running:
        raise UsageError(f"job {job.number} has ended ({job.status})")
    is_second = job.cancellation.is_asked
    job.cancel(hard=is_second, reason="cancelled with /jobs")
    at_once = "it is stopped at once" if is_second else "its running steps may finish; once more stops it at once"
    say(f"job {job.number} is asked to stop: {at_once}")


def _meant(chat: Chat, text: str) -> Job:
    job = chat.jobs.get(int(text)) if text.isdecimal() and len(text) < 9 else None
    if job is None:
        known = ", ".join(str(each.number) for each in chat.jobs.all())
        raise UsageError(f"there is no job {text}; {f'there are: {known}' if known else 'there is none yet'}")
    return job


def _line(text: str) -> str:
    return " ".join(text.split())[:60]


def _completes(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    match list(words):
        case []:
            return [Candidate(action) for action in _ACTIONS]
        case ["show"]:
            return [Candidate(str(job.number), job.request) for job in chat.jobs.all()]
        case ["cancel"]:
            return [Candidate(str(job.number), job.request) for job in chat.jobs.running()]
        case _:
            return ()


BACKGROUND = (
    SlashCommand(
        "jobs",
        "the runs in the background: list them, look at one, stop one",
        _jobs,
        "[list|show N|cancel N]",
        _completes,
        more="A run goes to the background with b in its review, or with & at the end of /run. Its end is told in a "
        "line, and its answer enters the conversation. Ctrl-C does not touch it.",
    ),
)
