"""One run in the hands of a program: carried out or started, watched, changed, cancelled, waited for."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from overseer.broker.broker import Door
from overseer.broker.budget import Spend
from overseer.broker.hearing import OnText
from overseer.broker.permissions import Grants
from overseer.broker.result import ToolResult
from overseer.errors import Failure, JournalError, PlanError, UsageError
from overseer.journal.runlog import NoLog, RunLog
from overseer.jsonvalue import Json
from overseer.kernel.events import Event, QuestionAsked, RunStatus
from overseer.kernel.growth import Wish, closing, following, without_the_rest
from overseer.plan.values import WorkflowPlan
from overseer.running.messages import Cancel, Change
from overseer.running.runner import Runner
from overseer.running.stream import Stream, Watcher
from overseer.spending import total
from overseer.tool import Cancellation, Question, ToolContext

PlanLike: TypeAlias = WorkflowPlan | Mapping[str, Any] | Path

# Checks another plan for a run under way; with it comes what was approved for it, as it is kept, the level at which
# its code runs, and what is to be called once the plan is followed.
Admit: TypeAlias = Callable[[PlanLike, Grants | None], tuple[WorkflowPlan, Json, str, Callable[[], None]]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `values` and `failures` are those of the plan's own steps, by step id."""

    run_id: str
    status: RunStatus
    output: Json
    failure: Failure | None
    values: Mapping[str, Json]
    failures: Mapping[str, Failure]

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"


class Run(AbstractContextManager["Run"]):
    """One run of a plan, from its first event to its result.

    A run that is recorded is owned from when it is prepared. One that shall not be carried out
    after all is closed, or used in a `with` block; forgetting it has the same effect.
    """

    def __init__(
        self,
        runner: Runner,
        first: list[Event],
        *,
        log: RunLog | NoLog,
        reopen: Callable[[], RunLog] | None = None,
        stream: Stream,
        door: Door,
        admit: Admit,
    ) -> None:
        self._runner = runner
        self._first = first
        self._log = log
        self._reopen = reopen if isinstance(log, RunLog) else None
        self._stream = stream
        self._door = door
        self._admit = admit
        self._asked: Json = None  # what questions about the run have taken, which no event tells yet
        self._asking = threading.Lock()
        self._has_left_log = False
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._stage: Literal["prepared", "begun", "closed"] = "prepared"
        self._owner: int | None = None  # the thread that carries the run out
        weakref.finalize(self, log.close)

    @property
    def run_id(self) -> str:
        return self._runner.state.run_id

    @property
    def plan(self) -> WorkflowPlan:
        return self._runner.state.plan

    @property
    def is_open(self) -> bool:
        """Whether more steps may come to it; until then it does not end."""
        return self._runner.state.is_open and not self._runner.state.is_ended

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun and nobody can count on its result yet."""
        return self._stage == "begun" and (self._thread is None or self._thread.is_alive())

    @property
    def is_recorded(self) -> bool:
        """Whether the run is in a journal, so that it can be resumed."""
        return isinstance(self._log, RunLog)

    @property
    def spent(self) -> Spend:
        """What all calls and questions of the run took, also in its earlier lives."""
        return self._door.spent

    def watch(self, watcher: Watcher, *, pause: Callable[[], None] | None = None) -> Callable[[], None]:
        """Call `watcher` with every event, on the run's own thread; the returned function ends that.

        `pause` is called when no further event is at hand for the moment.
        """
        return self._stream.watch(watcher, pause=pause)

    def hear(self, listener: Callable[[str, str | None], None]) -> None:
        """Call `listener` with the key of a step and the next piece of what a model answers it, to be shown.

        None in place of a piece takes back what was heard of that step: the answer begins anew. It is called on the
        threads of the steps, and is to be given before the run begins.
        """
        self._door.hear = lambda context, piece: listener(context.key, piece)

    def take_prints(self, take: Callable[[str], None]) -> None:
        """Call `take` with the lines that its tools print, on their threads; else they go where all output goes."""
        self._door.printed = take

    def know_as(self, name: str) -> None:
        """Let other runs that wait for it call it by this name; without one, by its id."""
        self._door.broker.writers.know_as(self.run_id, name)

    def beginning_with(self, change: Change) -> Run:
        """The run, told of a change of its plan before it begins: nothing is decided without it."""
        self._runner.tell(change)
        return self

    def carry_out(self) -> RunResult:
        """Run on this thread until the end."""
        self._begin()
        return self._to_the_end()

    def start(self) -> Run:
        """Run on a thread of its own. If the program ends before the run does, the run is cancelled."""
        self._begin()
        # Not a daemon: it would be frozen anywhere, with what was done but not yet recorded.
        self._thread = threading.Thread(target=self._quietly, name=f"overseer-run-{self.run_id}", daemon=False)
        _cancelled_when_the_program_ends().add(self)
        self._thread.start()
        return self

    def close(self) -> None:
        """Give up a run that has not begun, so that others may go on with it; else this does nothing."""
        if self._stage == "prepared":
            self._stage = "closed"
            self._log.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    def _begin(self) -> None:
        if self._stage != "prepared":
            done = "carried out" if self._stage == "begun" else "closed"
            raise UsageError(f"run {self.run_id} has been {done}; prepare another one, or resume it")
        self._stage = "begun"

    def _to_the_end(self) -> RunResult:
        self._owner = threading.get_ident()
        try:
            self._runner.run(self._first)
        finally:
            self._owner = None
            with self._asking:
                self._has_left_log = True
                with self._log as log:
                    self._tell_what_was_asked(log)
        return self._result()

    def _quietly(self) -> None:
        try:
            self._to_the_end()
        except BaseException as error:  # kept for `wait`, which raises it where somebody can act on it
            self._error = error
            _log.error("run %s was broken off: %s", self.run_id, error, exc_info=error)  # there may be no `wait`

    def wait(self, timeout_s: float | None = None) -> RunResult:
        """The result of a started run; TimeoutError if it is not there in time."""
        if self._thread is None:
            raise UsageError(f"run {self.run_id} was not started; call start() or carry_out() first")
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TimeoutError(f"run {self.run_id} has not ended within {timeout_s} s")
        if self._error is not None:
            raise self._error
        return self._result()

    def ask(
        self, question: Question, *, on_text: OnText | None = None, cancellation: Cancellation | None = None
    ) -> ToolResult:
        """What a model answers about the run, such as what should become of it; paid from the run's budget."""
        context = ToolContext(self.run_id, "", 1, cancellation or Cancellation())
        result = self._door.ask(question, context, on_text=on_text)
        self._keep_asked(result.spent.to_json())
        return result

    def _keep_asked(self, spent: Json) -> None:
        """What questions took is told by whatever is next to tell of it, and at once where nothing else will be."""
        with self._asking:
            self._asked = total(self._asked, spent)
            if self._has_left_log and self._asked is not None:
                with suppress(JournalError), self._reopen() if self._reopen is not None else NoLog(self.run_id) as log:
                    self._tell_what_was_asked(log)

    def _take_asked(self) -> Json:
        """What is to be told by whoever takes it, and by nobody else."""
        with self._asking:
            asked, self._asked = self._asked, None
        return asked

    def _tell_what_was_asked(self, log: RunLog | NoLog) -> None:
        """Each amount is told by one event: of a run that has ended, by one that comes after its end."""
        if self._asked is None:
            return
        event = QuestionAsked(time.time(), self._asked)
        try:
            log.append([event])
        except JournalError as error:  # the answer is worth more than knowing what it took
            _log.warning("what was asked about run %s is not in the journal: %s", self.run_id, error)
            return
        self._asked = None
        self._stream.publish([event])

    def cancel(self, *, hard: bool = False, reason: str = "asked to stop") -> None:
        """Start nothing new and let running steps finish; hard, or the second time, give them up."""
        self._runner.tell(Cancel(hard, reason))

    def change(
        self, plan: PlanLike, *, approve: Grants | None = None, timeout_s: float = 10.0, is_last: bool = True
    ) -> None:
        """Follow another plan from here on; PlanError if it has faults, or touches what is finished or running.

        Inputs that the plan before did not have get their defaults. What was approved for that plan
        was approved for no other: NotApproved lists what is missing in `approve`. A run that was begun
        as an open one waits for more unless this plan is the last.
        """
        self._require_under_way()
        plan, approved, sandbox, take_effect = self._admit(plan, approve)
        asked = self._take_asked()
        wish = following(plan, approved=approved, spent=asked, sandbox=sandbox, is_last=is_last)
        self._wish(wish, timeout_s, take_effect, lambda: self._keep_asked(asked))

    def keep_begun(self, *, timeout_s: float = 10.0) -> None:
        """Take out of the plan of an open run what has not begun; PlanError if nothing of it has."""
        self._wish(without_the_rest, timeout_s)

    def complete(self, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """Tell an open run that no more steps come, and why if those that it has are not the whole plan."""
        self._wish(closing(reason), timeout_s)

    def _require_under_way(self) -> None:
        if self._stage != "begun":
            raise UsageError(f"run {self.run_id} is not under way; prepare a run of the other plan instead")
        if self._owner == threading.get_ident():
            raise UsageError(
                f"run {self.run_id} cannot be changed from its own thread, on which watchers are called: "
                "it would wait for itself; change it from another thread"
            )

    def _wish(
        self,
        wish: Wish,
        timeout_s: float,
        take_effect: Callable[[], None] = lambda: None,
        take_back: Callable[[], None] = lambda: None,
    ) -> None:
        """Have the run decide about a wish; PlanError says why it does not come true.

        One of the two is called then, on the run's own thread, and what it raises is raised here.
        """
        self._require_under_way()
        answer: Future[tuple[str, ...]] = Future()

        def take(faults: tuple[str, ...]) -> None:
            try:
                (take_back if faults else take_effect)()
            except BaseException as error:  # the run must go on
                answer.set_exception(error)
            else:
                answer.set_result(faults)

        self._runner.tell(Change(wish, take))
        try:
            faults = answer.result(timeout_s)
        except TimeoutError:
            if answer.done():  # it is what it raised
                raise
            raise TimeoutError(f"run {self.run_id} has not taken up the change within {timeout_s} s") from None
        if faults:
            raise PlanError(faults, source="the changed plan")

    def _result(self) -> RunResult:
        state = self._runner.state
        assert state.status is not None
        root = state.root
        return RunResult(
            state.run_id, state.status, state.output, state.failure, dict(root.values), dict(root.failures)
        )


@cache
def _cancelled_when_the_program_ends() -> weakref.WeakSet[Run]:
    """Runs that may still be under way when the main thread ends; nobody is left then who would wait for them.

    Python asks pools of threads to end before it tells anybody else (and `atexit` comes last of all), so what is
    under way then is finished, and a run that needs another thread is told by the pool. The others are told here.
    """
    runs: weakref.WeakSet[Run] = weakref.WeakSet()

    def cancel_all() -> None:
        threading.main_thread().join()
        for run in list(runs):
            run.cancel(reason="the program is ending")

    threading.Thread(target=cancel_all, name="end-of-program", daemon=True).start()
    return runs
