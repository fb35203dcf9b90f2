"""Runs in the background: each on a thread of its own, while the chat goes on.

Nobody sees such a run or is asked about it. What it says on the way is kept for whoever looks, and its end
is told in one line.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from overseer.commands.relay import Relay
from overseer.descriptors import wait_until_taken
from overseer.errors import OverseerError
from overseer.kernel.events import Event, StepCancelled, StepFailed, StepHeld, StepInterrupted, StepReleased
from overseer.plan.values import WorkflowPlan
from overseer.reports.render import Progress
from overseer.reports.report import Report
from overseer.review import Approve, Decision, Proposal, Reject
from overseer.running.run import Run, RunResult
from overseer.text.brevity import brief
from overseer.tool import Cancellation

if TYPE_CHECKING:
    from overseer.chat.handled import CarryOut, Handled

_log = logging.getLogger(__name__)

_MOST_LINES = 1000

Status = Literal["running", "succeeded", "partial", "failed", "cancelled"]


@dataclass(slots=True)
class Job:
    """One run in the background, and what has become of it. Written by its own thread alone."""

    number: int
    request: str
    run: Run
    began: float
    ended: float | None = None
    status: Status = "running"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))  # what it said on the way
    left_out: int = 0  # lines that it said before those
    held: dict[str, str] = field(default_factory=dict)  # which of its steps wait for another run, and in what words
    answer: str = ""
    report: Report | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)

    @property
    def is_running(self) -> bool:
        return self.ended is None

    def seconds(self, now: float) -> float:
        return (self.ended or now) - self.began

    @property
    def waits_for(self) -> str:
        """The run that it has to wait for, and why; nothing where it has not."""
        return next(iter(self.held.values()), "")

    def tell(self, line: str) -> None:
        """Keep a line; called on the threads of its tools, too."""
        self.left_out += len(self.lines) == _MOST_LINES
        self.lines.append(line)

    def cancel(self, *, hard: bool, reason: str) -> None:
        """Ask it to stop; it can be resumed."""
        self.cancellation.ask()
        self.run.cancel(hard=hard, reason=reason)


class Jobs:
    """All runs in the background of one chat."""

    def __init__(
        self, tell: Callable[[str], None], ended: Callable[[Handled], None], *, clock: Callable[[], float] = time.time
    ) -> None:
        """`tell` is given a line for each end, `ended` what came of it; both are called on the run's thread."""
        self._tell = tell
        self._ended = ended
        self._clock = clock
        self._jobs: dict[int, Job] = {}
        self._threads: dict[int, threading.Thread] = {}

    def take_over(self, request: str, run: Run, carry_out: CarryOut) -> None:
        """Carry a run out in the background from here on."""
        job = Job(len(self._jobs) + 1, request, run, self._clock())
        self._jobs[job.number] = job
        run.know_as(f"job {job.number}")
        thread = threading.Thread(target=self._carry_out, args=(job, carry_out), name=f"job-{job.number}", daemon=True)
        self._threads[job.number] = thread
        self._tell(f"job {job.number}: run {run.run_id} goes on in the background (/jobs show {job.number})")
        thread.start()

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def running(self) -> list[Job]:
        return [job for job in self.all() if job.is_running]

    def get(self, number: int) -> Job | None:
        return self._jobs.get(number)

    def stop(self, *, hard: bool, reason: str) -> None:
        for job in self.running():
            job.cancel(hard=hard, reason=reason)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until all of them have ended; whether they have."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        for number, thread in list(self._threads.items()):
            while thread.is_alive():  # in short waits, which Ctrl-C ends
                left = 0.2 if until is None else min(0.2, until - time.monotonic())
                if left <= 0:
                    return False
                thread.join(left)
            del self._threads[number]
        return True

    def _carry_out(self, job: Job, carry_out: CarryOut) -> None:
        handled: Handled | None = None
        try:
            handled = carry_out(InBackground(job, self._tell))
            assert handled.performed is not None
            status: Status = handled.performed.result.status
        except OverseerError as error:
            status = "failed"
            job.tell(f"error: {error}")
        except Exception as error:  # an edge: nobody is there to whom it could be raised
            status = "failed"
            job.tell(f"unexpected error: {type(error).__name__}: {error}")
            _log.debug("job %d was broken off", job.number, exc_info=error)
        finally:
            job.run.close()
            job.run.know_as("")
        job.status, job.ended = status, self._clock()
        if handled is not None:
            self._ended(handled)
        wait_until_taken()  # what its tools and their programs printed stands above its end
        self._tell(f"job {job.number} {status} after {job.seconds(0):.1f} s: {brief(job.request, 50)}{_way_on(job)}")


class InBackground:
    """The person at the other end of a job, who cannot be asked."""

    def __init__(self, job: Job, tell_chat: Callable[[str], None]) -> None:
        """`tell_chat` is given what whoever is in the chat has to know at once."""
        self._job = job
        self._tell_chat = tell_chat

    def tell(self, line: str) -> None:
        self._job.tell(line)

    def hear(self, piece: str) -> None:
        """The whole answer comes at its end."""

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        self._job.answer = text

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        if must_ask:
            self.tell("the run was to go on with another plan, and nobody could be asked about it")
            return Reject("nobody could be asked")
        return Approve(proposal.hash)

    def show(self, proposal: Proposal) -> None:
        """Nobody looks."""

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None = None) -> RunResult:
        self._job.run, self._job.report = run, report
        progress = Progress(run.plan, self._job.tell)
        run.take_prints(self._job.tell)
        source = relay or run
        source.watch(report.observe)
        source.watch(progress.observe, pause=progress.flush)
        source.watch(self._look_for_waits)
        if relay is not None:
            relay.forget()
        if self._job.cancellation.is_asked:  # in between two runs
            run.cancel(hard=True)
        return run.carry_out() if relay is None else run.wait()

    def _look_for_waits(self, event: Event) -> None:
        job = self._job
        match event:
            case StepHeld(key=key, run=str() as run) if run:
                is_told = event.what in job.held.values()
                job.held[key] = event.what
                if not is_told:
                    self._tell_chat(f"job {job.number} waits for {event.what} (/jobs cancel {job.number})")
            case StepReleased(key=key) | StepInterrupted(key=key) | StepCancelled(key=key) | StepFailed(key=key):
                job.held.pop(key, None)

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        yield self._job.cancellation


def _way_on(job: Job) -> str:
    if job.status in ("failed", "cancelled") and job.run.is_recorded:
        return f" (/jobs show {job.number}; to go on: /resume {job.run.run_id})"
    return f" (/jobs show {job.number})"
