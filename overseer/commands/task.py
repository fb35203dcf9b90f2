"""`overseer -p TASK`: one request without anybody to ask. What was not approved beforehand does not run."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from overseer import exits
from overseer.chat.alone import Alone
from overseer.chat.handled import Handled
from overseer.chat.stdin import Given, read_input
from overseer.chat.talk import Talk
from overseer.commands.conversations import talk_for
from overseer.commands.eventlines import put_line
from overseer.commands.output import is_machine, put_document
from overseer.commands.reading import read_tools
from overseer.commands.taskdocument import denial, exit_code, plan_fields, task_document
from overseer.commands.telling import Telling
from overseer.console import say
from overseer.errors import UsageError
from overseer.frontends.asking import ROLE
from overseer.frontends.earlier import Earlier
from overseer.journal.journal import opened
from overseer.jsonvalue import Json
from overseer.review import Proposal
from overseer.settings.config import Settings
from overseer.spending import total
from overseer.text.brevity import brief
from overseer.workbench import Workbench

# The name under which a request finds what came on standard input.
INPUT = "stdin"


def task(options: Namespace, settings: Settings) -> int:
    """Carry out one request; the exit code says what became of it."""
    request = _text(options.prompt).strip()
    if not request:
        raise UsageError("-p: there is no request; say what is to be done")
    _refuse_command(request)
    headless = _Headless(request, options, replace(settings, request_cap=options.budget))
    with headless.hearing_interrupts():
        return headless.carry_out()


def _text(given: str) -> str:
    """What was given as the request; where the locale says otherwise than UTF-8, what it is in that."""
    try:
        return os.fsencode(given).decode() if any("\ud800" <= letter <= "\udfff" for letter in given) else given
    except UnicodeError as error:
        raise UsageError("-p: the request is not text in UTF-8") from error


def _refuse_command(request: str) -> None:
    """UsageError for what a chat would take for a command: a model would only guess what it does."""
    word = request.split(maxsplit=1)[0]
    if word.startswith("/") and "/" not in word[1:] and not Path(word).exists():
        said = brief(word, 40)
        raise UsageError(f"-p takes a request in plain words; {said} is for the chat, which begins without -p")


class _Headless:
    """One request of a command line."""

    def __init__(self, request: str, options: Namespace, settings: Settings) -> None:
        self._request = request
        self._options = options
        self._settings = settings
        self._given = Given()
        self._notes: list[str] = []
        self._bench: Workbench | None = None
        self._telling = Telling(options, settings.chat.theme)
        self._talk: Talk | None = None
        self._person: Alone | None = None
        self._has_ended = False

    def carry_out(self) -> int:
        options = self._options
        if not options.no_stdin:
            self._given = read_input(self._settings.chat.stdin_wait_s)
            if self._given.note:
                self._note(self._given.note)
        self._bench = bench = Workbench.open(self._settings, Path.cwd(), options.tools, read_tools)
        self._person = person = Alone(
            bench.tools,
            policy=self._settings.chat.review,
            approved=options.approve,
            is_quiet=is_machine(options),
            show=self._show,
            follow=self._telling.follow,
        )
        with opened(wanted=self._settings.journal) as journal:
            self._talk = talk = talk_for(options, bench, journal, person)
            self._request = self._without_secrets(self._request, "the request")
            if self._given.text is not None:
                text = self._without_secrets(self._given.text, "standard input")
                talk.given = {INPUT: Earlier(text, "what was given on standard input", came_along=True)}
            return self._end(talk.request(self._request))

    def _without_secrets(self, text: str, where: str) -> str:
        """The text as models and the journal may have it."""
        assert self._bench is not None
        redacted = self._bench.broker.redactor.redact(text)
        if redacted != text:
            self._note(f"what looks like a secret in {where} was taken out of it")
        return redacted

    def _note(self, line: str) -> None:
        self._notes.append(line)
        self._tell(f"note: {line}")

    def _tell(self, line: str) -> None:
        if not is_machine(self._options):
            say(line)

    def _show(self, proposal: Proposal) -> None:
        if self._options.jsonl:
            needs: list[Json] = [need.to_json() for need in proposal.needs]
            put_line("plan", {"planner": proposal.by, **plan_fields(proposal), "needs": needs})

    # --- what came of it

    def _end(self, handled: Handled) -> int:
        """Write the result, and say what stood in its way; the exit code."""
        assert self._person is not None
        interrupted, denied = self._person.was_interrupted, self._person.denied
        self._has_ended = True
        self._telling.tell_result(handled, lambda: self._put_document(handled, is_interrupted=interrupted))
        if denied is not None:
            self._tell(f"error: {denial(denied)}")
        return exit_code(handled, is_interrupted=interrupted, denied=denied)

    def _put_document(self, handled: Handled, *, is_interrupted: bool) -> None:
        document = task_document(
            handled,
            session=self._talk.conversation.session_id if self._talk is not None else None,
            is_interrupted=is_interrupted,
            denied=self._person.denied if self._person is not None else None,
            model=self._model(),
            spent=total(self._bench.broker.budget.spent.to_json()) if self._bench is not None else None,
            notes=self._notes,
        )
        if self._options.jsonl:
            put_line("task", document)
        else:
            put_document(document)

    def _model(self) -> str | None:
        bench = self._bench
        if self._options.rules or bench is None or self._talk is None or not bench.is_connected(ROLE):
            return None
        model = bench.broker.models.model(ROLE)
        return f"{model.provider}/{model.name}"

    # --- signals that nobody else waits for

    @contextmanager
    def hearing_interrupts(self) -> Iterator[None]:
        """While nothing can be stopped gently, such as while input is read, a signal ends it all, with a document."""

        def end(_number: int, _frame: Any) -> None:
            if self._has_ended:  # what is being written is the result
                return
            self._has_ended = True
            self._tell("interrupted")
            if is_machine(self._options):
                with suppress(Exception):  # there is nobody left to tell
                    self._put_document(Handled(self._request, is_interrupted=True), is_interrupted=True)
            os._exit(exits.INTERRUPTED)

        numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {
            number: signal.signal(number, end) for number in numbers if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
