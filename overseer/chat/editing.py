"""Editing a plan as YAML in the editor of whoever is at the terminal.

What was typed is kept until it is a plan without faults or somebody wants the plan as it was: nobody
types it twice for a slip. Opened again, it has its faults above it, as comments that are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from overseer.broker.needs import visible
from overseer.chat.editor import in_editor
from overseer.plan import Limits, check_draft, read_plan
from overseer.plan.faults import Fault
from overseer.plan.values import WorkflowPlan
from overseer.text.brevity import shortened
from overseer.tool import Tool

_MARK = "#! "  # begins a line that is ours
_HEAD = (
    "This is no plan that can run yet. Lines that begin with #! are taken out again;",
    "empty the file to leave the plan as it was.",
)
_MOST_FAULTS = 50
_LONGEST_QUOTE = 100


@dataclass(frozen=True, slots=True)
class Edited:
    """What came out of the editor: a plan, or why it is none."""

    text: str
    plan: WorkflowPlan | None
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.text.strip()


def edited(
    text: str, editor: str, tools: Mapping[str, Tool], limits: Limits, *, faults: Sequence[Fault] = ()
) -> Edited:
    """What somebody made of a plan's text in an editor; `faults` are those that the text has."""
    after = without_faults(in_editor(with_faults(text, faults), editor, suffix=".yaml"))
    return Edited(after, None) if not after.strip() else checked_text(after, tools, limits)


def checked_text(text: str, tools: Mapping[str, Tool], limits: Limits) -> Edited:
    """A plan from text; every fault has its line there."""
    checked = check_draft(read_plan(text, syntax="yaml"), tools=tools, limits=limits, folder=None)
    if checked.faults:
        return Edited(text, None, tuple(checked.faults))
    return Edited(text, checked.plan, notes=tuple(checked.notes))


def with_faults(text: str, faults: Sequence[Fault]) -> str:
    """A text with its faults above it, whose lines are counted as the editor will count them."""
    if not faults:
        return text
    shown = faults[:_MOST_FAULTS]
    more = [f"and {len(faults) - len(shown):,} more"] if len(faults) > len(shown) else []
    height = len(_HEAD) + len(shown) + len(more)
    said = [visible(str(_lower(fault, height))) for fault in shown]
    return "".join(f"{_MARK}{line}\n" for line in (*_HEAD, *said, *more)) + text


def _lower(fault: Fault, by: int) -> Fault:
    is_here = fault.line is not None and not fault.source
    return replace(fault, line=(fault.line or 0) + by) if is_here else fault


def without_faults(text: str) -> str:
    """The text without the lines of ours at its beginning."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    ours = next((place for place, line in enumerate(lines) if not line.startswith(_MARK.rstrip())), len(lines))
    return "".join(lines[ours:]) if ours else text


def fault_lines(text: str, faults: Sequence[Fault]) -> list[str]:
    """Each fault, and under it the line of the text that it is about."""
    lines = text.splitlines()
    said: list[str] = []
    for fault in faults[:_MOST_FAULTS]:
        said.append(visible(str(fault)))
        if fault.line is not None and not fault.source and 0 < fault.line <= len(lines):
            quoted = visible(lines[fault.line - 1].rstrip())
            said.append(f"  {fault.line} | {shortened(quoted, _LONGEST_QUOTE)}")
    if len(faults) > _MOST_FAULTS:
        said.append(f"and {len(faults) - _MOST_FAULTS:,} more")
    return said
