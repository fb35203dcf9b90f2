"""Following a run: it is carried out while somebody sees what happens, and stopped when they say so."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from contextlib import nullcontext

from overseer.commands.output import say_lines, say_styled
from overseer.commands.relay import Relay, Watchable
from overseer.commands.viewing import View, view_of
from overseer.descriptors import kept_from_tools
from overseer.errors import JournalError, RunCutOff
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.running.engine import Run, RunResult
from overseer.stopreasons import by_signal
from overseer.stopsignals import NOTHING, hearing_signals
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.terminal.summary import summary_lines
from overseer.timing import Stopwatch


class Following:
    """Follows one run to its end; a quiet one shows nothing of it."""

    def __init__(
        self,
        run: Run,
        report: Report,
        screen: Screen,
        palette: Palette,
        *,
        is_quiet: bool = False,
        heard: Callable[[signal.Signals], None] = lambda number: None,
        terminal: int | None = None,
    ) -> None:
        """`heard` is told of every signal that stops the run; `terminal` is the one without which it stops as well."""
        self._terminal = terminal
        self._heard = heard
        self._run = run
        self._report = report
        self._screen = screen
        self._palette = palette
        self._is_quiet = is_quiet
        self._stopwatch: Stopwatch | None = None

    def carry_out(self, began_as: WorkflowPlan | None = None, past: Iterable[Event] = ()) -> RunResult:
        """The result. `began_as` is the plan of the run's first life, `past` what happened in it and after it."""
        return self._followed(self._run, self._run.carry_out, began_as or self._run.plan, list(past))

    def join(self, relay: Relay, began_as: WorkflowPlan) -> RunResult:
        """The result of a run that is under way, of which the relay knows everything so far, and then no more."""

        def result() -> RunResult:
            relay.forget()  # it is watched by now
            return self._run.wait()

        return self._followed(relay, result, began_as, [])

    def _followed(
        self, source: Watchable, result_of: Callable[[], RunResult], plan: WorkflowPlan, past: list[Event]
    ) -> RunResult:
        source.watch(self._report.observe)
        view = View(nullcontext(), NOTHING)
        if not self._is_quiet:
            self._stopwatch = Stopwatch(plan, keeps_rounds=False)
            for event in past:
                self._stopwatch.observe(event)
            source.watch(self._stopwatch.observe)
            view = view_of(source, plan, self._screen, self._palette, past)
        try:
            # Signals are heard until the terminal is as it was: one of them might end the process before.
            hearing = hearing_signals(self._stop_at, view.signals, terminal=self._terminal)
            with hearing, view.shown, kept_from_tools():
                return result_of()
        except JournalError as error:
            raise RunCutOff(self._run.run_id, error) from error

    def _stop_at(self, asked: signal.Signals) -> None:
        """The first Ctrl-C stops gently, the second at once; being told to end stops at once."""
        self._heard(asked)
        if asked == signal.SIGINT:
            self._run.cancel(reason="interrupted")
        else:
            self._run.cancel(hard=True, reason=by_signal(asked))

    def tell_end(self, way_on: str = "") -> None:
        """What became of it all, and how to go on where it can be."""
        if not self._is_quiet:
            timing = self._stopwatch.timing() if self._stopwatch is not None else None
            say_styled(summary_lines(self._report, timing, was_followed=True), self._palette)
            say_lines([way_on] if way_on else [])
