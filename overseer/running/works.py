"""The works that a run has sent out: those that it waits for, and those that it has given up.

A work is known by its context, or by a copy of that: each attempt is cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from overseer.broker.writers import InTheWay
from overseer.kernel.events import StepHeld, StepReleased
from overseer.kernel.state import Attempt
from overseer.plan.values import Call
from overseer.running.messages import Held
from overseer.running.worker import Work
from overseer.tool import ToolContext


@dataclass(slots=True, eq=False)
class _Awaited:
    work: Work
    serial: int  # of its step's frame
    holds: int = 0  # how many of its calls are held
    waits: list[Callable[[], bool]] = field(default_factory=list)  # how to end those that are or were


class Works:
    """What is out. Belongs to the thread that owns the run."""

    def __init__(self) -> None:
        self._awaited: dict[str, _Awaited] = {}
        self._given_up: dict[Work, Attempt] = {}
        self._must_not_wait = False

    def steps(self) -> list[str]:
        """The steps whose works are waited for."""
        return list(self._awaited)

    def add(self, work: Work, serial: int) -> None:
        """A work was sent, for a step in the frame of this serial."""
        self._awaited[work.context.key] = _Awaited(work, serial)

    def is_awaited(self, context: ToolContext) -> bool:
        """Whether the work that a context belongs to is waited for."""
        return self._at(context) is not None

    def take_back(self, work: Work) -> bool:
        """A work has returned; whether it was waited for."""
        awaited = self._awaited.get(work.context.key)
        if awaited is None or awaited.work is not work:
            return False
        del self._awaited[work.context.key]
        return True

    def give_up(self, key: str) -> Work | None:
        """The work of a step is not waited for any more; None if none was."""
        awaited = self._awaited.pop(key, None)
        if awaited is None:
            return None
        self._given_up[awaited.work] = Attempt(awaited.serial, key, awaited.work.context.attempt)
        return awaited.work

    def forget(self, work: Work) -> Attempt | None:
        """A work that was given up has returned; the attempt that it was."""
        return self._given_up.pop(work, None)

    def given_up_attempt(self, context: ToolContext) -> Attempt | None:
        """The attempt that a context belongs to, if its work was given up and has not returned."""
        found = (attempt for work, attempt in self._given_up.items() if _belongs(context, work))
        return next(found, None)

    def end_waits(self) -> None:
        """From here on, no call that has done nothing yet is worth waiting for; code finishes what it is at."""
        self._must_not_wait = True
        for awaited in self._awaited.values():
            for give_up in awaited.waits:
                give_up()

    def has_begun(self, work: Work) -> bool:
        """Whether it may have done anything: one that was told to wait no longer need not."""
        awaited = self._awaited.get(work.context.key)
        if awaited is None or not self._must_not_wait or not awaited.waits:
            return True
        return not all(give_up() for give_up in awaited.waits)

    def hold_changed(self, message: Held, folder: str) -> StepHeld | StepReleased | None:
        """What it means for its step that a call is held, or goes on; files are named as seen from the folder."""
        context, waits_for = message.context, message.waits_for
        if waits_for is None:
            return StepReleased(message.at, context.key) if self.release(context) else None
        if not self.hold(context, message.give_up):
            return None
        if isinstance(waits_for, InTheWay):
            return StepHeld(message.at, context.key, waits_for.seen_from(folder), waits_for.run)
        return StepHeld(message.at, context.key, waits_for)

    def hold(self, context: ToolContext, give_up: Callable[[], bool] | None = None) -> bool:
        """A call is held, and may be told to wait no longer; whether its step was not held before."""
        awaited = self._at(context)
        if awaited is None:
            return False
        if give_up is not None and isinstance(awaited.work.action, Call):
            awaited.waits.append(give_up)
            if self._must_not_wait:
                give_up()
        awaited.holds += 1
        return awaited.holds == 1

    def release(self, context: ToolContext) -> bool:
        """A call is not held any more; whether no other of its step is."""
        awaited = self._at(context)
        if awaited is None or not awaited.holds:
            return False
        awaited.holds -= 1
        return not awaited.holds

    def _at(self, context: ToolContext) -> _Awaited | None:
        awaited = self._awaited.get(context.key)
        return awaited if awaited is not None and _belongs(context, awaited.work) else None


def _belongs(context: ToolContext, work: Work) -> bool:
    return work.context.cancellation is context.cancellation
