"""A small world for the kernel: it ends running steps in a random order and watches the rules.

No threads and no clock: time is a number that moves on when nothing else can happen.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.claims import Want
from overseer.kernel.events import (
    CancelAsked,
    Event,
    RunResumed,
    RunStarted,
    SignalArrived,
    StepCancelled,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
    from_record,
    to_record,
)
from overseer.kernel.queues import came_back, handed_over
from overseer.kernel.reducer import apply
from overseer.kernel.rules import Rules
from overseer.kernel.scheduler import decide
from overseer.kernel.state import ENDED, Attempt, RunState
from overseer.plan import completed, read_plan, validate
from overseer.plan.values import On, WorkflowPlan

Behaviour = Callable[[str, dict[str, Json], int], Json | Failure]  # (key, arguments, attempt) -> result


def planned(text: str) -> WorkflowPlan:
    """The plan in a YAML text, complete and valid."""
    draft = read_plan(text, syntax="yaml")
    assert not draft.faults, draft.faults
    plan, _ = completed(draft.plan)
    faults = validate(plan)
    assert not faults, faults
    return plan


def echo(key: str, args: dict[str, Json], _attempt: int) -> Json:
    """The usual behaviour: a result that depends on the key and the arguments alone."""
    return args.get("value", f"{key}!")


def journaled(events: Iterable[Event]) -> list[Event]:
    """Events as a journal gives them back."""
    return [from_record(to_record(event)) for event in events]


@dataclass
class World:
    """One run, from its first event, or from the events of an earlier life, to its end."""

    plan: WorkflowPlan
    behave: Behaviour = echo
    rules: Rules = field(default_factory=Rules)
    seed: int = 0
    inputs: dict[str, Json] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    now: float = 0.0
    hangs: bool = False  # whether steps may overrun their time, and what was given up comes back late or never
    is_busy: bool = False  # whether steps make calls of their own, and are paid for
    has_turns: bool = False  # whether steps may have to wait for another run before they begin

    def __post_init__(self) -> None:
        self.state = RunState(self.plan, self.rules)
        self.choice = random.Random(self.seed)
        self.peak = 0
        self.under_way: set[tuple[str, str]] = set()  # calls of running steps, by key and name
        self.paid = 0
        # When running steps began, as if they had never been held.
        self.worked_from: defaultdict[str, float] = defaultdict(float)
        self.holding: dict[str, float] = {}
        self.unbegun: set[str] = set()  # of those that are held, who only waits for its turn
        self.begun: Counter[str] = Counter()  # how often each step has begun to do something
        self.ghosts: dict[Attempt, tuple[Want, ...]] = {}  # work that was given up, and what it may still write

    def begin(self) -> World:
        self.tell(RunStarted(self.now, "run", self.inputs))
        return self

    def resume(self, earlier: Sequence[Event], *, are_read: bool = False) -> World:
        """Live on after the process died with these events in its journal; `are_read` if they come from there."""
        for event in earlier if are_read else journaled(earlier):
            self.tell(event)
            self.now = max(self.now, event.at)
        self.holding.clear()
        self.unbegun.clear()
        self.tell(RunResumed(self.now) if earlier else RunStarted(self.now, "run", self.inputs))
        return self

    def tell(self, event: Event) -> None:
        apply(event, self.state)
        self.events.append(event)
        self._count_beginnings(event)
        if isinstance(event, StepHeld) and event.key in self.state.running:
            self.holding[event.key] = event.at
        elif isinstance(event, StepReleased) and (since := self.holding.pop(event.key, None)) is not None:
            self.worked_from[event.key] += max(0.0, event.at - since)

    def _count_beginnings(self, event: Event) -> None:
        match event:
            case StepStarted(key=key):
                self.begun[key] += 1
            case StepHeld(key=key, has_begun=False):
                self.begun[key] -= 1
                self.unbegun.add(key)
            case StepReleased(key=key) if key in self.unbegun:
                self.begun[key] += 1
                self.unbegun.discard(key)

    def advance(self) -> list[Event]:
        decided: list[Event] = []
        while (event := decide(self.state, self.now)) is not None:
            if isinstance(event, StepStarted):
                self._check_start(event)
            elif isinstance(event, StepFailed | StepCancelled) and event.key in self.state.running:
                if isinstance(event, StepFailed):
                    self._check_timeout(event.key)
                self._give_up(event.key)
            self.tell(event)
            if isinstance(event, StepStarted):
                handed_over(self.state, *self.state.place_of(event.key), self.now)
                self.worked_from[event.key] = self.now
                if self.has_turns and self.choice.random() < 0.4:
                    self.tell(StepHeld(self.now, event.key, "x", "another run", has_begun=False))
            decided.append(event)
        for key in self.state.running.keys() - self.holding.keys():
            assert self.time_left(key) > 0, f"{key} has not timed out"
        self.peak = max(self.peak, len(self.state.running))
        assert len(self.state.running) <= self.rules.max_parallel
        return decided

    def step(self) -> bool:
        """Let one thing happen; False when the run has ended."""
        self.advance()
        if self.state.is_ended:
            return False
        if self.ghosts and not self.hangs:
            # Where such work does not come back, those who write the same fail for it: which of them would
            # depend on what was running when it was given up.
            self.let_one_come_back()
        elif self.hangs and self.choice.random() < 0.4:
            self.let_time_pass()
        elif self.state.running:
            self.act(self.choice.choice(sorted(self.state.running)))
        elif (alarm := self.state.next_alarm()) is not None:
            self.now = max(self.now, alarm)
        else:
            self.signal()
        return True

    def let_time_pass(self) -> None:
        """A little time, in which given up work may come back; or all the time until something is due."""
        if self.ghosts and self.choice.random() < 0.5:
            self.let_one_come_back()
        elif (alarm := self.state.next_alarm()) is not None:
            self.now = max(self.now, alarm)

    def let_one_come_back(self) -> None:
        """Some work that was given up has really ended."""
        attempt = self.choice.choice(list(self.ghosts))
        del self.ghosts[attempt]
        came_back(self.state, attempt)

    def run(self, most: int = 100_000) -> World:
        """Go on until the run has ended."""
        for _ in range(most):
            if not self.step():
                return self
        raise AssertionError(f"the run has not ended after {most} steps")

    def act(self, key: str) -> None:
        """Let one running step make a call, hear of one, or end once it has heard of all."""
        if key in self.unbegun:
            self.hold_or_release(key)
            return
        if not self.is_busy:
            self.end(key)
            return
        if self.choice.random() < 0.2:
            self.hold_or_release(key)
            return
        answers = {call: made for call, made in self.state.calls_of(key).items() if made.has_returned}
        if any(made.failure for made in answers.values()):  # heard of in an earlier life
            self.end(key, Failure("transient", "its call failed"))
            return
        open_calls = sorted(call for at, call in self.under_way if at == key)
        missing = [call for call in self.calls_in(key) if call not in answers and call not in open_calls]
        if missing and self.choice.random() < 0.8:
            self.under_way.add((key, missing[0]))
            self.tell(ToolCalled(self.now, key, missing[0], "t", {}))
        elif open_calls:
            self.give_back(key, self.choice.choice(open_calls))
        elif missing:
            self.end(key, Failure("transient", "came to grief before it was through"))
        else:
            for call in self.calls_in(key):
                assert answers[call].value == f"{key}:{call}"
            self.end(key)

    def hold_or_release(self, key: str) -> None:
        self.now += self.choice.random()
        self.tell(StepReleased(self.now, key) if key in self.holding else StepHeld(self.now, key, "somebody"))

    def time_left(self, key: str) -> float:
        """How much longer a running step may work; a little more than the truth, because sums are not exact."""
        frame, step_id = self.state.running[key]
        timeout_s = self.rules.timeout_of(frame.graph.steps[step_id])
        return 1.0 if timeout_s is None else self.worked_from[key] + timeout_s - self.now + 1e-9

    def _check_timeout(self, key: str) -> None:
        assert key not in self.holding, f"{key} timed out though it was held"
        assert self.time_left(key) < 2e-9, f"{key} timed out too early"

    def calls_in(self, key: str) -> list[str]:
        """What a step calls, one after the other or at once."""
        return [f"c{number}" for number in range(len(key) % 4)]

    def give_back(self, key: str, call: str) -> None:
        self.under_way.discard((key, call))
        if self.choice.random() < 0.1:
            self.tell(ToolReturned(self.now, key, call, failure=Failure("transient", "try again")))
            self.end(key, Failure("transient", "its call failed"))
        else:
            self.paid += 1
            self.tell(ToolReturned(self.now, key, call, f"{key}:{call}", spent={"requests": 1}))

    def end(self, key: str, failure: Failure | None = None) -> None:
        """End one running step as its behaviour says."""
        self.now += self.choice.random()
        frame, step_id = self.state.running[key]
        step = frame.graph.steps[step_id]
        result = failure or self.behave(key, flow.arguments(frame, step), frame.attempts[step_id])
        self._leave(key)
        spent = {"requests": 1} if self.is_busy else None
        self.paid += bool(spent)
        if isinstance(result, Failure):
            again = flow.retry_at(self.rules, frame, step, result, self.now)
            self.tell(StepFailed(self.now, key, result, again, spent=spent))
        else:
            self.tell(StepSucceeded(self.now, key, result, spent=spent))

    def _leave(self, key: str) -> None:
        """A step does not run any more."""
        self.holding.pop(key, None)
        self.unbegun.discard(key)
        self.under_way = {(at, call) for at, call in self.under_way if at != key}

    def come_back(self, key: str, attempt: int = 1) -> None:
        """Work that was given up has really ended."""
        frame, _ = self.state.place_of(key)
        came_back(self.state, Attempt(frame.serial, key, attempt))

    def signal(self) -> None:
        """Nothing runs and nothing is due: only a trigger can have anything happen."""
        scopes = [self.state.scope_at(key) for key in self.state.open_scopes()]
        waiting = [scope for scope in scopes if scope and isinstance(scope.scope.mode, On) and scope.wants_signals()]
        assert waiting, "the run waits, but there is nothing that it could wait for"
        self.tell(SignalArrived(self.now, waiting[0].key, {"n": waiting[0].arrived}))

    def cancel(self, *, hard: bool = False) -> None:
        for key in sorted(self.unbegun):
            self._leave(key)
            self.tell(StepInterrupted(self.now, key, has_begun=False))
        self.tell(CancelAsked(self.now, hard, "test"))

    def _give_up(self, key: str) -> None:
        frame, step_id = self.state.running[key]
        wants = flow.wants_of(self.state, frame, frame.graph.steps[step_id])
        self._leave(key)
        self.ghosts[self.state.attempt_at(frame, step_id)] = tuple(want for want in wants if want.is_lasting)

    def _check_start(self, event: StepStarted) -> None:
        frame, step_id = self.state.place_of(event.key)
        if self.has_turns:
            assert event.attempt == self.begun[event.key] + 1, f"{event.key} has not been begun as often as that"
        for need in frame.graph.steps[step_id].depends_on:
            assert frame.status[need] in ENDED, f"{event.key} started before {need} had ended"

    # --- what to look at

    def kinds(self, *kinds: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]

    def started(self) -> list[str]:
        return [event.key for event in self.events if isinstance(event, StepStarted)]

    def statuses(self) -> dict[str, str]:
        """What became of the plan's own steps."""
        return {step.step_id: self.state.root.status_of(step.step_id) for step in self.plan.steps}
