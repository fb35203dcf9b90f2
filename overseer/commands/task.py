"""`overseer -p TASK`: one request without anybody to ask. What was not approved beforehand does not run."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

from overseer import exits
from overseer.approval import NotApproved
from overseer.broker.permissions import Grants
from overseer.chat.alone import Alone
from overseer.chat.stdin import Given, read_input
from overseer.chat.talk import Handled, Talk
from overseer.commands.eventlines import EventLines
from overseer.commands.following import Following
from overseer.commands.output import is_machine, put_document, put_value
from overseer.commands.reading import read_tools
from overseer.commands.relay import Relay
from overseer.commands.viewing import palette_for, screen_for
from overseer.config import Settings
from overseer.console import say
from overseer.conversation import begun
from overseer.errors import OutputError, UsageError
from overseer.frontends.asking import ROLE
from overseer.frontends.draft import Answered, Planned, Refused
from overseer.frontends.earlier import Earlier
from overseer.journal import Journal, opened
from overseer.jsonvalue import Json
from overseer.plan import to_document, waves
from overseer.plan.values import WorkflowPlan
from overseer.report import Report
from overseer.review import Proposal
from overseer.run import Run, RunResult
from overseer.spending import total
from overseer.workbench import Workbench

SCHEMA = "overseer.task/1"

# The name under which a request finds what came on standard input.
INPUT = "stdin"


def task(options: Namespace, settings: Settings) -> int:
    """Carry out one request; the exit code says what became of it."""
    request = options.prompt.strip()
    if not request:
        raise UsageError("-p: there is no request; say what is to be done")
    given = Given() if options.no_stdin else read_input(settings.chat.stdin_wait_s)
    if given.note and not is_machine(options):
        say(given.note)
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    with opened(wanted=settings.journal) as journal:
        headless = _Headless(options, settings, bench, journal)
        return headless.carry_out(request, given)


class _Headless:
    """One request of a command line."""

    def __init__(self, options: Namespace, settings: Settings, bench: Workbench, journal: Journal | None) -> None:
        self._options = options
        self._settings = settings
        self._bench = bench
        self._lines: EventLines | None = None
        self._person = Alone(
            bench.tools,
            policy=settings.chat.review,
            has_approved=bool(options.approve),
            is_quiet=is_machine(options),
            follow=self._follow,
        )
        self._talk = Talk(
            bench,
            self._person,
            begun(journal, bench.folder),
            journal=journal,
            grants=Grants(classes=options.approve),
            budget=options.budget,
            is_by_rules=options.rules,
        )

    def carry_out(self, request: str, given: Given) -> int:
        if given.text is not None:
            self._talk.given = {INPUT: Earlier(given.text, "what was given on standard input")}
        handled = self._talk.request(request)
        code = self._exit_code(handled)
        try:
            self._put(handled, code)
        except OutputError as error:
            kept = handled.performed is not None and handled.performed.run.is_recorded
            where = f"; the run is kept: overseer show {handled.performed.run.run_id}" if kept else ""  # type: ignore[union-attr]
            raise OutputError(f"{error}{where}", is_unread=error.is_unread) from error
        if (denied := self._person.denied) is not None and not is_machine(self._options):
            say(f"error: {_why_denied(denied)}")
        return code

    def _follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None) -> RunResult:
        screen = screen_for(self._options)
        palette = palette_for(screen, self._settings.chat.theme)
        following = Following(run, report, screen, palette, is_quiet=is_machine(self._options))
        lines = EventLines(run)
        if self._options.jsonl:
            self._lines = lines
            (relay or run).watch(lines.observe)
        with lines.watching_reader() if self._options.jsonl else nullcontext():
            result = following.carry_out(began_as) if relay is None else following.join(relay, began_as)
        can_go_on = run.is_recorded and result.status in ("failed", "cancelled")
        following.tell_end(f"to go on where it stopped: overseer resume {result.run_id}" if can_go_on else "")
        return result

    def _exit_code(self, handled: Handled) -> int:
        if handled.is_interrupted or self._person.was_interrupted:
            return exits.INTERRUPTED
        if handled.performed is not None:
            result = handled.performed.result
            return exits.of_run(result.status, result.failure)
        if self._person.denied is not None:
            return exits.APPROVAL
        if isinstance(handled.draft, Refused):
            return exits.of_failure(handled.draft.failure) if handled.draft.failure else exits.PLAN
        return exits.OK

    def _put(self, handled: Handled, code: int) -> None:
        if self._lines is not None:
            self._lines.require_all_written()
        if is_machine(self._options):
            put_document(self._document(handled, code))
        elif handled.answer:
            put_value(handled.answer)

    def _document(self, handled: Handled, code: int) -> dict[str, Json]:
        """All of it, as docs/json.md describes it."""
        draft, proposal, performed = handled.draft, handled.proposal, handled.performed
        denied = self._person.denied
        return {
            "schema": SCHEMA,
            "request": handled.request,
            "session": self._talk.conversation.session_id,
            "status": _status(handled, is_denied=denied is not None),
            "exit_code": code,
            "planner": draft.by if draft is not None else None,
            "model": self._model(),
            "answer": handled.answer or None,
            "reasons": list(draft.reasons) if isinstance(draft, Refused) else [],
            "reply": draft.reply or None if isinstance(draft, Refused) else None,
            "notes": list(draft.notes) if isinstance(draft, Answered | Planned) else [],
            "plan": to_document(proposal.plan) if proposal is not None else None,
            "plan_hash": proposal.hash if proposal is not None else None,
            "waves": [list(wave) for wave in waves(proposal.plan)] if proposal is not None else [],
            "denied": [need.to_json() for need in denied.needs] if denied is not None else [],
            "run": performed.report.document() if performed is not None else None,
            "spent": self._spent(),
        }

    def _model(self) -> str | None:
        if self._options.rules or not self._bench.is_connected(ROLE):
            return None
        model = self._bench.broker.models.model(ROLE)
        return f"{model.provider}/{model.name}"

    def _spent(self) -> Json:
        """What all of it took, planning and answering as well."""
        return total(self._bench.broker.budget.spent.to_json())


def _status(handled: Handled, *, is_denied: bool) -> str:
    if handled.performed is not None:
        return handled.performed.result.status
    if handled.is_interrupted:
        return "cancelled"
    if is_denied:
        return "denied"
    return "refused" if isinstance(handled.draft, Refused) else "answered"


def _why_denied(proposal: Proposal) -> str:
    if proposal.needs:
        return str(NotApproved(proposal.needs))
    return "every plan is to be reviewed (chat.review: always), and nobody can be asked; approve it with --approve"
