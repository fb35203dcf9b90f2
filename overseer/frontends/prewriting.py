"""Programs that are written while somebody still looks at the plan, or while earlier steps run.

Nothing of a plan is carried out by that: a model is asked, and what it writes is looked at. Whoever
starts a step takes its program from here, waiting for one that is under way rather than asking twice. Where none
came of it, nothing is lost: the program is written when its step starts, as it would have been anyway.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from overseer.broker.broker import Door
from overseer.broker.budget import NOTHING, Spend
from overseer.errors import OverseerError
from overseer.frontends.origins import tasks_ahead
from overseer.frontends.programs import MOST_TRIES, Programs, Task, Try
from overseer.plan.expansion import expanded
from overseer.plan.values import WorkflowPlan, WorkflowStep
from overseer.tool import Cancellation, Question, ToolContext, ToolError

# Tells what is sure to go wrong with a program that may call tools of these names.
Look: TypeAlias = Callable[[str, Iterable[str], Cancellation], str]

_WIDTH = 4  # programs that are written at the same time
_MOST = 32  # of one plan: nobody has agreed to it yet, and each costs something


@dataclass(frozen=True, slots=True)
class Written:
    """A program, and those that were looked at before it and were wrong."""

    source: str
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A program that is being written, or has been."""

    task: Task
    future: Future[Written | None]
    cancellation: Cancellation

    def is_for(self, task: Task) -> bool:
        """Whether a model would be asked the same for a task of the same signature."""
        return (self.task.args, self.task.origins) == (task.args, task.origins)

    def give_up(self) -> None:
        self.cancellation.ask()
        self.future.cancel()


@dataclass(slots=True)
class _Account:
    """What it all took."""

    spent: Spend = NOTHING
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, more: Spend) -> Spend:
        with self.lock:
            self.spent += more
            return self.spent


class Prewriting:
    """Writes the programs of a plan, or of its steps as they become known, on threads of its own."""

    def __init__(
        self,
        programs: Programs,
        door: Door,
        *,
        look: Look | None = None,
        told: Callable[[Spend], None] | None = None,
        width: int = _WIDTH,
    ) -> None:
        """`door` is that of the request: what is asked here is paid from there.

        `told` hears what it all took so far, on the thread that has asked.
        """
        self._programs = programs
        self._door = door
        self._look = look
        self._told = told
        self._account = _Account()
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="overseer-prewriting")
        self._drafts: dict[object, _Draft] = {}
        self._steps: tuple[WorkflowStep, ...] = ()
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def spent(self) -> Spend:
        return self._account.spent

    # --- what is to be written

    def add(self, step: WorkflowStep) -> None:
        """A step of a plan that is still being made. Its program is begun once all steps that it reads are known."""
        self._steps = (*self._steps, step)
        self._begin(self._tasks(WorkflowPlan(self._steps), is_whole=False))

    def follow(self, plan: WorkflowPlan) -> None:
        """The plan as it is: what it needs is begun or goes on, and whatever else is under way is given up."""
        self._steps = plan.steps
        tasks = self._tasks(plan, is_whole=True)
        wanted: dict[object, list[Task]] = defaultdict(list)
        for task in tasks:
            wanted[task.signature].append(task)
        with self._lock:
            outdated = [
                key for key, draft in self._drafts.items() if not any(draft.is_for(task) for task in wanted[key])
            ]
            dropped = [self._drafts.pop(key) for key in outdated]
        for draft in dropped:
            draft.give_up()
        self._begin(tasks)

    def drop(self) -> None:
        """There is no plan any more."""
        self.follow(WorkflowPlan(()))

    def close(self) -> None:
        """Give up all that is under way, and wait until no thread is left."""
        with self._lock:
            self._is_closed = True
        self.drop()
        self._pool.shutdown(wait=True)

    def __enter__(self) -> Prewriting:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _tasks(self, plan: WorkflowPlan, *, is_whole: bool) -> list[Task]:
        plan, _ = expanded(plan, self._door.tools)
        return list(tasks_ahead(plan, self._door.tools, is_whole=is_whole))

    def _begin(self, tasks: Iterable[Task]) -> None:
        with self._lock:
            for task in tasks:
                if self._is_closed or len(self._drafts) >= _MOST:
                    return
                if task.signature in self._drafts:
                    continue
                cancellation = Cancellation()
                future = self._pool.submit(self._written, task, cancellation)
                self._drafts[task.signature] = _Draft(task, future, cancellation)

    # --- what was written

    def take(self, task: Task, cancellation: Cancellation) -> Written | None:
        """The program for a task; None if there is none. ToolError if the step is given up while it waits."""
        with self._lock:
            draft = self._drafts.get(task.signature)
        if draft is None or draft.future.cancel():  # one that has not begun is better written with a sample
            return None
        ended = threading.Event()
        draft.future.add_done_callback(lambda _: ended.set())
        take_back = cancellation.call_when_asked(ended.set)
        try:
            ended.wait()
        finally:
            take_back()
        if cancellation.is_asked:
            raise ToolError("was given up while its code was written", kind="cancelled")
        try:
            return draft.future.result()
        except CancelledError:
            return None

    def forget(self, task: Task) -> None:
        """The program for this task is of no use."""
        with self._lock:
            self._drafts.pop(task.signature, None)

    # --- writing

    def _written(self, task: Task, cancellation: Cancellation) -> Written | None:
        """None if a first program cannot be had; one that is looked at and is wrong is followed by another."""
        ask = partial(self._ask, cancellation)
        tries: list[Try] = []
        written: Written | None = None
        while True:
            try:
                written = Written(self._programs.program(task, tries, ask), tuple(tries))
                faults = self._faults(written.source, task, cancellation)
            except (ToolError, OverseerError):
                return written
            if not faults or cancellation.is_asked or len(tries) + 1 >= MOST_TRIES:
                return written
            tries.append(Try(written.source, f"its code is wrong: {faults}"))

    def _faults(self, source: str, task: Task, cancellation: Cancellation) -> str:
        return self._look(source, task.tools, cancellation) if self._look is not None else ""

    def _ask(self, cancellation: Cancellation, question: Question) -> str:
        answer = self._door.ask(question, ToolContext("", "code", 1, cancellation))
        spent = self._account.add(answer.spent)
        if self._told is not None and answer.spent is not NOTHING:
            self._told(spent)
        if answer.failure is not None:
            raise ToolError(answer.failure.message, kind=answer.failure.kind)
        return str(answer.value)
