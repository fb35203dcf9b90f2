"""The journal: whether every run in it can be read, how large it is, and how much room is left."""

from __future__ import annotations

import shutil
from pathlib import Path

from overseer.checkup.datafolder import nearest_existing
from overseer.checkup.finding import Finding, Status, TooSlow, within
from overseer.errors import JournalError
from overseer.home import journal_path
from overseer.jsonvalue import Json

_MOST_S = 20.0
_LOCK_PATIENCE_S = 0.3
_LITTLE_ROOM = 200_000_000
_MOST_SHOWN = 10


def journal() -> Finding:
    """The journal of this user, opened to be read alone."""
    path = journal_path()
    free = _free(path)
    facts: dict[str, Json] = {"path": str(path), "bytes": _size(path), "runs": None, "faults": [], "free_bytes": free}
    room = [] if free is None else [f"{_megabytes(free)} free on its disk"]
    if free is not None and free < _LITTLE_ROOM:
        room = [f"only {room[0]}: runs cannot be recorded once it is full; free some, or set OVERSEER_HOME"]
    status: Status = "ok" if free is None or free >= _LITTLE_ROOM else "note"
    if facts["bytes"] is None:
        return Finding("journal", status, f"{path}: none yet; the first run makes it", tuple(room), facts)
    try:
        count, faults = within(_MOST_S, lambda: _looked_through(path))
    except TooSlow:
        verdict = f"{path}: {_megabytes(facts['bytes'])}, still being looked through after {_MOST_S:g} s"
        return Finding("journal", "note", verdict, (*room, "to make it smaller: overseer runs --prune 30d"), facts)
    except JournalError as error:
        return Finding("journal", "broken", str(error), tuple(room), {**facts, "faults": [str(error)]})
    facts |= {"runs": count, "faults": list(faults)}
    verdict = f"{path}: {_megabytes(facts['bytes'])}, {count} run{'' if count == 1 else 's'}"
    if not faults:
        return Finding("journal", status, f"{verdict}, all of which can be read", tuple(room), facts)
    more = [f"and {len(faults) - _MOST_SHOWN} more"] if len(faults) > _MOST_SHOWN else []
    details = (*faults[:_MOST_SHOWN], *more, *room)
    return Finding("journal", "broken", f"{verdict}; it is damaged", details, facts)


def _looked_through(path: Path) -> tuple[int, list[str]]:
    from overseer.journal.journal import Journal

    with Journal.open(path, busy_timeout_s=_LOCK_PATIENCE_S, read_only=True) as opened:
        faults = opened.check()
        return 0 if faults else opened.count(), faults


def _size(path: Path) -> int | None:
    """All that belongs to the journal; None if there is none."""
    try:
        files = [path, *(other for other in path.parent.glob(f"{path.name}-*") if other.is_file())]
        return sum(file.stat().st_size for file in files)
    except FileNotFoundError:
        return None
    except OSError:
        return 0  # opening it will tell why


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(nearest_existing(path)).free
    except OSError:
        return None


def _megabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 10**9 else f"{size / 1e6:,.1f} MB"
