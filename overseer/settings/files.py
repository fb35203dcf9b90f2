"""The settings in a file: read with everything that is wrong with it, each fault by its line."""

from __future__ import annotations

from pathlib import Path

from overseer.plan.document import read_document
from overseer.plan.faults import line_at
from overseer.settings.entries import Entry, Findings, LayerName, Origin
from overseer.settings.reading import Reading

MAX_BYTES = 1_000_000


def read_file(path: Path, layer: LayerName, findings: Findings) -> tuple[Entry, ...] | None:
    """What a file says; None if there is none. One with nothing but comments says nothing."""
    try:
        text = _text(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        findings.fault(path, f"cannot read the settings: {problem}")
        return ()
    if all(line.lstrip()[:1] in ("", "#") for line in text.splitlines()):
        return ()
    document = read_document(text, syntax="yaml")
    for fault in document.faults:
        findings.fault(Origin(layer, str(path), fault.line), f"{fault.problem}; {fault.help}".removesuffix("; "))
    if document.is_broken:
        return ()
    reading = Reading(lambda where: Origin(layer, str(path), line_at(document.lines, where)), findings)
    return tuple(reading.at("", document.value))


def _text(path: Path) -> str:
    """The text of a file, or of a pipe."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text in UTF-8 (byte {error.start})") from error
