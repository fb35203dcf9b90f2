"""A conversation: what was asked and answered, and what its runs gave, for follow-ups to build upon.

What a run gave keeps a name. A plan that comes later may have an input of that name and gets the value
itself: no text has to pass through a model again, be it as long as it may. Everything is kept in the
journal turn by turn; what a planner is shown of it is a part.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from overseer.errors import JournalError, RunNotFound
from overseer.frontends.asking import SUMMARY
from overseer.frontends.asking import Turn as ShownTurn
from overseer.frontends.earlier import Earlier
from overseer.ids import new_run_id
from overseer.journal.journal import Journal
from overseer.journal.sessions import Sessions, Turn, TurnKind
from overseer.jsonvalue import Json
from overseer.kernel.events import StepSucceeded
from overseer.text.brevity import brief

_PLAIN = re.compile(r"\W+")
_ANSWER = "answer"
_QUOTED = 60  # letters of a request that tells results apart

# After a summary that came to nothing, so many turns are said before another one is tried for.
_TURNS_BETWEEN_TRIES = 10


class Keeper(Protocol):
    """Where turns are kept."""

    def add(self, session_id: str, turn: Turn) -> None: ...

    def took(self, session_id: str, spent: Json, at: float) -> None: ...


class KeepsNothing:
    """For those who want no trace."""

    def add(self, session_id: str, turn: Turn) -> None:
        pass

    def took(self, session_id: str, spent: Json, at: float) -> None:
        pass


# Takes out of a text what is secret.
Redact = Callable[[str], str]

# The values of a run's steps, by step id.
ValuesOf = Callable[[str], Mapping[str, Json]]


class Conversation:
    """One session's turns so far, and the results that they left. Safe to share between threads."""

    def __init__(
        self,
        session_id: str,
        *,
        keeper: Keeper,
        clock: Callable[[], float],
        turns: Iterable[Turn] = (),
        values_of: ValuesOf = lambda run_id: {},
    ) -> None:
        """`turns` are those of a session that goes on; `values_of` reads what their runs gave."""
        self.session_id = session_id
        self.turns: list[Turn] = []
        self._results: dict[str, Earlier] = {}
        self.on_lost: Callable[[str], None] = lambda problem: None  # is told of a turn that cannot be kept
        self._keeper = keeper
        self._clock = clock
        self._not_summed_up_at = -_TURNS_BETWEEN_TRIES
        self._lock = threading.RLock()  # runs in the background end when they do
        for turn in turns:
            self._take(turn, values_of(turn.run_id) if turn.kind == "run" else {})

    # --- what happens

    def asked(self, text: str) -> None:
        self._add("request", text)

    def answered(self, text: str, *, is_partial: bool = False, is_made: bool = True) -> None:
        """The answer, or what there was of it when it was broken off.

        One that nobody has made, such as a list of the values that there are, is nothing to build upon.
        """
        body: dict[str, Json] = {"partial": True} if is_partial else {}
        self._add("answer", text, body=body if is_made else {**body, "made": False})

    def noted(self, text: str) -> None:
        """Something that the program did or said: a plan that was dropped, a refusal."""
        self._add("note", text)

    def ran(self, run_id: str, text: str, values: Mapping[str, Json], *, request: str = "") -> None:
        """A run that ended, with the values of its steps, and what had been asked for."""
        with self._lock:
            names: dict[str, Json] = {self._free_name(step_id): step_id for step_id in values}
            body: dict[str, Json] = {"results": names, **({"request": brief(request, _QUOTED)} if request else {})}
            self._add("run", text, run_id=run_id, body=body, values=values)

    def took(self, spent: Json) -> None:
        """What a request took with its plan, its run and its answer; that is not part of what is said."""
        if spent:
            with suppress(JournalError):  # what was said is worth more
                self._keeper.took(self.session_id, spent, self._clock())

    def summed_up(self, text: str, until: int) -> None:
        """A summary that stands for the first `until` turns where there is no room for them."""
        self._add("summary", text, body={"until": until})

    def not_summed_up(self) -> None:
        """A summary came to nothing. Asking for it again with every turn would cost more than it is worth."""
        self._not_summed_up_at = len(self.turns)

    def _add(
        self,
        kind: TurnKind,
        text: str,
        *,
        run_id: str = "",
        body: Mapping[str, Json] | None = None,
        values: Mapping[str, Json] | None = None,
    ) -> None:
        turn = Turn(kind, text, self._clock(), run_id, body or {})
        with self._lock:
            try:
                self._keeper.add(self.session_id, turn)
            except JournalError as error:  # it was said all the same, and the conversation goes on with it
                self.on_lost(f"this will not be there when the conversation is gone on with: {error}")
            self._take(turn, values or {})

    def _take(self, turn: Turn, values: Mapping[str, Json]) -> None:
        self.turns.append(turn)
        if turn.kind == "run":
            asked = turn.body.get("request")
            of = f' of "{asked}"' if asked else ""
            for name, step_id in dict(turn.body.get("results", {})).items():
                if step_id in values:
                    self._results[name] = Earlier(values[step_id], f"the result of step '{step_id}'{of}")
        elif turn.kind == "answer" and turn.text and not turn.body.get("partial") and turn.body.get("made", True):
            self._results[self._free_name(_ANSWER)] = Earlier(turn.text, "an answer in this conversation")

    def _free_name(self, step_id: str) -> str:
        """A name for a result that no earlier one has."""
        base = _PLAIN.sub("_", step_id).strip("_") or "result"
        name, number = base, 1
        while name in self._results:
            number += 1
            name = f"{base}_{number}"
        return name

    # --- what a follow-up builds upon

    @property
    def results(self) -> Mapping[str, Earlier]:
        """What a plan may have as inputs, by name; the latest last."""
        return self._results

    def shown(self) -> list[ShownTurn]:
        """The turns for a planner: from the last summary on, with that before them."""
        summary = self._last_summary()
        rest = self.turns[int(summary.body["until"]) :] if summary is not None else self.turns
        shown = [(_SPEAKERS[turn.kind], turn.text) for turn in rest if turn.kind != "summary"]
        return [(SUMMARY, summary.text), *shown] if summary is not None else shown

    def to_sum_up(self, keep: int) -> tuple[list[ShownTurn], int]:
        """The turns but for the last `keep`, with the summary before them, and up to which turn that is.

        Nothing where there are none, and for a while after a summary came to nothing.
        """
        if len(self.turns) - self._not_summed_up_at < _TURNS_BETWEEN_TRIES:
            return [], 0
        spoken = [place for place, turn in enumerate(self.turns) if turn.kind != "summary"]
        if len(spoken) <= keep:
            return [], 0
        until = spoken[-keep] if keep else len(self.turns)
        shown = self.shown()
        turns = shown[: max(0, len(shown) - keep)]
        return (turns, until) if any(speaker != SUMMARY for speaker, _ in turns) else ([], 0)

    def _last_summary(self) -> Turn | None:
        return next((turn for turn in reversed(self.turns) if turn.kind == "summary"), None)


_SPEAKERS: Mapping[TurnKind, str] = {
    "request": "user",
    "answer": "overseer",
    "run": "overseer, of a plan that it carried out",
    "note": "overseer, of what it did",
}


class _WithoutSecrets:
    """Keeps turns free of what nobody should find there later."""

    def __init__(self, sessions: Sessions, redact: Redact) -> None:
        self._sessions = sessions
        self._redact = redact

    def add(self, session_id: str, turn: Turn) -> None:
        self._sessions.add(session_id, replace(turn, text=self._redact(turn.text)))

    def took(self, session_id: str, spent: Json, at: float) -> None:
        self._sessions.took(session_id, spent, at)


def begun(journal: Journal | None, folder: Path, redact: Redact = str) -> Conversation:
    """A new conversation, kept where there is a journal."""
    now = time.time()
    session_id = new_run_id(now)
    if journal is None:
        return Conversation(session_id, keeper=KeepsNothing(), clock=time.time)
    journal.sessions.begin(session_id, folder=str(folder.absolute()), at=now)
    return Conversation(session_id, keeper=_WithoutSecrets(journal.sessions, redact), clock=time.time)


def continued(journal: Journal, session_id: str, redact: Redact = str) -> Conversation:
    """A conversation that goes on; `session_id` may be the beginning of its id, RunNotFound if there is none."""
    meant = journal.sessions.meant(session_id)
    return Conversation(
        meant,
        keeper=_WithoutSecrets(journal.sessions, redact),
        clock=time.time,
        turns=journal.sessions.turns(meant),
        values_of=lambda run_id: _values_of(journal, run_id),
    )


def last_of(journal: Journal, folder: Path) -> str:
    """The id of the conversation used last in a folder; RunNotFound if there is none."""
    newest = journal.sessions.newest(limit=1, folder=str(folder.absolute()))
    if not newest:
        remedy = "leave --continue out to begin one; those of all folders: overseer sessions"
        raise RunNotFound(f"there is no conversation in this folder to go on with; {remedy}")
    return newest[0].session_id


def _values_of(journal: Journal, run_id: str) -> dict[str, Json]:
    """What the steps of a run gave, but for those inside of others; nothing if the run was removed."""
    try:
        return {
            event.key: event.value
            for event in journal.events(run_id)
            if isinstance(event, StepSucceeded) and "/" not in event.key
        }
    except JournalError:  # it was removed, or is damaged: what was said of it is still there
        return {}
