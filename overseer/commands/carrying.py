"""Carrying out a run for somebody at a terminal or for a program, until it ends or is stopped."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping
from contextlib import nullcontext

from overseer import exits
from overseer.commands.eventlines import EventLines
from overseer.commands.following import Following
from overseer.commands.output import is_machine, put_document, put_value
from overseer.commands.viewing import palette_for, screen_for
from overseer.console import say
from overseer.errors import OutputError
from overseer.jsonvalue import Json
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.running.engine import Run, RunResult


def carried_out(
    prepared: Run,
    began_as: WorkflowPlan,
    report: Report,
    options: Namespace,
    *,
    past: Iterable[Event] = (),
    theme: str | Mapping[str, str] = "default",
    more: Mapping[str, Json] | None = None,
) -> int:
    """Run to the end, telling of it in the way that was asked for; `more` is added to a document.

    The plan is the one that the run began with, in the first of its lives; `past` is what happened in the others.
    """
    screen = screen_for(options)
    following = Following(prepared, report, screen, palette_for(screen, theme), is_quiet=is_machine(options))
    lines = EventLines(prepared)
    if options.jsonl:
        prepared.watch(lines.observe)
    with lines.watching_reader() if options.jsonl else nullcontext():
        result = following.carry_out(began_as, past)
    try:
        _put_result(result, report, lines, options, more or {})
    except OutputError as error:
        kept = f"; the run is kept: overseer show {result.run_id}" if prepared.is_recorded else ""
        raise OutputError(f"{error}{kept}", is_unread=error.is_unread) from error
    finally:
        # After the result: whoever should hear this may not listen.
        way_on = f"to go on where it stopped: overseer resume {result.run_id}"
        can_go_on = prepared.is_recorded and result.status in ("failed", "cancelled")
        following.tell_end(way_on if can_go_on else "")
        if lines.error is not None and can_go_on:
            say(f"run {result.run_id} stopped, since its events cannot be written; {way_on}")
    return exits.of_run(result.status, result.failures.values())


def _put_result(
    result: RunResult, report: Report, lines: EventLines, options: Namespace, more: Mapping[str, Json]
) -> None:
    if options.json:
        put_document({**report.document(), **more})
    elif options.jsonl:
        lines.require_all_written()
    elif result.output is not None:
        put_value(result.output)
