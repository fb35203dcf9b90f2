"""The place of one run among those of its process: which of its works wait for runs that came before.

A work that waits is on no thread, and has done nothing yet. Belongs to the thread that owns the run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from overseer.broker.writers import InTheWay, Writers
from overseer.kernel.events import StepHeld, StepReleased
from overseer.kernel.foreseen import foreseen_writes
from overseer.kernel.state import RunState
from overseer.plan.values import Call
from overseer.running.worker import Work


class Turns:
    """What a run writes, told to the others, and its works that have to wait for some of them."""

    def __init__(self, writers: Writers, state: RunState, free: Callable[[Work], None]) -> None:
        """`free` is told, on any thread, of a work that is to be looked at again."""
        self._writers = writers
        self._state = state
        self._free = free
        self._waiting: dict[str, tuple[Work, InTheWay]] = {}
        self._released: dict[str, Work] = {}  # to be begun once it is recorded that they wait no more
        self._stay = ExitStack()

    def come(self) -> None:
        """The run begins."""
        self._stay.enter_context(self._writers.present(self._state.run_id))

    def leave(self) -> None:
        """It is over."""
        self.give_up_all()
        self._stay.close()

    def follow_plan(self) -> None:
        """Hold what the plan writes, as it is now."""
        state = self._state
        if state.rules.effects:
            inputs = state.root.names["inputs"]
            self._writers.expect(state.run_id, foreseen_writes(state.plan, inputs, state.rules))

    def kept_back(self, work: Work, now: float) -> StepHeld | None:
        """What a work has to wait for; None if it may begin."""
        state, key = self._state, work.context.key
        names = state.rules.written_by(work.action.tool, work.args) if isinstance(work.action, Call) else ()
        other = self._writers.ahead(state.run_id, names, lambda: self._free(work))
        if other is None:
            return None
        self._waiting[key] = work, other
        return StepHeld(now, key, other.seen_from(state.rules.folder), other.run, has_begun=False)

    def looked_at_again(self, work: Work, now: float) -> StepHeld | StepReleased | None:
        """What there is to tell of a work that may wait no more; nothing if all is as it was."""
        key = work.context.key
        waiting, before = self._waiting.get(key, (None, None))
        if waiting is not work:
            return None
        held = self.kept_back(work, now)
        if held is None:
            del self._waiting[key]
            self._released[key] = work
            return StepReleased(now, key)
        return held if self._waiting[key][1] != before else None

    def has_kept(self, key: str) -> bool:
        """Whether the work of a step had to wait and has not begun."""
        return key in self._waiting or key in self._released

    def let_begin(self, key: str) -> Work | None:
        """That a step waits no more is recorded; its work, where it had to wait for its turn."""
        return self._released.pop(key, None)

    def give_up(self, key: str) -> bool:
        """A step is not waited for any more; whether it had to wait and has not begun."""
        was_kept = self.has_kept(key)
        self._waiting.pop(key, None)
        self._released.pop(key, None)
        return was_kept

    def give_up_all(self) -> list[Work]:
        """Nothing is begun any more; what had to wait and has not begun."""
        given_up = [*(work for work, _ in self._waiting.values()), *self._released.values()]
        self._waiting.clear()
        self._released.clear()
        return given_up
