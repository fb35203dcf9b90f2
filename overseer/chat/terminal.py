"""The person at a terminal: sees plans and runs, decides about them, and may interrupt."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from overseer.chat.reviewing import Reviewing
from overseer.commands.following import Following
from overseer.commands.relay import Relay
from overseer.console import say
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Decision, Proposal
from overseer.running.run import Run, RunResult
from overseer.stopsignals import NOTHING, hearing_signals
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.terminal.typesetter import Typesetter
from overseer.tool import Cancellation

if TYPE_CHECKING:
    from overseer.terminal.waiting import Waiting

PastOf = Callable[[str], Iterable[Event]]
Heard = Callable[[signal.Signals], None]


class AtTerminal:
    """Somebody who reads and types."""

    def __init__(
        self,
        reviewing: Reviewing,
        screen: Screen,
        palette: Palette,
        past_of: PastOf,
        *,
        heard: Heard = lambda number: None,
        keys: int | None = None,
        resume_with: str = "/resume",
    ) -> None:
        """`past_of` reads what happened in a run before, from the journal; `heard` is told of signals that end it.

        `keys` is the descriptor of the terminal that they are at: without it, nobody is there any more.
        `resume_with` is the command that goes on with a run.
        """
        self._heard = heard
        self._keys = keys
        self._reviewing = reviewing
        self._screen = screen
        self._palette = palette
        self._past_of = past_of
        self._resume_with = resume_with
        self._was_heard = ""
        self._typesetter: Typesetter | None = None  # of the answer that is being heard
        self._waiting: Waiting | None = None  # while nothing of a reply is to be seen

    def tell(self, line: str) -> None:
        if self._typesetter is not None:  # the answer was broken off: what came of it stays
            self._typesetter.close()
            self._typesetter, self._was_heard = None, ""
        say(line)

    def hear(self, piece: str) -> None:
        if self._waiting is not None:
            self._waiting.end()
        if self._typesetter is None:
            self._typesetter = Typesetter(self._screen, self._palette)
        self._was_heard += piece
        self._typesetter.add(piece)

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        typesetter, heard = self._typesetter or Typesetter(self._screen, self._palette), self._was_heard
        self._typesetter, self._was_heard = None, ""
        if heard:
            typesetter.add(text.removeprefix(heard))
        elif is_values:
            typesetter.add_values(text)
        else:
            typesetter.add_whole(text)
        typesetter.close()

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        return self._reviewing.decide(proposal, must_ask=must_ask)

    def show(self, proposal: Proposal) -> None:
        self._reviewing.show(proposal)

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None = None) -> RunResult:
        following = Following(run, report, self._screen, self._palette, heard=self._heard, terminal=self._keys)
        if relay is not None:
            result = following.join(relay, began_as)
        else:
            result = following.carry_out(began_as, self._past_of(run.run_id) if run.is_recorded else ())
        can_go_on = run.is_recorded and result.status in ("failed", "cancelled")
        following.tell_end(f"to go on where it stopped: {self._resume_with} {result.run_id}" if can_go_on else "")
        return result

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()

        def stop(number: signal.Signals) -> None:
            self._heard(number)
            cancellation.ask()

        # Signals are heard until the terminal is as it was: one of them might end the process before.
        with ExitStack() as opened:
            waiting = self._waiting_line()
            also = NOTHING if waiting is None else {"SIGTSTP": waiting.stop_process}
            opened.enter_context(hearing_signals(stop, also, terminal=self._keys))
            self._waiting = None if waiting is None else opened.enter_context(waiting)
            yield cancellation

    def _waiting_line(self) -> Waiting | None:
        """What says that a reply is waited for, where lines can be drawn anew."""
        if not self._screen.is_live:
            return None
        from overseer.terminal.tty import Tty
        from overseer.terminal.waiting import Waiting

        return Waiting(tty=Tty(sys.stderr.fileno()), screen=self._screen, palette=self._palette)
