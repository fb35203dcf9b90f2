"""The settings: which files and variables they come from, and what is wrong with them."""

from __future__ import annotations

from overseer.checkup.finding import Finding, Status
from overseer.jsonvalue import Json
from overseer.settings.layers import FileState, Layers, SettingsFile

_STATES: dict[FileState, str] = {
    "read": "",
    "absent": "there is none",
    "untrusted": "not read: nobody said that it is trusted",
    "outdated": "not read: it changed since it was trusted",
    "hidden": "not read: the one above takes its place",
}


def configuration(layers: Layers) -> Finding:
    """Where settings come from."""
    count = sum(file.state == "read" for file in layers.files)
    variables = sorted({entry.origin.place for entry in layers.entries.values() if entry.origin.layer == "environment"})
    flags = [key for key, entry in layers.entries.items() if entry.origin.layer == "flag"]
    status: Status = "broken" if layers.faults else "note" if layers.warnings else "ok"
    verdict = f"{count} file{'' if count == 1 else 's'} read, the last one counts most"
    if layers.faults:
        verdict = f"{len(layers.faults)} fault{'' if len(layers.faults) == 1 else 's'}, so no other command works"
    return Finding(
        "settings",
        status,
        verdict,
        (
            *layers.faults,
            *file_lines(layers.files),
            *([f"variables that count: {', '.join(variables)}"] if variables else []),
            *([f"set on the command line: {', '.join(flags)}"] if flags else []),
            *(f"warning: {warning}" for warning in layers.warnings),
        ),
        {
            "files": files_json(layers.files),
            "variables": list(variables),
            "flags": list(flags),
            "faults": list(layers.faults),
            "warnings": list(layers.warnings),
        },
    )


def file_lines(files: tuple[SettingsFile, ...]) -> list[str]:
    """The files of settings, from the weakest to the strongest."""
    told = [(f"{file.layer:<7}  {file.path}", _STATES[file.state]) for file in files]
    return [f"{line}  ({aside})" if aside else line for line, aside in told]


def files_json(files: tuple[SettingsFile, ...]) -> list[Json]:
    return [{"layer": file.layer, "file": str(file.path), "state": file.state} for file in files]
