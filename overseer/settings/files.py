"""The settings in a file: read with everything that is wrong with it, each fault by its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overseer.jsonvalue import kind_of
from overseer.plan.document import read_document
from overseer.plan.faults import Lines, line_at
from overseer.settings.entries import Entry, Findings, LayerName, Origin
from overseer.settings.keys import GROUPS, KEYS, NAMED, remedy_for

MAX_BYTES = 1_000_000


def read_file(path: Path, layer: LayerName, findings: Findings) -> tuple[Entry, ...]:
    """What a file says. A file with nothing but comments says nothing."""
    text = _text(path, findings)
    if text is None or all(line.lstrip()[:1] in ("", "#") for line in text.splitlines()):
        return ()
    return entries_in(text, path, layer, findings)


def entries_in(text: str, path: Path, layer: LayerName, findings: Findings) -> tuple[Entry, ...]:
    """What the text of a file says."""
    document = read_document(text, syntax="yaml")
    for fault in document.faults:
        findings.fault(Origin(layer, str(path), fault.line), f"{fault.problem}; {fault.help}".removesuffix("; "))
    if document.is_broken or document.value is None:
        return ()
    return tuple(_Reading(str(path), layer, document.lines, findings).group("", document.value))


def _text(path: Path, findings: Findings) -> str | None:
    """The text of a file, a pipe included; None if it cannot be read as text."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) <= MAX_BYTES:
            return content.decode().removeprefix("\ufeff")
        problem = f"it is larger than {MAX_BYTES // 1_000_000} MB"
    except OSError as error:
        problem = error.strerror or str(error)
    except UnicodeDecodeError as error:
        problem = f"it is not text in UTF-8 (byte {error.start})"
    findings.fault(path, f"cannot read the settings: {problem}")
    return None


class _Reading:
    """One reading of a document, from its top down."""

    def __init__(self, place: str, layer: LayerName, lines: Lines, findings: Findings) -> None:
        self._place = place
        self._layer = layer
        self._lines = lines
        self._findings = findings

    def group(self, group: str, value: Any) -> Iterator[Entry]:
        """What a section says, or the whole file."""
        for name, inner in self._mapping(group, value).items():
            key = f"{group}.{name}" if group else name
            if key in KEYS:
                yield from self._findings.checked(key, inner, self._origin(key))
            elif key in NAMED:
                for own, limit in self._mapping(key, inner).items():
                    yield from self._findings.checked(f"{key}.{own}", limit, self._origin(key, own))
            elif name in GROUPS[group]:
                yield from self.group(key, inner)
            else:
                self._findings.warn(self._origin(key), f"unknown setting '{key}' is left out; {remedy_for(key)}")

    def _mapping(self, group: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            beneath = f"such as {', '.join(GROUPS[group])}" if group in GROUPS else "names with their values"
            what = group or "the file"
            self._findings.fault(self._origin(group), f"{what} needs keys {beneath}, not a {kind_of(value)}")
        return {}

    def _origin(self, key: str, name: str = "") -> Origin:
        where = (*key.split("."), name) if name else tuple(key.split(".")) if key else ()
        return Origin(self._layer, self._place, line_at(self._lines, where))
