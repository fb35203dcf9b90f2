"""How work gets to an executor, and its outcome back to the run that sent it.

Threads share the run's memory, so a few *lanes* of the pool stay with a run and take work from a
line: handing over a step then costs a fraction of a pool's `submit`. Any other executor gets each
step by `submit` and answers through the future.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Protocol

from overseer.errors import Failure
from overseer.worker import Outcome, StepCaller, Work, perform

Deliver = Callable[[Outcome], None]


class Dispatch(Protocol):
    """The way to an executor. All methods are called by the thread that owns the run."""

    def send(self, work: Work) -> None:
        """Have it done; RuntimeError if the executor takes nothing any more."""
        ...

    def is_back(self) -> None:
        """A sent work's outcome has arrived."""
        ...

    def is_lost(self) -> None:
        """A sent work is not waited for any more, though it may still be at it."""
        ...

    def close(self) -> None:
        """Nothing more will be sent."""
        ...


def dispatch_to(executor: Executor, caller: StepCaller, deliver: Deliver) -> Dispatch:
    if isinstance(executor, ThreadPoolExecutor):
        return Lanes(executor, caller, deliver)
    return Submissions(executor, caller, deliver)


class Lanes:
    """Threads of a pool that stay with one run, as many as it has ever had steps at work at once."""

    def __init__(self, pool: ThreadPoolExecutor, caller: StepCaller, deliver: Deliver) -> None:
        self._pool = pool
        self._caller = caller
        self._deliver = deliver
        self._line: SimpleQueue[Work | None] = SimpleQueue()
        self._made = 0
        self._usable = 0
        self._at_work = 0

    def send(self, work: Work) -> None:
        if self._at_work == self._usable:
            self._pool.submit(self._lane)
            self._made += 1
            self._usable += 1
        self._at_work += 1
        self._line.put(work)

    def is_back(self) -> None:
        self._at_work -= 1

    def is_lost(self) -> None:
        # Its lane may hang for ever; if it does come back, there is one more than needed.
        self._at_work -= 1
        self._usable -= 1

    def close(self) -> None:
        for _ in range(self._made):
            self._line.put(None)

    def _lane(self) -> None:
        while (work := self._line.get()) is not None:
            self._deliver(perform(work, self._caller))


class Submissions:
    """One future for each step. The work and its outcome may cross into another process."""

    def __init__(self, executor: Executor, caller: StepCaller, deliver: Deliver) -> None:
        self._executor = executor
        self._caller = caller
        self._deliver = deliver

    def send(self, work: Work) -> None:
        key, attempt = work.context.key, work.context.attempt
        future = self._executor.submit(perform, work, self._caller)
        future.add_done_callback(lambda done: self._deliver(_outcome(done, key, attempt)))

    def is_back(self) -> None:
        pass

    def is_lost(self) -> None:
        pass

    def close(self) -> None:
        pass


def _outcome(done: Future[Outcome], key: str, attempt: int) -> Outcome:
    """What a future holds: an outcome, unless the executor itself broke."""
    if done.cancelled():
        return Outcome(key, attempt, failure=Failure("cancelled", "the executor dropped the step"))
    if error := done.exception():
        return Outcome(key, attempt, failure=Failure("internal", f"the executor failed: {error}"))
    return done.result()
