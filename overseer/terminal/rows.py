"""A running step as one line of a live view."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import assert_never

from overseer.jsonvalue import Json
from overseer.plan.values import Action, Call, Code, Each, Mode, On, Once, Scope, Until
from overseer.terminal.style import Line, Span
from overseer.text.cells import cells, padded

_KINDS: dict[type[Mode], str] = {Once: "workflow", Each: "map", Until: "loop", On: "events"}
_NARROW = 60  # cells; below that, what is known of the plan gives room to what changes


@dataclass(slots=True)
class Rounds:
    """The rounds of a scope, counted."""

    total: int | None
    ended: int = 0
    failed: int = 0
    open: int = 0

    def text(self) -> str:
        ended = f"{self.ended:,} of {self.total:,} done" if self.total is not None else f"{self.ended:,} rounds done"
        failed = f"{self.failed:,} failed" if self.failed else ""
        return ", ".join(part for part in (ended, f"{self.open:,} running" if self.open else "", failed) if part)


@dataclass(slots=True)
class Row:
    """A running step. `since` is by the view's own clock, `began` by that of the events."""

    title: str
    what: str
    since: float
    began: float | None
    is_frame: bool = False  # a scope whose steps have rows of their own
    rounds: Rounds | None = None
    attempts: int = 1
    note: str = ""
    spent: Json = None
    held: dict[str, str] = field(default_factory=dict)  # which of its steps wait, and for what
    calls: dict[str, str] = field(default_factory=dict)  # of its code that are under way, and to which tool

    def line(self, now: float, *, mark: str, ellipsis: str, columns: int, title_cells: int) -> Line:
        """What it is, for how long, what it took so far, and what it waits for."""
        spans: list[Span] = [("running", f"  {mark} "), ("title", padded(self.title, title_cells, ellipsis))]
        if columns >= _NARROW and self.what:
            spans.append(("quiet", f"  {self.what}"))
        spans.append(("quiet", f"  {elapsed_text(now - self.since)}"))
        if self.rounds is not None:
            spans.append(("quiet", f"  {self.rounds.text()}"))
        if tokens := tokens_text(self.spent):
            spans.append(("quiet", f"  {tokens}"))
        if waits := self._waits_for():
            spans.append(("waiting", f"  {waits}"))
        return tuple(spans)

    def _waits_for(self) -> str:
        if self.held:
            many = f"{len(self.held):,} " if self.rounds is not None else ""
            return f"{many}waiting for {', '.join(sorted(set(self.held.values())))}"
        if self.note:
            return self.note
        if self.calls:
            called = Counter(self.calls.values())
            return "calling " + ", ".join(f"{name} ({times}x)" if times > 1 else name for name, times in called.items())
        return ""


def title_cells(rows: list[Row], columns: int) -> int:
    """How wide the titles of these rows are shown, all alike."""
    widest = max((cells(row.title) for row in rows), default=0)
    return min(widest, columns * 2 // 5 if columns >= _NARROW else max(8, columns - 24))


def what_of(action: Action) -> str:
    """What a step does, in a word: the name of its tool, or the kind of its scope."""
    match action:
        case Call(tool=tool):
            return tool
        case Code():
            return "code"
        case Scope(mode=mode, workflow=workflow):
            return f"workflow {workflow}" if workflow and isinstance(mode, Once) else _KINDS[type(mode)]
        case _:
            assert_never(action)


def elapsed_text(seconds: float) -> str:
    """A time that goes on, in whole seconds; of long ones only what changes slowly."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"


def tokens_text(spent: Json) -> str:
    tokens = spent.get("tokens", 0) if isinstance(spent, dict) else 0
    return f"{tokens:,} tokens" if tokens else ""
