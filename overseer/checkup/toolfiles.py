"""The tools: how many there are, and what is wrong with the files of those that could not be read."""

from __future__ import annotations

from pathlib import Path

from overseer.checkup.finding import Finding, Status, TooSlow, within
from overseer.descriptors import kept_from_tools
from overseer.errors import UsageError
from overseer.registry import Registry, load_tools, tool_folders
from overseer.registry.folders import project_tools, trust_of
from overseer.settings.config import Settings
from overseer.wiring import require_known

_MOST_S = 20.0  # a tool file is a program, and may never end


def tool_files(settings: Settings, folder: Path) -> Finding:
    """All tools that a command would have in this folder."""
    try:
        with kept_from_tools():
            registry = within(_MOST_S, lambda: load_tools(tool_folders(folder)))
    except TooSlow:
        return Finding("tools", "broken", f"reading the tool files did not end within {_MOST_S:g} s")
    except UsageError as error:
        return Finding("tools", "broken", str(error))
    problems = [str(problem) for problem in registry.problems]
    misfits = _misfits(settings, registry)
    untrusted = _untrusted(folder)
    status: Status = "broken" if problems or misfits else "note" if untrusted else "ok"
    layers = [entry.layer for entry in registry.entries.values()]
    counts = {layer: layers.count(layer) for layer in dict.fromkeys(layers)}
    verdict = f"{len(layers)} loaded ({', '.join(f'{count} {layer}' for layer, count in counts.items())})"
    return Finding(
        "tools",
        status,
        f"{verdict}, {len(problems)} left out" if problems else verdict,
        (*problems, *misfits, *untrusted),
        {
            "loaded": len(layers),
            "by_layer": dict(counts),
            "problems": [problem.to_json() for problem in registry.problems],
            "settings": misfits,
            "not_read": untrusted,
        },
    )


def _misfits(settings: Settings, registry: Registry) -> list[str]:
    try:
        require_known(settings, registry.tools)
    except UsageError as error:
        return [str(error)]
    return []


def _untrusted(folder: Path) -> list[str]:
    theirs = project_tools(folder)
    if theirs is None or (trust := trust_of(theirs)) == "given":
        return []
    why = "which changed since they were trusted; " if trust == "outdated" else ""
    return [f"not read: the tools of this project in {theirs}; {why}to trust them: overseer tools --trust"]
