"""How a request is told of to whoever started the process: a run as it goes, and what came of it all.

A person sees the run drawn or in lines and gets the answer; a program gets events or a document, and nothing else.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import nullcontext

from overseer.chat.handled import Handled
from overseer.commands.eventlines import EventLines
from overseer.commands.following import Following
from overseer.commands.output import is_machine, put_value
from overseer.commands.relay import Relay
from overseer.commands.viewing import palette_for, screen_for
from overseer.errors import OutputError
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.running.run import Run, RunResult


class Telling:
    """Of one request."""

    def __init__(self, options: Namespace, theme: str | Mapping[str, str]) -> None:
        self._options = options
        self._theme = theme
        self._lines: EventLines | None = None

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None) -> RunResult:
        """Carry a run out, or see one to its end that is under way; see `Person`."""
        screen = screen_for(self._options)
        is_quiet = is_machine(self._options)
        following = Following(run, report, screen, palette_for(screen, self._theme), is_quiet=is_quiet)
        lines = EventLines(run)
        if self._options.jsonl:
            self._lines = lines
            (relay or run).watch(lines.observe)
        with lines.watching_reader() if self._options.jsonl else nullcontext():
            result = following.carry_out(began_as) if relay is None else following.join(relay, began_as)
        can_go_on = run.is_recorded and result.status in ("failed", "cancelled")
        following.tell_end(f"to go on where it stopped: overseer resume {result.run_id}" if can_go_on else "")
        return result

    def tell_result(self, handled: Handled, put_document: Callable[[], None]) -> None:
        """Write the answer, or the document; OutputError says where to find what could not be written."""
        try:
            if self._lines is not None:
                self._lines.require_all_written()
            if is_machine(self._options):
                put_document()
            elif handled.answer:
                put_value(handled.answer)
        except OutputError as error:
            kept = handled.performed.run if handled.performed is not None else None
            where = f"; the run is kept: overseer show {kept.run_id}" if kept is not None and kept.is_recorded else ""
            raise OutputError(f"{error}{where}", is_unread=error.is_unread) from error
