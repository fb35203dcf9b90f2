"""An answer without a model: what the steps gave, as people read it, and what failed. Nothing is added to that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overseer.frontends.outcome import Outcome, StepOutcome, failure_lines
from overseer.jsonvalue import Json, as_text, json_text

_WIDEST = 40  # letters of a column
_INDENT = "  "


def plain_answer(outcome: Outcome) -> str:
    """What was made and what was not, as text."""
    failed = failure_text(outcome)
    return "\n\n".join(part for part in ("\n".join(_made(outcome)), failed) if part) or "Nothing was done."


def failure_text(outcome: Outcome) -> str:
    """What did not succeed and why; nothing if everything did."""
    lines = failure_lines(outcome)
    if not lines:
        return ""
    return "\n".join(["What did not succeed:", *(f"- {line}" for line in lines)])


def _made(outcome: Outcome) -> Iterator[str]:
    if outcome.plan.output is not None and outcome.output is not None:
        yield from _alone(outcome.output)
        return
    results = outcome.results()
    with_values = [step for step in results if step.value is not None]
    if len(with_values) == len(results) == 1:
        yield from _alone(with_values[0].value)
        return
    for step in results:
        yield from _result(step)


def _alone(value: Json) -> list[str]:
    """A value that nothing names: where it is empty, that is what there is to say."""
    return readable(value) if value != "" else ["(an empty text)"]


def _result(step: StepOutcome) -> Iterator[str]:
    if step.value is None:
        yield f"Done: {step.title}"
        return
    yield from _named(step.title, step.value)


def readable(value: Json) -> list[str]:
    """A value as lines: text as it is, lists as lists, lists of like objects as tables, objects name by name."""
    if isinstance(value, list):
        if (table := _table(value)) is not None:
            return table
        return [line for item in value for line in _item(item)] or ["(an empty list)"]
    if isinstance(value, dict):
        return [line for name, inner in value.items() for line in _named(name, inner)] or ["(nothing)"]
    return _scalar(value).split("\n")


def _named(name: str, value: Json) -> list[str]:
    lines = readable(value)
    if len(lines) == 1 and not (isinstance(value, list | dict) and value):
        return [f"{name}: {lines[0]}"]
    return [f"{name}:", *(f"{_INDENT}{line}" if line else "" for line in lines)]


def _item(value: Json) -> list[str]:
    first, *rest = readable(value)
    return [f"- {first}", *(f"{_INDENT}{line}" if line else "" for line in rest)]


def _scalar(value: Json) -> str:
    match value:
        case None:
            return "(nothing)"
        case bool():
            return "yes" if value else "no"
        case _:
            return as_text(value)


def _table(rows: Sequence[Json]) -> list[str] | None:
    """A table of objects that have the same names and short values; None if the list is something else."""
    if len(rows) < 2 or not all(isinstance(row, dict) and row and row.keys() == rows[0].keys() for row in rows):
        return None
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    if any(cell is None for row in cells for cell in row):
        return None
    table = [names, *([cell or "" for cell in row] for row in cells)]
    widths = [max(len(row[column]) for row in table) for column in range(len(names))]
    if max(widths) > _WIDEST:
        return None
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _cell(value: Json) -> str | None:
    """A value as it stands in a table; None if it takes more than that."""
    if isinstance(value, list | dict):
        return json_text(value) if not value else None
    text = "" if value is None else _scalar(value)
    return None if "\n" in text else text
