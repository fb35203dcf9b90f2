"""The state of one run: a tree of open rounds, and the queues of what wants a decision.

`RunState` belongs to the run loop. What it says of steps is the fold of the run's events and
nothing else, but for whether a step that has not begun is parked or ready: that, the queues, the
claims and the alarms belong to the process and can be worked out again, so they are not journaled.

A *frame* is one open round of one body: the plan itself is the root frame, and each round of a
scope opens another. No thread waits inside a frame, so any number may be open.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel.claims import Claims, Rank
from overseer.kernel.events import RunStatus
from overseer.kernel.graph import Graph
from overseer.kernel.rules import Rules
from overseer.plan.values import Each, On, Scope, Until, WorkflowPlan, WorkflowStep

StatusName = Literal[
    "waiting",
    "parked",
    "ready",
    "running",
    "open",
    "retrying",
    "interrupted",
    "succeeded",
    "failed",
    "skipped",
    "blocked",
    "cancelled",
]


class Status:
    """What may be said of a step. Plain text: looking up an Enum's member takes ten times as long."""

    WAITING: Final = "waiting"
    PARKED: Final = "parked"  # kept apart from a running step that writes the same thing
    READY: Final = "ready"
    RUNNING: Final = "running"
    OPEN: Final = "open"  # a scope whose rounds are under way
    RETRYING: Final = "retrying"
    INTERRUPTED: Final = "interrupted"
    SUCCEEDED: Final = "succeeded"
    FAILED: Final = "failed"
    SKIPPED: Final = "skipped"
    BLOCKED: Final = "blocked"  # not run because something it needs failed
    CANCELLED: Final = "cancelled"  # given up before it had ended, as its part of the plan was


_NO_CALLS: Mapping[str, MadeCall] = MappingProxyType({})

ENDED: frozenset[StatusName] = frozenset({Status.SUCCEEDED, Status.FAILED, Status.SKIPPED, Status.BLOCKED})


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that the code of a step has begun, and what came of it."""

    tool: str
    has_returned: bool = False
    value: Json = None
    failure: Failure | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """One open round of a body."""

    key: str
    graph: Graph
    rank: Rank
    names: dict[str, Json]  # inputs, item, index, last, event: those that this round defines itself
    scope: OpenScope | None
    serial: int  # tells it from an earlier frame of the same key, whose scope was begun anew
    left: dict[str, int]
    unended: int
    active: int = 0  # steps running and scopes open
    status: dict[str, StatusName] = field(default_factory=dict)
    values: dict[str, Json] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    forgiven: dict[str, int] = field(default_factory=dict)  # attempts made before a resume
    unbegun: set[str] = field(default_factory=set)  # steps whose last attempt only waited for its turn
    calls: dict[str, dict[str, MadeCall]] = field(default_factory=dict)  # of steps that may begin again, by name
    scopes: dict[str, OpenScope] = field(default_factory=dict)
    refusal: Failure | None = None  # why an isolated round could not even get its inputs
    is_stopped: bool = False  # starts nothing more
    is_uneven: bool = False  # some step ended other than by success

    def key_of(self, step_id: str) -> str:
        return f"{self.key}/{step_id}" if self.key else step_id

    def rank_of(self, step_id: str) -> Rank:
        return (*self.rank, self.graph.order[step_id])

    def status_of(self, step_id: str) -> StatusName:
        return self.status.get(step_id, Status.WAITING)

    def under_way(self, step_id: str) -> list[str]:
        """The tools that the code of a step has called and not heard of again."""
        return [made.tool for made in self.calls.get(step_id, _NO_CALLS).values() if not made.has_returned]

    @property
    def is_over(self) -> bool:
        return not self.unended or (self.is_stopped and not self.active)

    @property
    def is_partial(self) -> bool:
        """Whether something failed in it that the plan said to go on without."""
        if any(scope.is_partial for scope in self.scopes.values()):
            return True
        return self.is_uneven and any(self.graph.steps[step_id].on_error != "fail" for step_id in self.failures)


@dataclass(slots=True, eq=False)
class OpenScope:
    """A scope step whose rounds are under way."""

    key: str
    frame: Frame  # the one that the scope step is part of
    step: WorkflowStep
    scope: Scope
    graph: Graph
    rank: Rank
    rounds: int | None
    items: list[Json] | None = None
    next_index: int = 0
    open: dict[int, Frame] = field(default_factory=dict)
    broken: dict[int, Frame] = field(default_factory=dict)  # kept, so that a resume can go on in them
    results: dict[int, Json] = field(default_factory=dict)
    last: Json = None
    failure: Failure | None = None
    signals: deque[Json] = field(default_factory=deque)
    arrived: int = 0
    is_done: bool = False  # its guard has ended it
    is_partial: bool = False  # a round failed that the plan said to go on without

    @property
    def is_open(self) -> bool:
        return self.frame.status_of(self.step.step_id) == Status.OPEN

    @property
    def is_complete(self) -> bool:
        """Whether every round it was to have is over and went well enough."""
        if self.open or self.broken:
            return False
        return self.is_done or (self.rounds is not None and self.next_index >= self.rounds)

    @property
    def is_over(self) -> bool:
        """Whether no round is open and none will be."""
        return not self.open and (self.is_complete or self.failure is not None or self.frame.is_stopped)

    def wants_round(self) -> bool:
        """Whether another round may be opened now."""
        if self.is_done or self.failure is not None or not self.is_open or self.frame.is_stopped:
            return False
        if self.rounds is not None and self.next_index >= self.rounds:
            return False
        match self.scope.mode:
            case Each(width=width):
                return width is None or len(self.open) < width
            case On(width=width):
                return bool(self.signals) and len(self.open) < width
            case _:
                return not self.open

    def wants_signals(self) -> bool:
        if self.is_done or self.failure is not None or not self.is_open or self.frame.is_stopped:
            return False
        return self.rounds is None or self.arrived < self.rounds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one step, or one opening of a scope: a name that is never given twice in a process.

    It holds no frame, because alarms may outlive the frames they were set for by hours.
    """

    frame: int  # the serial
    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Retry:
    """A step may be tried again."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A step or a scope has had the time it may take."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Overdue:
    """Work that was given up is not to be waited for any longer."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class GraceOver:
    """A run that was to stop gently has had the time for it."""


Reason: TypeAlias = Retry | TimeUp | Overdue | GraceOver


@dataclass(order=True, slots=True)
class Alarm:
    """Something to look at again at a certain time."""

    at: float
    order: int
    reason: Reason = field(compare=False)


@dataclass(slots=True, eq=False)
class RunState:
    """All that is known of a run."""

    plan: WorkflowPlan
    rules: Rules
    run_id: str = ""
    status: RunStatus | None = None  # None before RunStarted
    output: Json = None
    failure: Failure | None = None
    cancel: Literal["gently", "hard"] | None = None
    is_open: bool = False  # more steps will come
    frames: dict[str, Frame] = field(default_factory=dict)
    graphs: dict[str, Graph] = field(default_factory=dict)
    running: dict[str, tuple[Frame, str]] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)  # running steps that wait for a limit, and since when
    deadlines: dict[str, float] = field(default_factory=dict)  # of running steps that have a timeout
    # The queues. Entries may be stale; whoever takes one looks at the status again.
    unblocked: deque[tuple[Frame, str]] = field(default_factory=deque)
    ready: list[tuple[Rank, int, Frame, str]] = field(default_factory=list)
    openable: list[tuple[Rank, int, OpenScope]] = field(default_factory=list)
    over: deque[Frame] = field(default_factory=deque)
    settling: deque[OpenScope] = field(default_factory=deque)
    doomed: deque[Frame] = field(default_factory=deque)
    alarms: list[Alarm] = field(default_factory=list)
    claims: Claims[tuple[Frame, str], Attempt] = field(default_factory=Claims)
    lingering: dict[Attempt, str] = field(default_factory=dict)  # work that was given up and holds claims, and why
    entries: Iterator[int] = field(default_factory=count)  # so that equal ranks compare

    @property
    def root(self) -> Frame:
        return self.frames[""]

    @property
    def is_ended(self) -> bool:
        return self.status is not None and self.status != "running"

    def place_of(self, key: str) -> tuple[Frame, str]:
        """The frame and the step id that a step's key names."""
        round_key, _, step_id = key.rpartition("/")
        return self.frames[round_key], step_id

    def scope_at(self, key: str) -> OpenScope | None:
        round_key, _, step_id = key.rpartition("/")
        frame = self.frames.get(round_key)
        return frame.scopes.get(step_id) if frame else None

    def calls_of(self, key: str) -> Mapping[str, MadeCall]:
        """The calls that the code of a step has made so far, by name; none once the step has ended for good."""
        round_key, _, step_id = key.rpartition("/")
        frame = self.frames.get(round_key)
        return frame.calls.get(step_id, _NO_CALLS) if frame else _NO_CALLS

    def graph_of(self, plan: WorkflowPlan, path: str) -> Graph:
        graph = self.graphs.get(path)
        if graph is None or graph.plan is not plan:
            graph = self.graphs[path] = Graph(plan, path, self.rules)
        return graph

    def attempt_at(self, frame: Frame, step_id: str) -> Attempt:
        """The current attempt at a step."""
        return Attempt(frame.serial, frame.key_of(step_id), frame.attempts.get(step_id, 0))

    def place_at(self, attempt: Attempt) -> tuple[Frame, str] | None:
        """The frame and the step id that an attempt is made in; None once it is not the current one."""
        round_key, _, step_id = attempt.key.rpartition("/")
        frame = self.frames.get(round_key)
        if frame is None or step_id not in frame.graph.steps or self.attempt_at(frame, step_id) != attempt:
            return None
        return frame, step_id

    def set_alarm(self, at: float, reason: Reason) -> None:
        heapq.heappush(self.alarms, Alarm(at, next(self.entries), reason))

    def new_frame(
        self, key: str, graph: Graph, *, rank: Rank = (), names: dict[str, Json], scope: OpenScope | None = None
    ) -> Frame:
        serial = next(self.entries)
        return Frame(key, graph, rank, names, scope, serial, left=dict(graph.left), unended=len(graph.steps))

    def next_alarm(self) -> float | None:
        """When the loop must look again even if nothing arrives."""
        return self.alarms[0].at if self.alarms and not self.is_ended else None

    def open_scopes(self) -> list[str]:
        """The keys of the scopes whose rounds are under way."""
        return [scope.key for frame in self.frames.values() for scope in frame.scopes.values() if scope.is_open]

    def unsure(self) -> list[str]:
        """The keys of steps that had started, and must not simply be started again: nobody knows their outcome."""
        return [
            frame.key_of(step.step_id)
            for frame, step in self._left_behind()
            if not self.rules.is_repeatable(step, frame.under_way(step.step_id))
        ]

    def _left_behind(self) -> Iterator[tuple[Frame, WorkflowStep]]:
        """Steps that had started, that a resume would start again, and whose outcome nobody knows."""
        frames = [self.root]
        for frame in frames:  # grows while it is walked
            for scope in frame.scopes.values():
                frames += [*scope.open.values(), *scope.broken.values()]
            for step_id, status in frame.status.items():
                step, failure = frame.graph.steps[step_id], frame.failures.get(step_id)
                was_at_it = failure is not None and (failure.kind == "timeout" or bool(frame.under_way(step_id)))
                was_left_behind = was_at_it and step.on_error == "fail"
                is_unsure = status in (Status.RUNNING, Status.INTERRUPTED, Status.CANCELLED) or was_left_behind
                if is_unsure and step_id not in frame.unbegun and not isinstance(step.action, Scope):
                    yield frame, step


def planned_rounds(scope: Scope, items: list[Json] | None, iterations: int | None) -> int | None:
    """How many rounds a scope will have at the most; None where there is no end to them."""
    match scope.mode:
        case Each():
            return len(items) if items is not None else iterations
        case Until(limit=limit) | On(limit=limit):
            return None if limit < 0 else limit
        case _:
            return 1
