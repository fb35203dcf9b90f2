"""Programs that are kept for steps, as lines for people and as documents for programs."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.frontends.shelf import Kept
from overseer.jsonvalue import Json
from overseer.reports.render import when
from overseer.text.brevity import brief

SHORT_ID = 12  # letters of an id, which are enough to mean one
_LONGEST_TASK = 60


def kept_lines(kept: Sequence[Kept]) -> list[str]:
    """Two lines for each program: when it was used for which task, and what it takes."""
    if not kept:
        return ["no programs are kept yet; one is once a step's code has done its task"]
    return [line for each in kept for line in _listed(each)]


def _listed(kept: Kept) -> list[str]:
    head = f"{kept.id[:SHORT_ID]}  used {when(kept.used)}"
    if kept.damage:
        return [f"{head}  damaged: {kept.damage}; delete it"]
    takes = (f"{label} {', '.join(names)}" for label, names in (("input", kept.names), ("tools", kept.tools)) if names)
    facts = "; ".join([*takes, f"{kept.size:,} bytes", f"written {when(kept.written)}"])
    return [f"{head}  {brief(kept.task, _LONGEST_TASK)}", f"{'':<{SHORT_ID}}  {facts}"]


def kept_text(kept: Kept) -> list[str]:
    """One program, whole."""
    facts = {
        "id": kept.id,
        "task": kept.task,
        "input": ", ".join(kept.names) or "nothing",
        "tools": ", ".join(kept.tools) or "none",
        "written": when(kept.written),
        "last used": when(kept.used),
        "size": f"{kept.size:,} bytes",
    }
    if kept.damage:
        facts = {"id": kept.id, "damaged": f"{kept.damage}; delete it: overseer nodes delete {kept.id[:SHORT_ID]}"}
    lines = [f"{label + ':':<11}{fact}" for label, fact in facts.items()]
    return [*lines, "", *kept.source.rstrip("\n").split("\n")] if kept.source else lines


def kept_json(kept: Kept) -> dict[str, Json]:
    """What there is to know of a program, without its source."""
    return {
        "id": kept.id,
        "task": kept.task,
        "input": list(kept.names),
        "tools": list(kept.tools),
        "bytes": kept.size,
        "written": kept.written,
        "used": kept.used,
        "damage": kept.damage or None,
    }
