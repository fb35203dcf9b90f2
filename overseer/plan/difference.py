"""How two plans differ: steps that came, went or changed, field by field, as values and as lines to read.

Plans are compared by what they say when they are written down, so what means the same is no difference.
Whoever approves a plan by its difference sees all of it: nothing is cut.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from overseer.jsonvalue import Json, is_same, json_text
from overseer.plan.values import WorkflowPlan, WorkflowStep
from overseer.plan.writing import to_document

Path: TypeAlias = tuple[str, ...]

_INLINE = 60  # letters of a value that stands beside another in one line


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One thing that a plan or a step says otherwise, says for the first time, or says no more."""

    path: Path  # such as ("args", "target_lang"); steps of a body are named by their ids
    kind: Literal["added", "removed", "changed"]
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step that both plans have and that is not the same in them."""

    step_id: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to be done to one plan to get the other."""

    added: tuple[WorkflowStep, ...] = ()
    removed: tuple[WorkflowStep, ...] = ()
    changed: tuple[StepChange, ...] = ()
    plan: tuple[FieldChange, ...] = ()  # what the plan says beside its steps: inputs, output, budget and the like
    order: tuple[str, ...] = ()  # the steps of both plans as the later one has them, if they stand in another order

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.plan or self.order)


def difference(before: WorkflowPlan, after: WorkflowPlan) -> Difference:
    """How the second plan differs from the first."""
    old, new = to_document(before), to_document(after)
    old_steps, new_steps = _by_id(old.pop("steps")), _by_id(new.pop("steps"))
    changed = (
        StepChange(key, fields)
        for key, step in new_steps.items()
        if key in old_steps and (fields := tuple(_changes(old_steps[key], step)))
    )
    kept = [key for key in new_steps if key in old_steps]
    return Difference(
        added=tuple(step for key, step in _keyed(after) if key not in old_steps),
        removed=tuple(step for key, step in _keyed(before) if key not in new_steps),
        changed=tuple(changed),
        plan=tuple(_changes(old, new)),
        order=() if kept == [key for key in old_steps if key in new_steps] else tuple(kept),
    )


def _changes(before: Json, after: Json, path: Path = ()) -> Iterator[FieldChange]:
    """The fields that differ, as deep down as both sides are objects or bodies of steps."""
    if path and path[-1] == "steps" and isinstance(before, list) and isinstance(after, list):
        before, after = _by_id(before), _by_id(after)
        kept = [key for key in after if key in before]
        if kept != (was := [key for key in before if key in after]):
            yield FieldChange((*path, "order"), "changed", was, kept)
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if not is_same(before, after):
            yield FieldChange(path, "changed", before, after)
        return
    for key in dict.fromkeys((*before, *after)):
        if key not in after:
            yield FieldChange((*path, key), "removed", before[key])
        elif key not in before:
            yield FieldChange((*path, key), "added", after=after[key])
        elif not is_same(before[key], after[key]):
            yield from _changes(before[key], after[key], (*path, key))


def _by_id(steps: Sequence[dict[str, Json]]) -> dict[str, Json]:
    return dict(zip(_unique([step["step_id"] for step in steps]), steps, strict=True))


def _keyed(plan: WorkflowPlan) -> Iterator[tuple[str, WorkflowStep]]:
    return zip(_unique([step.step_id for step in plan.steps]), plan.steps, strict=True)


def _unique(step_ids: Sequence[str]) -> list[str]:
    """The ids of steps; in a plan that was not checked, one may be there twice."""
    seen: Counter[str] = Counter()
    keys = []
    for step_id in step_ids:
        seen[step_id] += 1
        keys.append(step_id if seen[step_id] == 1 else f"{step_id} ({seen[step_id]})")
    return keys


# --- as lines


def difference_lines(found: Difference) -> list[str]:
    """The difference for a person: `+ step`, `- step`, `~ step: args.target_lang: fr -> de`."""
    lines = [f"- {_named(step)}" for step in found.removed]
    for step in found.added:
        lines.append(f"+ {_named(step)}")
        lines += [f"    {line}" for line in _said(step)]
    for change in found.changed:
        for field in change.fields:
            lines += _field_lines(f"{change.step_id}: ", field)
    for field in found.plan:
        lines += _field_lines("", field)
    if found.order:
        lines.append(f"~ order: {', '.join(found.order)}")
    return lines


def _named(step: WorkflowStep) -> str:
    return f"{step.step_id}: {step.description}" if step.description else step.step_id


def _said(step: WorkflowStep) -> Iterator[str]:
    """Everything that a step says beside its name, a line for each part."""
    document = to_document(WorkflowPlan((step,)))["steps"][0]
    for field in _changes({}, {key: value for key, value in document.items() if key not in ("step_id", "description")}):
        for path, value in _parts(field.path, field.after):
            yield from _value_lines(".".join(path), value)


def _parts(path: Path, value: Json) -> Iterator[tuple[Path, Json]]:
    if path[-1] == "steps" and isinstance(value, list):
        value = {key: {**step} for key, step in _by_id(value).items()}
        for step in value.values():
            del step["step_id"]
    if not isinstance(value, Mapping) or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from _parts((*path, key), inner)


def _value_lines(name: str, value: Json) -> list[str]:
    lines = _text(value).split("\n")
    return [f"{name}: {lines[0]}"] if len(lines) == 1 else [f"{name}:", *(f"  {line}" for line in lines)]


def _field_lines(of: str, field: FieldChange) -> list[str]:
    name = ".".join(field.path)
    match field.kind:
        case "added":
            return [f"~ {of}{name}: + {_one_line(field.after)}"]
        case "removed":
            return [f"~ {of}{name}: - {_one_line(field.before)}"]
    before, after = _texts(field.before, field.after)
    if "\n" not in before + after and len(before) + len(after) <= 2 * _INLINE:
        return [f"~ {of}{name}: {before} -> {after}"]
    differing = difflib.ndiff(before.split("\n"), after.split("\n"))
    return [f"~ {of}{name}:", *(f"    {line}" for line in differing if line[0] in "+-")]


def _texts(before: Json, after: Json) -> tuple[str, str]:
    """Two values that differ, as texts that do."""
    texts = _text(before), _text(after)
    return texts if texts[0] != texts[1] else (json_text(before), json_text(after))


def _text(value: Json) -> str:
    """Text as it is where that can be seen, JSON for the rest."""
    return value if isinstance(value, str) and value.strip() == value and value else json_text(value)


def _one_line(value: Json) -> str:
    text = _text(value)
    return json_text(value) if "\n" in text else text
