"""Text to a plain JSON value, with the line of every part of it. The text is never trusted.

What the value means is left to `reading`. YAML and JSON end in the same assembly, so they refuse
the same things in the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from overseer.jsonvalue import Json
from overseer.plan.assembly import Assembly, Unparsable
from overseer.plan.faults import Fault, Lines
from overseer.plan.jsontext import assemble_json
from overseer.plan.yamltext import assemble_yaml

Syntax = Literal["yaml", "json"]

# `{a: b}` is YAML. But JSON with a slip in it must not be read as YAML that means something else.
_LIKE_JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*(?:["\[\]]|\{\s*["}]))')

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a text; `is_broken` where the text could not be read to its end."""

    value: Json = None
    lines: Lines = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    is_broken: bool = False


def read_document(text: str, *, syntax: Syntax | None = None) -> Document:
    """The value of a text. Without a syntax, what starts like JSON must be JSON."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or (not text.isascii() and len(text.encode(errors="replace")) > MAX_BYTES):
        return _broken(Fault(f"the text is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    return _read(text, syntax or ("json" if _LIKE_JSON.match(text) else "yaml"))


def _read(text: str, syntax: Syntax) -> Document:
    assembly = Assembly()
    try:
        (assemble_json if syntax == "json" else assemble_yaml)(text, assembly)
    except Unparsable as stop:
        return _broken(*assembly.faults, stop.fault)
    return Document(assembly.value, assembly.lines, tuple(assembly.faults))


def _broken(*faults: Fault) -> Document:
    return Document(faults=faults, is_broken=True)
