"""Where the thread that owns a run hears of everything else, and whom it owes an answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import assert_never

from overseer.kernel.events import Event, PlanChanged, PlanClosed
from overseer.kernel.state import RunState
from overseer.running.messages import Called, Calling, Change, Message, Unanswered, turn_away

# What a run begins with was told by nobody who waits for an answer.
_NOBODYS = Change(lambda state, now: (), lambda faults: None)


class Inbox:
    """The messages to one run, put in by any thread and by signal handlers."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Message] = SimpleQueue()

    def put(self, message: Message) -> None:
        self._queue.put(message)

    def wait_for_next(self, patience_s: float) -> Message:
        """The next message; Empty if there is none in time."""
        try:
            # Asked even if there is none: in CPython a `get` with a timeout may otherwise find a lock open that the
            # last message left so, miss its deadline, and sleep for ever.
            return self._queue.get_nowait()
        except Empty:
            return self._queue.get(timeout=patience_s)

    def take_all(self) -> list[Message]:
        """Those that are there."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def turn_away(self) -> None:
        """Nobody hears any more: whoever waits for an answer gets one."""
        with suppress(Empty):
            while True:
                turn_away(self._queue.get_nowait())


class Owed:
    """Those who are answered once what they told is recorded, in the order in which it is."""

    def __init__(self) -> None:
        self._messages: deque[Unanswered] = deque()

    def accept(self, message: Unanswered) -> None:
        self._messages.append(message)

    def accept_first(self, events: Iterable[Event]) -> None:
        """Of what a run begins with, too, each change has its place."""
        self._messages.extend(_NOBODYS for event in events if isinstance(event, PlanChanged | PlanClosed))

    def callers(self) -> set[str]:
        """The steps whose code waits for an answer."""
        return {waiting.context.key for waiting in self._messages if isinstance(waiting, Calling | Called)}

    def answer_next(self, state: RunState) -> None:
        """What the next of them told is recorded."""
        message = self._messages.popleft()
        match message:
            case Change(answer=answer):
                answer(())
            case Calling(context=context, done=done):
                frame, step_id = state.running.get(context.key, (None, ""))
                # Else its step was given up in the same breath.
                done(frame is not None and frame.attempts[step_id] == context.attempt)
            case Called(done=done):
                done(True)
            case _:
                assert_never(message)

    def answer_all(self, state: RunState) -> None:
        while self._messages:
            self.answer_next(state)

    def turn_away(self) -> None:
        """Nothing more is recorded; several threads may be at this."""
        with suppress(IndexError):
            while True:
                turn_away(self._messages.popleft())
