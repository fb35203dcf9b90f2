"""Taking the times of a run as its events come by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from operator import itemgetter

from overseer.jsonvalue import Json
from overseer.kernel.events import (
    Event,
    PlanChanged,
    QuestionAsked,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunResumed,
    RunStarted,
    ScopeOpened,
    StepCancelled,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.plan.reading import plan_from
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep
from overseer.spending import total
from overseer.timing.longest import Lengths, PastRounds, critical_path
from overseer.timing.values import Break, Interval, Phase, PutAway, RunTiming, StepTiming

_UNFINISHED = ("waiting", "running", "held", "retrying")


def timing_of(plan: WorkflowPlan, events: Iterable[Event], *, now: float | None = None) -> RunTiming:
    """The times of a run that began with this plan.

    `now` is the present moment of a run that is still going on; without it, one that has not ended
    was cut off at its last event.
    """
    clock = Stopwatch(plan)
    for event in events:
        clock.observe(event)
    return clock.timing(now=now)


@dataclass(slots=True)
class _Track:
    """What is known of one step of one round."""

    status: str = "waiting"
    intervals: list[Interval] = field(default_factory=list)
    phase: Phase | None = None  # what it is doing
    since: float = 0.0
    retry_at: float = 0.0
    ended: float | None = None
    attempts: int = 0
    is_scope: bool = False
    is_blocked: bool = False  # skipped because something that it needs failed
    limits: list[str] = field(default_factory=list)
    calls: int = 0
    spent: Json = None

    def enter(self, phase: Phase | None, at: float) -> None:
        """Leave what it was doing for something else, or for nothing."""
        if self.phase is not None:
            self.add(self.phase, self.since, at)
        self.phase, self.since = phase, at

    def add(self, phase: Phase, start: float, end: float) -> None:
        if end <= start:
            return
        if self.intervals and (last := self.intervals[-1]).phase == phase and last.end == start:
            self.intervals[-1] = Interval(phase, last.start, end)
        else:
            self.intervals.append(Interval(phase, start, end))


class Stopwatch:
    """Takes the times of a run as its events come by.

    One that keeps no rounds does not grow with the length of a loop: of the rounds that are over it
    knows what they come to.
    """

    def __init__(self, plan: WorkflowPlan, *, keeps_rounds: bool = True) -> None:
        self._keeps_rounds = keeps_rounds
        self._put_away = PutAway()
        self._past: dict[str, PastRounds] = {}  # of scopes
        self._plan = plan
        self._bodies: dict[str, dict[str, WorkflowStep]] = {}
        self._tracks: dict[str, _Track] = {step.step_id: _Track() for step in plan.steps}
        self._opened: dict[str, float] = {"": 0.0}  # rounds, and steps that came later, and since when there are any
        self._rounds: dict[str, dict[int, None]] = {}  # of scopes, in the order of their beginning
        self._breaks: list[Break] = []
        self._began: float | None = None
        self._clock = 0.0
        self._last_at = 0.0  # by the clock on the wall
        self._shift = 0.0  # between the two
        self._resumed = 0.0
        self._status = "running"
        self._spent: Json = None

    # --- from event to event

    def observe(self, event: Event) -> None:
        """Take note of one event."""
        at = self._time_of(event)
        if isinstance(event, PlanChanged | QuestionAsked):
            self._spent = total(self._spent, event.spent)
        match event:
            case StepStarted(key=key, attempt=attempt):
                self._begun(key, at, attempt)
            case ScopeOpened(key=key):
                self._begun(key, at, 1)
                self._tracks[key].is_scope = True
            case RoundOpened(key=key, index=index):
                self._go_on(key, at)
                self._opened[f"{key}[{index}]"] = at
                self._rounds.setdefault(key, {})[index] = None
            case RoundClosed(key=key, index=index, status="succeeded" | "partial"):
                self._end_round(key, index, at)
            case StepSucceeded(key=key, is_partial=is_partial, spent=spent):
                self._end(key, at, "partial" if is_partial else "succeeded", spent)
            case StepFailed(key=key, retry_at=None, spent=spent):
                self._end(key, at, "failed", spent)
            case StepFailed(key=key, retry_at=float() | int() as again, spent=spent):
                track = self._track(key)
                track.status, track.retry_at = "retrying", at + max(0.0, again - event.at)
                track.enter("retrying", at)
                self._count(track, spent)
            case StepSkipped(key=key, because=because):
                self._end(key, at, "skipped")
                self._tracks[key].is_blocked = because == "failure"
            case StepCancelled(key=key):
                self._end(key, at, "cancelled")
            case StepInterrupted(key=key, has_begun=has_begun):
                self._end(key, at, "interrupted" if has_begun else "waiting")
            case StepHeld(key=key, waits_for=limit, run=run):
                self._held(key, at, run or limit)
            case StepReleased(key=key):
                if (track := self._track(key)).phase == "held":
                    track.status = "running"
                    track.enter("running", at)
            case ToolCalled(key=key):
                self._track(key).calls += 1
            case ToolReturned(key=key, spent=spent):
                self._count(self._track(key), spent)
            case RunResumed():
                self._go_on_with_all()
            case PlanChanged(plan=document):
                self._change(plan_from(document).plan, at)
            case RunFinished(status=status):
                self._status = status
            case _:
                pass

    def _time_of(self, event: Event) -> float:
        """When it was, since the run began. A clock that was put back stands still for as long."""
        if self._began is None:
            self._began = self._shift = self._last_at = event.at
        if isinstance(event, RunStarted | QuestionAsked):  # which takes the run no time
            return self._clock
        if isinstance(event, RunResumed):
            self._breaks.append(Break(self._clock, max(0.0, event.at - self._last_at)))
            self._shift = event.at - self._clock
        self._clock = max(self._clock, event.at - self._shift)
        self._last_at = max(self._last_at, event.at)
        return self._clock

    def _begun(self, key: str, at: float, attempt: int) -> None:
        track = self._track(key)
        if track.phase == "retrying":
            track.enter("waiting", min(at, track.retry_at))
        elif track.phase is None and (ready := self._ready_at(key)) is not None:
            track.phase, track.since = "waiting", max(ready, track.ended or 0.0)
        track.enter("running", at)
        track.status, track.attempts, track.ended = "running", max(attempt, track.attempts), None
        self._go_on_above(key, at)

    def _held(self, key: str, at: float, by: str) -> None:
        track = self._track(key)
        if track.phase == "running":
            track.status = "held"
            track.enter("held", at)
        if by not in track.limits:
            track.limits.append(by)

    def _end(self, key: str, at: float, status: str, spent: Json = None) -> None:
        track = self._track(key)
        track.enter(None, at)
        track.status, track.ended = status, at
        self._count(track, spent)

    def _count(self, track: _Track, spent: Json) -> None:
        if spent:
            track.spent, self._spent = total(track.spent, spent), total(self._spent, spent)

    def _track(self, key: str) -> _Track:
        if key not in self._tracks:
            self._tracks[key] = _Track()
        return self._tracks[key]

    def _end_round(self, scope: str, index: int, at: float) -> None:
        """Nobody will go on in a round: what it has left undone is given up."""
        for _, track in self._tracks_in(f"{scope}[{index}]"):
            if track.status in _UNFINISHED:
                if track.phase == "retrying":
                    track.enter("waiting", min(at, track.retry_at))
                track.enter(None, at)
                track.status, track.ended = "cancelled", at
        if not self._keeps_rounds:
            self._put_round_away(scope, index)

    def _put_round_away(self, scope: str, index: int) -> None:
        """Keep of a round that is over only what its steps come to."""
        frame = f"{scope}[{index}]"
        steps = [self._step(key, track, self._clock) for key, track in self._tracks_in(frame)]
        lengths = Lengths({step.key: step.took_s for step in steps}, self._rounds, self._past)
        body = WorkflowPlan(tuple(self._body(frame).values()))
        self._past.setdefault(scope, PastRounds()).add(critical_path(body, lengths, f"{frame}/").length)
        for step in steps:
            self._put_away.add(step)
            del self._tracks[step.key]
            self._past.pop(step.key, None)
            for inner in self._rounds.pop(step.key, ()):
                self._forget(f"{step.key}[{inner}]")
        self._rounds.get(scope, {}).pop(index, None)
        self._forget(frame)

    def _tracks_in(self, frame: str) -> Iterator[tuple[str, _Track]]:
        for step_id in self._body(frame):
            key = f"{frame}/{step_id}"
            if key in self._tracks:
                yield key, self._tracks[key]
            for index in self._rounds.get(key, ()):
                yield from self._tracks_in(f"{key}[{index}]")

    def _forget(self, frame: str) -> None:
        self._opened.pop(frame, None)
        self._bodies.pop(frame, None)

    # --- another process, another plan

    def _go_on_with_all(self) -> None:
        """What was going on was cut off at the last event of the earlier process."""
        self._status, self._resumed = "running", self._clock
        for key, track in self._tracks.items():
            if track.phase is not None:
                track.enter(None, self._clock)
                track.status, track.ended = "waiting", None
            elif "/" not in key and not self._has_ended_for_good(key, track):
                track.status, track.ended = "waiting", None

    def _has_ended_for_good(self, key: str, track: _Track) -> bool:
        if track.status == "failed":
            step = self._body("").get(key)
            return step is not None and step.on_error != "fail"
        return track.status in ("succeeded", "partial") or (track.status == "skipped" and not track.is_blocked)

    def _go_on_above(self, key: str, at: float) -> None:
        while "/" in key:
            key = key.rpartition("/")[0].rpartition("[")[0]
            self._go_on(key, at)

    def _go_on(self, key: str, at: float) -> None:
        """A scope that was open before a resume is so again, which no event tells."""
        track = self._track(key)
        if track.phase is None:
            track.enter("running", min(at, max(self._resumed, track.ended or 0.0)))
            track.status, track.is_scope, track.ended = "running", True, None

    def _change(self, plan: WorkflowPlan, at: float) -> None:
        before, self._plan = {step.step_id: step for step in self._plan.steps}, plan
        self._bodies.clear()
        after = {step.step_id for step in plan.steps}
        for key in [key for key in self._tracks if key.partition("[")[0] not in after]:
            del self._tracks[key]
        for step in plan.steps:
            if before.get(step.step_id) != step:
                self._opened[step.step_id] = at
                track = self._track(step.step_id)
                track.status, track.ended = ("waiting", None) if track.phase is None else (track.status, None)

    # --- who waits for whom

    def _ready_at(self, key: str) -> float | None:
        """When nothing that the step needs was missing any more; None as long as something is."""
        frame, is_inner, step_id = key.rpartition("/")
        step = self._body(frame).get(step_id)
        if step is None or frame not in self._opened:
            return None
        ready = max(self._opened[frame], self._opened.get(key, 0.0), self._resumed)
        for need in step.depends_on:
            track = self._tracks.get(f"{frame}/{need}" if is_inner else need)
            if track is None or track.ended is None:
                return None
            ready = max(ready, track.ended)
        return ready

    def _body(self, frame: str) -> dict[str, WorkflowStep]:
        """The steps of the body that a round is of."""
        if frame not in self._bodies:
            path = "/".join(part.partition("[")[0] for part in frame.split("/")) if frame else ""
            if path not in self._bodies:
                self._bodies[path] = {step.step_id: step for step in self._body_steps(path)}
            self._bodies[frame] = self._bodies[path]
        return self._bodies[frame]

    def _body_steps(self, path: str) -> tuple[WorkflowStep, ...]:
        body: WorkflowPlan | None = self._plan
        for name in path.split("/") if path else ():
            step = next((step for step in body.steps if step.step_id == name), None) if body else None
            body = step.action.body if step is not None and isinstance(step.action, Scope) else None
        return body.steps if body is not None else ()

    # --- what it comes to

    def timing(self, *, now: float | None = None) -> RunTiming:
        """The times up to the last event or, of a run that goes on, up to now."""
        is_over = self._status != "running"
        end = self._clock if now is None or is_over else max(self._clock, now - self._shift)
        steps = tuple(self._step(key, track, end, goes_on=now is not None) for key, track in self._in_order())
        lengths = Lengths({step.key: step.took_s for step in steps}, self._rounds, self._past)
        critical = critical_path(self._plan, lengths)
        return RunTiming(
            plan=self._plan,
            status="interrupted" if now is None and not is_over else self._status,
            began=self._began,
            wall_s=end,
            sum_s=sum(step.took_s for step in steps if not step.is_scope) + self._put_away.took_s,
            critical_s=critical.length,
            critical=critical.keys(),
            steps=steps,
            breaks=tuple(self._breaks),
            spent=self._spent,
            put_away=deepcopy(self._put_away),
        )

    def _in_order(self) -> list[tuple[str, _Track]]:
        """As in the plan, each scope followed by its rounds in order."""
        places: dict[str, dict[str, int]] = {}
        ranked = []
        for key, track in self._tracks.items():
            rank: list[int] = []
            frame = ""
            for part in key.split("/"):
                step_id, _, index = part.partition("[")
                if frame not in places:
                    places[frame] = {name: at for at, name in enumerate(self._body(frame))}
                if step_id not in places[frame]:
                    break
                rank += [places[frame][step_id], *([int(index[:-1])] if index else ())]
                frame = f"{frame}/{part}" if frame else part
            else:
                ranked.append((rank, key, track))
        ranked.sort(key=itemgetter(0))
        return [(key, track) for _, key, track in ranked]

    def _step(self, key: str, track: _Track, end: float, *, goes_on: bool = False) -> StepTiming:
        intervals = list(track.intervals)
        shown = _Track(intervals=intervals, phase=track.phase, since=track.since)
        is_over = self._status != "running"
        if track.phase == "retrying":
            shown.enter("waiting", min(end, track.retry_at))
        elif track.phase is None and track.status == "waiting" and not is_over:
            ready = self._ready_at(key)
            shown.phase, shown.since = (None, 0.0) if ready is None else ("waiting", ready)
        shown.enter(None, end)
        return StepTiming(
            key,
            self._status_of(track, is_over=is_over, goes_on=goes_on),
            tuple(shown.intervals),
            track.attempts,
            track.is_scope,
            tuple(track.limits),
            track.calls,
            track.spent,
        )

    def _status_of(self, track: _Track, *, is_over: bool, goes_on: bool) -> str:
        if track.status not in _UNFINISHED or (goes_on and not is_over):
            return track.status
        if is_over:  # what has not ended in a run or a round that has will not do so any more
            return "cancelled"
        return "waiting" if track.phase is None else "interrupted"
