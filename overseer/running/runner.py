"""The single loop that carries out one run.

One thread owns the run. Whatever happens elsewhere (a step's outcome, a signal, a wish to cancel)
arrives in its inbox as a message. Each time it wakes it takes all messages, lets the kernel
decide, writes every event to the journal with one commit, and only then lets the world see or
feel any of it. It never polls for work: it sleeps until a message arrives or an alarm is due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Empty
from typing import Protocol, assert_never

from overseer.broker.writers import Writers
from overseer.errors import BrokenInvariant, Failure, JournalError
from overseer.jsonvalue import detached
from overseer.kernel import flow
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    PlanClosed,
    RunResumed,
    ScopeOpened,
    SignalArrived,
    StepCancelled,
    StepFailed,
    StepInterrupted,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.kernel.queues import came_back, handed_over
from overseer.kernel.reducer import apply
from overseer.kernel.scheduler import MOST_AT_ONCE, advance
from overseer.kernel.state import MadeCall, RunState
from overseer.plan.references import Unreadable
from overseer.plan.values import Scope
from overseer.running.dispatch import Lanes, NotTaken, Returned
from overseer.running.inbox import Inbox, Owed
from overseer.running.listening import Clean, Listening
from overseer.running.messages import Called, Calling, Cancel, Change, Freed, Held, Message, Signal, turn_away
from overseer.running.stream import Stream
from overseer.running.turns import Turns
from overseer.running.worker import StepCaller, Work
from overseer.running.works import Works
from overseer.sources import Sources
from overseer.stopreasons import PROGRAM_ENDS
from overseer.tool import Cancellation, ToolContext


class RunLog(Protocol):
    """Where the events of one run are kept. `append` returns when they are safe, or raises JournalError."""

    def append(self, events: Sequence[Event]) -> None: ...


# So long an idle worker waits for more: getting it back would cost a chain of quick steps several times
# what the steps cost. Whoever shares a small pool with the run waits no longer than this for the thread.
LINGER_S = 0.01

# What is due later than that is looked at again then: what waits has limits of its own, such as 292 years.
LONGEST_WAIT_S = 86_400.0

# On the main thread Python runs signal handlers, but not while it sleeps: a signal that came just before is
# noticed when it wakes.
LONGEST_DEAFNESS_S = 0.5


class Runner:
    """Carries out one run, from its first event to its last."""

    def __init__(
        self,
        state: RunState,
        *,
        log: RunLog,
        stream: Stream,
        executor: ThreadPoolExecutor,
        caller: StepCaller,
        sources: Sources,
        folder: Path,
        clock: Callable[[], float],
        clean: Clean = lambda payload: payload,
        writers: Writers | None = None,
    ) -> None:
        """Without `writers` that it shares with others, a run waits for none."""
        self.state = state
        self._log = log
        self._stream = stream
        self._inbox = Inbox()
        self._dispatch = Lanes(executor, caller, self._inbox.put)
        self._listening = Listening(state, sources, folder=folder, tell=self.tell, clock=clock, clean=clean)
        self._clock = clock
        self._works = Works()
        self._turns = Turns(writers or Writers(), state, lambda work: self.tell(Freed(work)))
        self._owed = Owed()
        self._longest_wait_s = LONGEST_WAIT_S
        self._is_over = False
        self._was_asked_to_stop = False  # asking twice is asking hard

    def tell(self, message: Message) -> None:
        """Put a message into the inbox; safe from any thread and from a signal handler."""
        if isinstance(message, Held):
            message = replace(message, at=self._clock())
        self._inbox.put(message)
        if self._is_over:
            self._turn_away()

    def run(self, first: Sequence[Event]) -> None:
        """The loop. `first` are the events that begin the run or its resumption."""
        if threading.current_thread() is threading.main_thread():
            self._longest_wait_s = LONGEST_DEAFNESS_S
        self._turns.come()
        try:
            facts = [self._learnt(event) for event in first]
            self._turns.follow_plan()
            self._owed.accept_first(first)
            facts += self._hear(wait=False)  # it may have been cancelled before it began
            while True:
                decisions = advance(self.state, self._clock())
                self._record(facts, decisions)
                if self.state.is_ended:
                    return self._owed.answer_all(self.state)
                news = self._act_on([*facts, *decisions])
                is_busy = bool(news) or len(decisions) >= MOST_AT_ONCE
                facts = [*news, *self._hear(wait=not is_busy)]
        finally:
            self._let_go()

    # --- what arrives

    def _hear(self, *, wait: bool) -> list[Event]:
        """What all the messages so far amount to; if asked to, sleep until something arrives or is due."""
        messages: list[Message] = []
        if wait:
            alarm = self.state.next_alarm()
            self._refuse_to_hang(alarm)
            is_idling = self._dispatch.is_idling
            patience_s = LINGER_S if is_idling else self._longest_wait_s
            if alarm is not None:
                patience_s = max(0.0, min(patience_s, alarm - self._clock()))
            try:
                messages = [self._inbox.wait_for_next(patience_s)]
            except Empty:
                if is_idling:
                    self._dispatch.rest()
                return []
        messages += self._inbox.take_all()
        now = self._clock()
        return [self._learnt(event) for message in messages for event in self._facts(message, now)]

    def _learnt(self, event: Event) -> Event:
        """Nothing is looked at before the state knows all that was heard until then."""
        apply(event, self.state)
        return event

    def _facts(self, message: Message, now: float) -> list[Event]:
        """What a message amounts to; where somebody wants to stop, also for what only waits for its turn."""
        waited = [] if not isinstance(message, Cancel) else self._turns.give_up_all()
        facts: list[Event] = [StepInterrupted(now, work.context.key, has_begun=False) for work in waited]
        for work in waited:
            self._works.take_back(work)
        fact = self._fact(message, now)
        return facts if fact is None else [*facts, fact]

    def _fact(self, message: Message, now: float) -> Event | None:
        match message:
            case Returned():
                return self._told(message, now)
            case Signal(key=key, payload=payload):
                scope = self.state.scope_at(key)
                return SignalArrived(now, key, payload) if scope and scope.wants_signals() else None
            case Cancel(hard=hard, reason=reason):
                hard, self._was_asked_to_stop = hard or self._was_asked_to_stop, True
                self._works.end_waits()
                return CancelAsked(now, hard, reason)
            case Change(wish=wish, answer=answer):
                change = wish(self.state, now)
                if isinstance(change, tuple):
                    answer(change)
                    return None
                self._owed.accept(message)
                return change
            case Held():
                return self._works.hold_changed(message, self.state.rules.folder)
            case Freed(work=work):
                return self._turns.looked_at_again(work, now)
            case Calling(context=context):
                if not self._works.is_awaited(context):
                    message.done(False)
                    return None
                self._owed.accept(message)
                return ToolCalled(now, context.key, message.call, message.tool, message.args)
            case Called():
                if not self._is_awaited(message):
                    message.done(False)
                    return None
                self._owed.accept(message)
                return message.returned(now)
            case _:
                assert_never(message)

    def _told(self, returned: Returned, now: float) -> StepSucceeded | StepFailed | StepInterrupted | None:
        """The event that an outcome amounts to; none if nobody waits for it any more."""
        work, outcome = returned.work, returned.outcome
        key = work.context.key
        has_begun = self._works.has_begun(work)
        if not self._works.take_back(work):
            self._dispatch.is_back(was_lost=True)
            if attempt := self._works.forget(work):
                came_back(self.state, attempt)
            return None
        self._dispatch.is_back()
        spent = outcome.spent.to_json()
        if outcome.failure is None:
            return StepSucceeded(now, key, outcome.value, spent=spent)
        if outcome.failure.kind == "cancelled" and not has_begun and spent is None:
            return StepInterrupted(now, key, has_begun=False)
        frame, step_id = self.state.running[key]
        again = flow.retry_at(self.state.rules, frame, frame.graph.steps[step_id], outcome.failure, now)
        return StepFailed(now, key, outcome.failure, again, spent=spent)

    def _is_awaited(self, message: Called) -> bool:
        """Whether a call that has come back was begun, by a work that is or was the last at its step."""
        context = message.context
        made = self.state.calls_of(context.key).get(message.call)
        if made is None or made.has_returned:
            return False
        if self._works.is_awaited(context):
            return True
        attempt = self._works.given_up_attempt(context)
        return attempt is not None and self.state.place_at(attempt) is not None

    def _refuse_to_hang(self, alarm: float | None) -> None:
        if alarm is None and not self.state.running and self._listening.is_idle and not self.state.is_open:
            raise BrokenInvariant("the run waits, but nothing is running that could end the wait")

    # --- what follows

    def _record(self, facts: Sequence[Event], decisions: Sequence[Event]) -> None:
        """Journal first: nobody may see or feel an event that a restart would lose."""
        events = [*facts, *decisions]
        if not events:
            return
        try:
            self._log.append(events)
        except JournalError as error:
            self._save_what_happened(list(facts), error)
        self._stream.publish(events)

    def _save_what_happened(self, facts: list[Event], error: JournalError) -> None:
        """The journal refuses: start nothing more, but do not lose what the running steps still bring.

        Decisions can be taken again after a restart, what happened cannot happen again.
        """
        facts = [fact for fact in facts if not isinstance(fact, ToolCalled)]  # which is not allowed any more
        cut_off = self._owed.callers()
        self._owed.turn_away()
        started = {key for key in self._works.steps() if not self._turns.has_kept(key)}
        give_up_at = self._clock() + self.state.rules.grace_s
        while started and (left := give_up_at - self._clock()) > 0:
            try:
                message = self._inbox.wait_for_next(left)
            except Empty:
                break
            if isinstance(message, Returned) and (event := self._told(message, self._clock())):
                started.discard(event.key)
                # Code whose calls were turned away has not failed: a resume goes on with it.
                if isinstance(event, StepSucceeded) or event.key not in cut_off:
                    facts.append(event)
            elif isinstance(message, Calling | Called):
                cut_off.add(message.context.key)
                if isinstance(message, Called) and self._is_awaited(message):
                    facts.append(self._learnt(message.returned(self._clock())))
            turn_away(message)
        try:
            self._log.append(facts)
        except JournalError:
            lost = ", ".join(event.key for event in facts if isinstance(event, StepSucceeded))
            if lost:
                raise JournalError(f"{error}; these steps ended but could not be recorded: {lost}") from error
        raise error

    def _act_on(self, events: Sequence[Event]) -> list[Event]:
        """Let the world feel what was decided; what there is to tell of that at once."""
        news: list[Event | None] = []
        for event in events:
            match event:
                case StepStarted():
                    news.append(self._submit(event.key, event.attempt))
                case StepReleased(key=key):
                    news.append(self._begin_in_turn(key))
                case StepSucceeded() | StepFailed() | StepCancelled() | StepInterrupted():
                    self._release(event.key)
                    if not self._listening.is_idle:
                        self._listening.end(event.key)
                case ScopeOpened(key=key):
                    news.append(self._listening.begin(key))
                case SignalArrived(key=key):
                    self._listening.end_if_full(key)
                case PlanChanged() | PlanClosed() | ToolCalled() | ToolReturned():
                    self._owed.answer_next(self.state)
                    if isinstance(event, PlanChanged):
                        self._turns.follow_plan()
                case RunResumed():
                    news += [self._listening.begin(key) for key in self.state.open_scopes()]
        return [self._learnt(event) for event in news if event is not None]

    def _submit(self, key: str, attempt: int) -> Event | None:
        place = self.state.running.get(key)
        if place is None:  # given up in the same breath, because something else failed
            return None
        frame, step_id = place
        step = frame.graph.steps[step_id]
        assert not isinstance(step.action, Scope)
        context = ToolContext(self.state.run_id, key, attempt, Cancellation())
        try:
            work = Work(context, step.action, flow.arguments(frame, step), step.outputs)
        except Unreadable as error:
            return StepFailed(self._clock(), key, flow.explained(error, step))
        if step_id in frame.calls:
            work.answers = self._answers(key)
        held = self._turns.kept_back(work, self._clock())
        if held is None and (event := self._sent(work)) is not None:
            return event
        self._works.add(work, frame.serial)
        # Not from the event's time on: those who watch may have taken long over it.
        if self.state.rules.timeout_of(step) is not None:
            handed_over(self.state, frame, step_id, self._clock())
        return held

    def _begin_in_turn(self, key: str) -> Event | None:
        """Hand over a work that had to wait, now that a restart would know that it may have begun."""
        if key not in self.state.running:  # given up in the same breath
            return None
        work = self._turns.let_begin(key)
        if work is None or (event := self._sent(work)) is None:
            return None
        self._works.take_back(work)
        return event

    def _sent(self, work: Work) -> Event | None:
        """Hand a work over; what there is to tell if nobody takes it."""
        try:
            self._dispatch.send(work)
        except NotTaken as error:
            if error.is_end_of_program:  # no failure of the step's: it can be resumed
                return CancelAsked(self._clock(), True, PROGRAM_ENDS)
            return StepFailed(self._clock(), work.context.key, Failure("internal", str(error)))
        return None

    def _answers(self, key: str) -> dict[str, MadeCall]:
        """What the calls of earlier attempts at a step gave back; copies, because work is done by strangers."""
        calls = self.state.calls_of(key)
        return {call: replace(made, value=detached(made.value)) for call, made in calls.items() if made.has_returned}

    def _release(self, key: str) -> None:
        """A step has ended; if that was not its own doing, stop what still works for it."""
        work = self._works.give_up(key)
        if work is None:
            return
        if self._turns.give_up(key):  # it was never sent, so nothing of it goes on
            if attempt := self._works.forget(work):
                came_back(self.state, attempt)
            return
        self._dispatch.is_lost()
        work.context.cancellation.ask()

    def _let_go(self) -> None:
        for key in self._works.steps():
            self._release(key)
        self._turns.leave()
        self._dispatch.close()
        self._listening.end_all()
        self._is_over = True
        self._turn_away()

    def _turn_away(self) -> None:
        """Nobody hears any more: whoever waits for an answer gets one."""
        self._owed.turn_away()
        self._inbox.turn_away()
