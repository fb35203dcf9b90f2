"""The person at a terminal: sees plans and runs, decides about them, and may interrupt."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial

from overseer.chat.reviewing import Reviewing
from overseer.console import printable, say
from overseer.render import Progress, ending_lines
from overseer.report import Report
from overseer.review import Decision, Proposal
from overseer.run import Run, RunResult
from overseer.stopsignals import hearing_signals
from overseer.tool import Cancellation


class AtTerminal:
    """Somebody who reads and types."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._was_heard = ""

    def tell(self, line: str) -> None:
        say(line)

    def hear(self, piece: str) -> None:
        self._was_heard += piece
        sys.stdout.write(printable(piece))
        sys.stdout.flush()

    def end_answer(self, text: str) -> None:
        rest = text.removeprefix(self._was_heard)
        self._was_heard = ""
        sys.stdout.write(printable(rest) + "\n")
        sys.stdout.flush()

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        return self._reviewing.decide(proposal, must_ask=must_ask)

    def follow(self, run: Run, report: Report) -> RunResult:
        progress = Progress(run.plan, say)
        run.watch(report.observe)
        run.watch(progress.observe, pause=progress.flush)
        with hearing_signals(partial(_stop, run)), redirect_stdout(sys.stderr):
            result = run.carry_out()
        for line in ending_lines(report):
            say(line)
        return result

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()
        with hearing_signals(lambda _: cancellation.ask()):
            yield cancellation


def _stop(run: Run, asked: signal.Signals) -> None:
    """The first Ctrl-C stops gently, the second at once; being told to end stops at once."""
    run.cancel(hard=asked != signal.SIGINT, reason="interrupted")


Ask = Callable[[str], str]
