"""What earlier calls took, as the journal has it: by tool, and by what the code of a step was to do.

What the scripted model of a demo took is left out: it says nothing of what a real one takes, least of all its price.
Only the newest runs are looked at, and of each only so much: a review does not wait for a long journal.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from overseer.journal.database import Database
from overseer.journal.runlog import ids_of
from overseer.jsonvalue import Json, json_text
from overseer.timing.forecast import Seen, task_name

_MOST_CALLS = 500  # of each tool
_MOST_RUNS = 200
_MOST_ROWS = 2_000  # of each run
_MOST_ROWS_IN_ALL = 20_000
_LARGEST_PLAN = 200_000  # letters; what a larger one took says little of another, and reading it takes time
_MOST_NAMES = 100

_KINDS = ("StepStarted", "StepSucceeded", "StepFailed", "StepHeld", "StepReleased", "ToolReturned", "PlanChanged")

_ROWS = (
    "SELECT at, kind, key, body, CASE kind WHEN 'PlanChanged' THEN coalesce(blobs.value, events.value) END"
    " FROM events LEFT JOIN blobs ON kind = 'PlanChanged' AND typeof(events.value) = 'blob' AND hash = events.value"
    f" WHERE id BETWEEN ? AND ? AND kind IN ({', '.join('?' * len(_KINDS))}) ORDER BY id LIMIT ?"
)


class Experience:
    """Of all runs of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, names: Iterable[str]) -> dict[str, Seen]:
        """What is known of these tools and tasks; those of which nothing is are left out."""
        wanted = dict.fromkeys(names)
        if not wanted:
            return {}
        calls: dict[str, list[_Took]] = {name: [] for name in wanted}
        with self._database.reading() as connection:
            left = _MOST_ROWS_IN_ALL
            for number, plan in _runs(connection, list(wanted)):
                left -= _read(connection, number, plan, calls)
                if left <= 0 or all(len(taken) >= _MOST_CALLS for taken in calls.values()):
                    break
        return {name: _seen(taken[:_MOST_CALLS]) for name, taken in calls.items() if taken}


@dataclass(frozen=True, slots=True)
class _Took:
    """One finished call."""

    seconds: float
    spent: Mapping[str, float]


@dataclass(slots=True)
class _Begun:
    """A call under way."""

    at: float
    held_since: float | None = None
    held_s: float = 0.0
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def _seen(taken: list[_Took]) -> Seen:
    is_priced = not any(took.spent.get("unpriced") for took in taken)
    return Seen(
        len(taken),
        _middle([took.seconds for took in taken]),
        _middle([took.spent.get("tokens", 0.0) for took in taken]),
        _middle([took.spent.get("cost", 0.0) for took in taken]) if is_priced else None,
    )


def _middle(amounts: list[float]) -> float:
    """The median."""
    ranked, half = sorted(amounts), len(amounts) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def _runs(connection: sqlite3.Connection, names: list[str]) -> Iterator[tuple[int, dict[str, Json]]]:
    """The newest runs whose plans name one of these, newest first."""
    said = [json_text(name.removeprefix(task_name(""))) for name in names[:_MOST_NAMES]]
    holds = " OR ".join("instr(plan, ?) > 0" for _ in said)
    rows = connection.execute(
        f"SELECT number, plan, options FROM runs WHERE length(plan) <= ? AND ({holds}) ORDER BY number DESC LIMIT ?",
        (_LARGEST_PLAN, *said, _MOST_RUNS),
    )
    for number, text, options in rows:
        try:
            plan = json.loads(text)
        except ValueError:  # damaged, of which others tell
            continue
        if "demo" not in _object(options):
            yield number, plan


def _read(connection: sqlite3.Connection, number: int, plan: dict[str, Json], calls: dict[str, list[_Took]]) -> int:
    """Add what the calls of one run took; how many rows were read for it."""
    names, begun, count = _names(plan), dict[str, _Begun](), 0
    for at, kind, key, body, changed in connection.execute(_ROWS, (*ids_of(number), *_KINDS, _MOST_ROWS)):
        count += 1
        if kind == "PlanChanged":
            names = _names(_object(changed))
            continue
        if (name := names.get(_path(key))) not in calls:
            continue
        if kind == "StepStarted":
            begun.setdefault(key, _Begun(at))
            continue
        if (call := begun.get(key)) is None:
            continue
        if kind == "StepHeld":
            call.held_since = at
        elif kind == "StepReleased" and call.held_since is not None:
            call.held_s, call.held_since = call.held_s + at - call.held_since, None
        record = _object(body) if body else {}
        for amount, spent in (record.get("spent") or {}).items():
            call.spent[amount] += spent
        if kind == "StepSucceeded":
            calls[name].append(_Took(max(0.0, at - begun.pop(key).at - call.held_s), call.spent))
        elif kind == "StepFailed" and record.get("retry_at") is None:
            del begun[key]
    return count


def _object(text: str | None) -> dict[str, Json]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _path(key: str) -> str:
    """The step that a key is of, whatever the round."""
    return "/".join(part.partition("[")[0] for part in key.split("/")) if "[" in key else key


def _names(plan: dict[str, Json], prefix: str = "") -> dict[str, str]:
    """What each step of a plan calls, by its path."""
    found: dict[str, str] = {}
    for step in plan.get("steps") or ():
        path = f"{prefix}{step.get('step_id')}"
        if "tool" in step:
            found[path] = step["tool"]
        elif "code" in step:
            found[path] = task_name(step["code"])
        found |= _names(step, f"{path}/") if "steps" in step else {}
        found |= _names(step["plan"], f"{path}/") if isinstance(step.get("plan"), dict) else {}
    return found
