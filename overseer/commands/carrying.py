"""Carrying out a run for somebody at a terminal or for a program, until it ends or is stopped."""

from __future__ import annotations

import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from functools import partial

from overseer import exits
from overseer.commands.output import is_machine, put_document, put_value, say_lines, say_styled
from overseer.commands.viewing import Signals, palette_for, screen_for, viewing
from overseer.console import put, say, watching_reader
from overseer.engine import Run, RunResult
from overseer.errors import JournalError, OutputError, RunCutOff
from overseer.jsonvalue import json_text
from overseer.kernel.events import Event, to_record
from overseer.plan.values import On, Scope, WorkflowPlan, all_steps
from overseer.report import Report
from overseer.stopsignals import NOTHING, hearing_signals
from overseer.summary import summary_lines
from overseer.timing import Stopwatch


def carried_out(
    prepared: Run,
    began_as: WorkflowPlan,
    report: Report,
    options: Namespace,
    *,
    past: Iterable[Event] = (),
    theme: str | Mapping[str, str] = "default",
) -> int:
    """Run to the end, telling of it in the way that was asked for.

    The plan is the one that the run began with, in the first of its lives; `past` is what happened in the others.
    """
    prepared.watch(report.observe)
    lines = _EventLines(prepared)
    screen = screen_for(options)
    palette = palette_for(screen, theme)
    timing: Stopwatch | None = None
    view: AbstractContextManager[Signals] = nullcontext(NOTHING)
    watched = lines.watching_reader() if options.jsonl else nullcontext()
    if options.jsonl:
        prepared.watch(lines.observe)
    if not is_machine(options):
        past = list(past)
        timing = _stopwatch(prepared, began_as, past)
        view = viewing(prepared, began_as, screen, palette, past)
    try:
        # What a tool prints is not the result.
        with (
            view as signals,
            hearing_signals(partial(_stop_at, prepared), signals),
            redirect_stdout(sys.stderr),
            watched,
        ):
            result = prepared.carry_out()
    except JournalError as error:
        raise RunCutOff(prepared.run_id, error) from error
    try:
        _put_result(result, report, lines, options)
    except OutputError as error:
        kept = f"; the run is kept: overseer show {result.run_id}" if prepared.is_recorded else ""
        raise OutputError(f"{error}{kept}", is_unread=error.is_unread) from error
    finally:
        # After the result: whoever should hear this may not listen.
        way_on = f"to go on where it stopped: overseer resume {result.run_id}"
        can_go_on = prepared.is_recorded and result.status in ("failed", "cancelled")
        if not is_machine(options):
            say_styled(summary_lines(report, timing.timing() if timing else None), palette)
            say_lines([way_on] if can_go_on else [])
        elif lines.error is not None and can_go_on:
            say(f"run {result.run_id} stopped, since its events cannot be written; {way_on}")
    return exits.OF_STATUS[result.status]


def _stopwatch(prepared: Run, began_as: WorkflowPlan, past: Iterable[Event]) -> Stopwatch | None:
    """What takes the times of the run; none for one that may go on for ever, since it would grow as long."""
    if any(isinstance(step.action, Scope) and isinstance(step.action.mode, On) for step in all_steps(began_as)):
        return None
    stopwatch = Stopwatch(began_as)
    for event in past:
        stopwatch.observe(event)
    prepared.watch(stopwatch.observe)
    return stopwatch


def _put_result(result: RunResult, report: Report, lines: _EventLines, options: Namespace) -> None:
    if options.json:
        put_document(report.document())
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


def _stop_at(prepared: Run, asked: signal.Signals) -> None:
    """The first Ctrl-C stops gently, the second at once; being told to end stops at once."""
    if asked == signal.SIGINT:
        prepared.cancel(reason="interrupted")
    else:
        prepared.cancel(hard=True, reason=f"got signal {asked.name}")
