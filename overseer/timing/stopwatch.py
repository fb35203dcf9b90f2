"""Taking the times of a run as its events come by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

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
from overseer.plan.values import WorkflowPlan
from overseer.spending import total
from overseer.timing.bodies import Bodies
from overseer.timing.longest import Lengths, PastRounds, critical_path
from overseer.timing.track import Track
from overseer.timing.values import Break, PutAway, RunTiming, StepTiming


def timing_of(plan: WorkflowPlan, events: Iterable[Event], *, now: float | None = None) -> RunTiming:
    """The times of a run that began with this plan.

    `now` is the present moment of a run that is still going on; without it, one that has not ended
    was cut off at its last event.
    """
    clock = Stopwatch(plan)
    for event in events:
        clock.observe(event)
    return clock.timing(now=now)


class Stopwatch:
    """Takes the times of a run as its events come by.

    One that keeps no rounds does not grow with the length of a loop: of the rounds that are over it
    knows what they come to.
    """

    def __init__(self, plan: WorkflowPlan, *, keeps_rounds: bool = True) -> None:
        self._keeps_rounds = keeps_rounds
        self._put_away = PutAway()
        self._past: dict[str, PastRounds] = {}  # of scopes
        self._bodies = Bodies(plan)
        self._tracks = {step.step_id: Track() for step in plan.steps}
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
                self._track(key).go_on(at, self._resumed)
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
                track.retry(at, at + max(0.0, again - event.at))
                self._count(track, spent)
            case StepSkipped(key=key, because=because):
                self._end(key, at, "skipped")
                self._tracks[key].is_blocked = because == "failure"
            case StepCancelled(key=key):
                self._end(key, at, "cancelled")
            case StepInterrupted(key=key, has_begun=has_begun):
                self._end(key, at, "interrupted" if has_begun else "waiting")
            case StepHeld(key=key, waits_for=limit, run=run):
                self._track(key).hold(at, run or limit)
            case StepReleased(key=key):
                self._track(key).release(at)
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
        if track.phase is None:
            track.wait_since(self._ready_at(key))
        track.begin(at, attempt)
        self._go_on_above(key, at)

    def _end(self, key: str, at: float, status: str, spent: Json = None) -> None:
        track = self._track(key)
        track.end(at, status)
        self._count(track, spent)

    def _count(self, track: Track, spent: Json) -> None:
        if spent:
            track.spent, self._spent = total(track.spent, spent), total(self._spent, spent)

    def _track(self, key: str) -> Track:
        if key not in self._tracks:
            self._tracks[key] = Track()
        return self._tracks[key]

    def _end_round(self, scope: str, index: int, at: float) -> None:
        """Nobody will go on in a round: what it has left undone is given up."""
        for _, track in self._tracks_in(f"{scope}[{index}]"):
            track.give_up(at)
        if not self._keeps_rounds:
            self._put_round_away(scope, index)

    def _put_round_away(self, scope: str, index: int) -> None:
        """Keep of a round that is over only what its steps come to."""
        frame = f"{scope}[{index}]"
        steps = [self._step(key, track, self._clock) for key, track in self._tracks_in(frame)]
        lengths = Lengths({step.key: step.took_s for step in steps}, self._rounds, self._past)
        body = WorkflowPlan(tuple(self._bodies.of(frame).values()))
        self._past.setdefault(scope, PastRounds()).add(critical_path(body, lengths, f"{frame}/").length)
        for step in steps:
            self._put_away.add(step)
            del self._tracks[step.key]
            self._past.pop(step.key, None)
            for inner in self._rounds.pop(step.key, ()):
                self._forget(f"{step.key}[{inner}]")
        self._rounds.get(scope, {}).pop(index, None)
        self._forget(frame)

    def _tracks_in(self, frame: str) -> Iterator[tuple[str, Track]]:
        for step_id in self._bodies.of(frame):
            key = f"{frame}/{step_id}"
            if key in self._tracks:
                yield key, self._tracks[key]
            for index in self._rounds.get(key, ()):
                yield from self._tracks_in(f"{key}[{index}]")

    def _forget(self, frame: str) -> None:
        self._opened.pop(frame, None)
        self._bodies.forget(frame)

    # --- another process, another plan

    def _go_on_with_all(self) -> None:
        """What was going on was cut off at the last event of the earlier process."""
        self._status, self._resumed = "running", self._clock
        for key, track in self._tracks.items():
            if track.phase is not None or ("/" not in key and not self._has_ended_for_good(key, track)):
                track.cut_off(self._clock)

    def _has_ended_for_good(self, key: str, track: Track) -> bool:
        if track.status == "failed":
            step = self._bodies.of("").get(key)
            return step is not None and step.on_error != "fail"
        return track.status in ("succeeded", "partial") or (track.status == "skipped" and not track.is_blocked)

    def _go_on_above(self, key: str, at: float) -> None:
        while "/" in key:
            key = key.rpartition("/")[0].rpartition("[")[0]
            self._track(key).go_on(at, self._resumed)

    def _change(self, plan: WorkflowPlan, at: float) -> None:
        before = {step.step_id: step for step in self._bodies.plan.steps}
        self._bodies.follow(plan)
        after = {step.step_id for step in plan.steps}
        for key in [key for key in self._tracks if key.partition("[")[0] not in after]:
            del self._tracks[key]
        for step in plan.steps:
            if before.get(step.step_id) != step:
                self._opened[step.step_id] = at
                self._track(step.step_id).renew()

    # --- who waits for whom

    def _ready_at(self, key: str) -> float | None:
        """When nothing that the step needs was missing any more; None as long as something is."""
        frame, is_inner, step_id = key.rpartition("/")
        step = self._bodies.of(frame).get(step_id)
        if step is None or frame not in self._opened:
            return None
        ready = max(self._opened[frame], self._opened.get(key, 0.0), self._resumed)
        for need in step.depends_on:
            track = self._tracks.get(f"{frame}/{need}" if is_inner else need)
            if track is None or track.ended is None:
                return None
            ready = max(ready, track.ended)
        return ready

    # --- what it comes to

    def timing(self, *, now: float | None = None) -> RunTiming:
        """The times up to the last event or, of a run that goes on, up to now."""
        is_over = self._status != "running"
        end = self._clock if now is None or is_over else max(self._clock, now - self._shift)
        tracks = ((key, self._tracks[key]) for key in self._bodies.in_order(self._tracks))
        steps = tuple(self._step(key, track, end, goes_on=now is not None) for key, track in tracks)
        lengths = Lengths({step.key: step.took_s for step in steps}, self._rounds, self._past)
        critical = critical_path(self._bodies.plan, lengths)
        return RunTiming(
            plan=self._bodies.plan,
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

    def _step(self, key: str, track: Track, end: float, *, goes_on: bool = False) -> StepTiming:
        is_over = self._status != "running"
        may_wait = track.phase is None and track.status == "waiting" and not is_over
        return StepTiming(
            key,
            track.status_in(is_over=is_over, goes_on=goes_on),
            track.intervals_until(end, self._ready_at(key) if may_wait else None),
            track.attempts,
            track.is_scope,
            tuple(track.limits),
            track.calls,
            track.spent,
        )
