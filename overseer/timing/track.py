"""One step of one round as its times are taken: how it is with it, and what it was doing when."""

from __future__ import annotations

from dataclasses import dataclass, field

from overseer.jsonvalue import Json
from overseer.timing.values import Interval, Phase

_UNFINISHED = ("waiting", "running", "held", "retrying")


@dataclass(slots=True)
class Track:
    """What is known of a step so far."""

    status: str = "waiting"
    intervals: list[Interval] = field(default_factory=list)
    phase: Phase | None = None  # what it is doing
    since: float = 0.0
    retry_at: float = 0.0
    ended: float | None = None
    attempts: int = 0
    is_scope: bool = False
    is_blocked: bool = False  # skipped because something that it needs failed
    limits: list[str] = field(default_factory=list)  # that it was held by, and other runs
    calls: int = 0
    spent: Json = None

    # --- what happens to it

    def wait_since(self, ready: float | None) -> None:
        """It did nothing, though from then on it lacked nothing that it needs; None if it did."""
        if ready is not None:
            self.phase, self.since = "waiting", max(ready, self.ended or 0.0)

    def begin(self, at: float, attempt: int) -> None:
        self._wait_after_retrying(at)
        self._enter("running", at)
        self.status, self.attempts, self.ended = "running", max(attempt, self.attempts), None

    def hold(self, at: float, by: str) -> None:
        """A limit of this name, or another run, keeps it from going on."""
        if self.phase == "running":
            self.status = "held"
            self._enter("held", at)
        if by not in self.limits:
            self.limits.append(by)

    def release(self, at: float) -> None:
        if self.phase == "held":
            self.status = "running"
            self._enter("running", at)

    def retry(self, at: float, again: float) -> None:
        """It failed, and will be tried again at that time."""
        self.status, self.retry_at = "retrying", again
        self._enter("retrying", at)

    def end(self, at: float, status: str) -> None:
        self._enter(None, at)
        self.status, self.ended = status, at

    def give_up(self, at: float) -> None:
        """Nobody will go on with it, if it has not ended."""
        if self.status in _UNFINISHED:
            self._wait_after_retrying(at)
            self.end(at, "cancelled")

    def cut_off(self, at: float) -> None:
        """What it was doing ended with the process, and what it is to do begins anew."""
        self._wait_after_retrying(at)
        self._enter(None, at)
        self.status, self.ended = "waiting", None

    def go_on(self, at: float, resumed: float) -> None:
        """A scope that was open before a resume is so again, which no event tells."""
        if self.phase is None:
            self._enter("running", min(at, max(resumed, self.ended or 0.0)))
            self.status, self.is_scope, self.ended = "running", True, None

    def renew(self) -> None:
        """Another step takes its place."""
        self.ended = None
        if self.phase is None:
            self.status = "waiting"

    def _wait_after_retrying(self, at: float) -> None:
        if self.phase == "retrying":
            self._enter("waiting", min(at, self.retry_at))

    def _enter(self, phase: Phase | None, at: float) -> None:
        """Leave what it was doing for something else, or for nothing."""
        if self.phase is not None:
            self._add(self.phase, self.since, at)
        self.phase, self.since = phase, at

    def _add(self, phase: Phase, start: float, end: float) -> None:
        if end <= start:
            return
        if self.intervals and (last := self.intervals[-1]).phase == phase and last.end == start:
            self.intervals[-1] = Interval(phase, last.start, end)
        else:
            self.intervals.append(Interval(phase, start, end))

    # --- what it comes to

    def intervals_until(self, end: float, ready: float | None = None) -> tuple[Interval, ...]:
        """What it was doing up to a time; `ready` tells since when it has been waiting where it did nothing yet."""
        shown = Track(intervals=list(self.intervals), phase=self.phase, since=self.since, retry_at=self.retry_at)
        shown._wait_after_retrying(end)
        if shown.phase is None and ready is not None:
            shown.phase, shown.since = "waiting", ready
        shown._enter(None, end)
        return tuple(shown.intervals)

    def status_in(self, *, is_over: bool, goes_on: bool) -> str:
        """Its status in a run that is over, that goes on, or that was cut off."""
        if self.status not in _UNFINISHED or (goes_on and not is_over):
            return self.status
        if is_over:  # what has not ended in a run or a round that has will not do so any more
            return "cancelled"
        return "waiting" if self.phase is None else "interrupted"
