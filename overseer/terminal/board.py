"""What a live view shows of a run: a row for every step that is running, and lines that tell how steps ended.

It learns from the run's events, at little cost for each, and is asked for lines when they are to be drawn. A scope
whose body runs more than once has one row with counts; of what happens in its rounds only failures are told, and
of those the first few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Literal

from overseer.jsonvalue import Json
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunResumed,
    ScopeOpened,
    SourceOpened,
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
from overseer.plan import plan_from
from overseer.plan.values import Once, Scope, WorkflowPlan
from overseer.reports.reasons import Reasons
from overseer.reports.render import cancel_text, few_lines
from overseer.spending import spent_text, total
from overseer.terminal.heard import Heard, last_lines
from overseer.terminal.rows import Rounds, Row, elapsed_text, title_cells, tokens_text, what_of
from overseer.terminal.style import Line, Marks
from overseer.text.cells import cut

# Of the steps in rounds that went wrong, those that are told of each scope.
MOST_INNER = 5
MOST_OF_TITLE = 60  # cells of a step that has ended; the plan has told all of it
MOST_HEARD = 6  # lines of an answer that is under way

Ending = Literal["done", "failed", "skipped", "cancelled"]

_INDEX = re.compile(r"\[\d+\]")


class Board:
    """Running steps by key, and lines that are to be shown for good."""

    def __init__(
        self, plan: WorkflowPlan, *, marks: Marks, shown: Callable[[str], str], clock: Callable[[], float]
    ) -> None:
        self._marks = marks
        self._shown = shown  # what a text looks like where it is shown: no secrets, nothing that steers
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._heard = Heard()
        self._told: list[Line] = []
        self._starting: list[str] = []
        self._ended: dict[str, Ending] = {}  # steps of the plan itself
        self._told_inner: Counter[str] = Counter()
        self._reasons = Reasons()
        self._spent: Json = None
        self._began = clock()
        self._follow(plan)

    def _follow(self, plan: WorkflowPlan) -> None:
        self._count = len(plan.steps)
        self._names: dict[str, tuple[str, str]] = {}  # title and kind, by key without the numbers of rounds
        self._frames: set[str] = set()  # scopes that run once: their steps are shown like others
        self._scopes: set[str] = set()  # the others
        self._read(plan, "")

    def _read(self, plan: WorkflowPlan, above: str) -> None:
        for step in plan.steps:
            path = f"{above}{step.step_id}"
            self._names[path] = (" ".join(self._shown(step.title).split()), self._shown(what_of(step.action)))
            if isinstance(step.action, Scope):
                (self._frames if isinstance(step.action.mode, Once) else self._scopes).add(path)
                if step.action.body is not None:
                    self._read(step.action.body, f"{path}/")

    # --- what happens

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case StepStarted(at=at, key=key, attempt=attempt):
                self._start(key, at, attempt)
            case StepSucceeded(at=at, key=key, spent=spent):
                self._end(key, at, "done", spent=spent)
            case StepFailed(key=key, failure=failure, retry_at=float(), spent=spent):
                self._try_again(key, failure.message, spent)
            case StepFailed(at=at, key=key, failure=failure, spent=spent):
                self._end(key, at, "failed", failure.message, spent=spent)
            case StepSkipped(at=at, key=key, detail=detail):
                self._end(key, at, "skipped", detail)
            case StepCancelled(at=at, key=key, reason=reason):
                self._end(key, at, "cancelled", reason)
            case StepInterrupted(at=at, key=key, has_begun=has_begun):
                self._end(key, at, "cancelled", "cut off" if has_begun else "given up before it began")
            case _:
                self._observe_work(event)

    def _observe_work(self, event: Event) -> None:
        """What happens within a step."""
        match event:
            case StepHeld(key=key):
                if row := self._row_of(key):
                    row.held[key] = event.what
            case StepReleased(key=key):
                if row := self._row_of(key):
                    row.held.pop(key, None)
            case ToolCalled(key=key, call=call, tool=tool):
                if row := self._row_of(key):
                    row.calls[f"{key} {call}"] = tool
            case ToolReturned(key=key, call=call, spent=spent):
                if row := self._row_of(key):
                    row.calls.pop(f"{key} {call}", None)
                    self._spend(row, spent)
            case ScopeOpened(at=at, key=key, rounds=total_rounds):
                self._open(key, at, total_rounds)
            case RoundOpened(at=at, key=key):
                if rounds := self._counted(key, at):
                    rounds.open += 1
            case RoundClosed(at=at, key=key, status=status):
                if rounds := self._counted(key, at):
                    rounds.open, rounds.ended = max(0, rounds.open - 1), rounds.ended + 1
                    rounds.failed += status == "failed"
            case SourceOpened(key=key, where=where):
                if row := self._row_of(key):
                    row.note = self._shown(f"listening: {where}")
            case _:
                self._observe_run(event)

    def _observe_run(self, event: Event) -> None:
        """What is not about a step."""
        match event:
            case CancelAsked():
                self._tell((("cancelled", self._shown(cancel_text(event))),))
            case RunResumed():
                self._ended = {key: how for key, how in self._ended.items() if how == "done"}
                self._rows = {key: row for key, row in self._rows.items() if row.is_frame or row.rounds is not None}
                for row in self._rows.values():
                    row.since = self._clock()
                    row.held.clear()
                    row.calls.clear()
                self._tell((("quiet", "going on where the run was"),))
            case PlanChanged(plan=plan):
                self._follow(plan_from(plan).plan)
            case RunFinished():
                self._rows.clear()
                self._heard.clear()

    def hear(self, key: str, piece: str | None) -> None:
        """Take the next piece of what a model answers a step."""
        self._heard.add(key, piece)

    def announce(self) -> None:
        """Nothing more happens at the same time: tell of the steps that have started together, where no others run."""
        starting, self._starting = self._starting, []
        if len(starting) > 1 and len(starting) == self._running():
            self._told.append((("title", f"Executing {len(starting)} steps in parallel:"),))

    def recall(self, event: Event) -> None:
        """Take note of what happened when nobody was looking."""
        self.observe(event)
        self._starting.clear()
        self._told.clear()

    def _start(self, key: str, at: float, attempt: int) -> None:
        if self._scope_above(key) is not None:
            return
        if (row := self._rows.get(key)) is not None:
            row.attempts, row.note = attempt, ""
            return
        title, what = self._named(key)
        self._rows[key] = Row(title, what, self._clock(), at, attempts=attempt)
        self._starting.append(key)

    def _open(self, key: str, at: float, rounds: int | None) -> None:
        if self._scope_above(key) is not None or key in self._rows:
            return
        title, what = self._named(key)
        is_frame = _INDEX.sub("", key) in self._frames
        counted = None if is_frame else Rounds(rounds)
        self._rows[key] = Row(title, what, self._clock(), at, is_frame=is_frame, rounds=counted)
        if not is_frame:
            self._starting.append(key)

    def _counted(self, key: str, at: float) -> Rounds | None:
        """The rounds of a scope, if they are counted; one that nobody saw open is as good as open."""
        if (row := self._rows.get(key)) is not None:
            return row.rounds
        if self._scope_above(key) is not None or _INDEX.sub("", key) in self._frames:
            return None
        self._open(key, at, None)
        return self._rows[key].rounds

    def _try_again(self, key: str, message: str, spent: Json) -> None:
        self._heard.drop(key)
        if row := self._row_of(key):
            self._spend(row, spent)
            row.held.pop(key, None)
            if row.rounds is None:
                row.note = self._shown(f"to be tried again: {_first_line(message)}")

    def _end(self, key: str, at: float, how: Ending, why: str = "", spent: Json = None) -> None:
        self._heard.drop(key)
        row = self._row_of(key)
        if row is not None:
            self._spend(row, spent)
            row.held.pop(key, None)
        else:
            self._spent = total(self._spent, spent) if spent else self._spent
        scope = self._scope_above(key)
        if scope is None:
            self._rows.pop(key, None)
            if "/" not in key:
                self._ended[key] = how
            self._tell(self._ending(key, row, at, how, why))
        elif how == "failed":
            self._tell_inner(scope, key, why)

    def _tell_inner(self, scope: str, key: str, why: str) -> None:
        self._told_inner[scope] += 1
        if self._told_inner[scope] <= MOST_INNER:
            more = "; further failures are only counted" if self._told_inner[scope] == MOST_INNER else ""
            self._tell(self._ending(key, None, 0.0, "failed", f"{_first_line(why)}{more}"))

    def _ending(self, key: str, row: Row | None, at: float, how: Ending, why: str) -> Line:
        """How a step ended, in a line."""
        title = self._named(key)[0] if self._scope_above(key) is None else key
        took = f"{max(0.0, at - row.began):.2f} s" if row is not None and row.began is not None else ""
        told = [took, spent_text(row.spent) if row is not None and row.spent else ""]
        if row is not None:
            told.append(f"{row.attempts} attempts" if row.attempts > 1 else "")
            told.append(_rounds_text(row.rounds) if row.rounds is not None else "")
        took = ", ".join(part for part in told if part)
        mark: str = getattr(self._marks, how)
        head = ((how, f"  {mark} "), ("title", cut(self._shown(title), MOST_OF_TITLE, self._marks.ellipsis)))
        if how == "done":
            return (*head, ("quiet", f"  {took}" if took else ""))
        said = {"failed": "failed", "skipped": "skipped", "cancelled": "stopped"}[how]
        said = f"{said} after {took}" if took else said
        why = self._reasons.of(title, why) if how == "failed" else why
        return (*head, (how, f"  {said}: {self._shown(few_lines(why))}" if why else f"  {said}"))

    def _tell(self, line: Line) -> None:
        self.announce()
        self._told.append(line)

    def _spend(self, row: Row, spent: Json) -> None:
        if spent:
            row.spent, self._spent = total(row.spent, spent), total(self._spent, spent)

    # --- where a key belongs

    def _row_of(self, key: str) -> Row | None:
        return self._rows.get(self._scope_above(key) or key)

    def _scope_above(self, key: str) -> str | None:
        """The outermost scope whose row counts rounds and that the step is in, if there is one."""
        if "/" not in key:
            return None
        end = key.find("[")
        if key[:end] in self._scopes:  # as it nearly always is
            return key[:end]
        while end >= 0 and (slash := key.find("/", end)) >= 0:
            if _INDEX.sub("", key[:end]) in self._scopes:
                return key[:end]
            end = key.find("[", slash)
        return None

    def _named(self, key: str) -> tuple[str, str]:
        return self._names.get(_INDEX.sub("", key)) or (self._shown(key), "")

    # --- what is shown

    @property
    def is_running(self) -> bool:
        return bool(self._rows)

    def take_told(self) -> list[Line]:
        """The lines that are to be shown for good since this was asked last."""
        told, self._told = self._told, []
        return told

    def lines(self, *, columns: int, rows: int) -> list[Line]:
        """The running steps in no more than so many lines, and how far the run is."""
        if not self._rows:
            return []
        now = self._clock()
        shown = list(self._rows.values())
        room = max(1, rows - 3)  # besides the last line, and the two that are not touched
        hidden = 0
        if len(shown) > room:
            hidden = len(shown) - (room - 1)
            shown = shown[: room - 1]
        width = title_cells(shown, columns)
        lines = [
            row.line(
                now,
                mark=self._marks.running,
                ellipsis=self._marks.ellipsis,
                columns=columns,
                title_cells=width,
            )
            for row in shown
        ]
        if hidden:
            lines.append((("quiet", f"    and {hidden:,} more running"),))
        lines += self._heard_lines(columns, room - len(lines))
        lines.append((("quiet", f"  {self._so_far(now)}"),))
        return lines

    def _heard_lines(self, columns: int, room: int) -> list[Line]:
        """The end of what a model answers, while nothing else is going on."""
        if self._running() != 1 or not (text := self._heard.only()):
            return []
        ending = last_lines(self._shown(text), max(10, columns - 7), min(MOST_HEARD, room))
        return [(("quiet", f"      {line}"),) for line in ending]

    def _running(self) -> int:
        return sum(not row.is_frame for row in self._rows.values())

    def _so_far(self, now: float) -> str:
        running = self._running()
        ended = Counter(self._ended.values())
        parts = [f"{running:,} running", f"{ended.pop('done', 0):,} of {self._count:,} done"]
        parts += [f"{count:,} {how}" for how, count in ended.items()]
        return ", ".join([*parts, elapsed_text(now - self._began), *filter(None, [tokens_text(self._spent)])])


def _rounds_text(rounds: Rounds) -> str:
    failed = f", {rounds.failed:,} failed" if rounds.failed else ""
    return f"{rounds.ended:,} round{'s' if rounds.ended != 1 else ''}{failed}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
