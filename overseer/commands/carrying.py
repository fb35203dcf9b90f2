"""Carrying out a run for somebody at a terminal or for a program, until it ends or is stopped."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

from overseer import exits
from overseer.commands.following import Following
from overseer.commands.output import is_machine, put_document, put_value
from overseer.commands.viewing import palette_for, screen_for
from overseer.console import put, say, watching_reader
from overseer.engine import Run, RunResult
from overseer.errors import OutputError
from overseer.jsonvalue import Json, json_text
from overseer.kernel.events import Event, to_record
from overseer.plan.values import WorkflowPlan
from overseer.report import Report


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
    lines = _EventLines(prepared)
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
    return exits.OF_STATUS[result.status]


def _put_result(
    result: RunResult, report: Report, lines: _EventLines, options: Namespace, more: Mapping[str, Json]
) -> None:
    if options.json:
        put_document({**report.document(), **more})
    elif options.jsonl:
        lines.require_all_written()
    elif result.output is not None:
        put_value(result.output)


class _EventLines:
    """Events as lines of JSON. Once standard output takes no more of them, the run is asked to stop."""

    def __init__(self, prepared: Run) -> None:
        self.error: OutputError | None = None
        self._prepared = prepared
        self._out = sys.stdout
        self._may_ask = threading.Lock()

    @contextmanager
    def watching_reader(self) -> Iterator[None]:
        """Ask the run to stop as soon as its reader goes away, even where the next event is far off."""
        with watching_reader(self._out, self._stop):
            yield

    def observe(self, event: Event) -> None:
        if self.error is not None:
            return
        try:
            put(json_text(to_record(event)), self._out)
        except OutputError as error:
            self.error = error
            self._stop()

    def _stop(self) -> None:
        if self._may_ask.acquire(blocking=False):  # never again: asked twice, the run would stop at once
            self._prepared.cancel(reason="its events cannot be written")

    def require_all_written(self) -> None:
        """OutputError if an event could not be written."""
        if self.error is not None:
            raise self.error
