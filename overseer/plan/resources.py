"""What a tool says it writes: names of resources with its arguments in them, such as `file:{path}`.

Two steps that write the same resource never overlap, so the same thing must always get the same
name, and a name that its tool's arguments can never fill is a mistake.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from overseer.jsonvalue import Json, as_text
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.tool import Tool

_FIELD = re.compile(r"\{(\w+)\}")


def resource(template: str, given: Mapping[str, Json], *, folder: str = "") -> str:
    """The name of what is written with these arguments; files are named by their path from the root.

    Links are not followed: what a path leads to may change while a plan runs, and only the text of
    the path is sure.
    """
    name = _FIELD.sub(lambda part: as_text(given.get(part.group(1))), template)
    kind, separator, path = name.partition(":")
    if kind != "file" or not separator:
        return name
    return f"file:{os.path.normpath(os.path.join(folder, path)).replace(os.sep, '/')}"


def faults_of_writes(tool: Tool) -> list[str]:
    """What is wrong with the names of what a tool writes. With a wrong name, all its calls write the same thing."""
    faults: list[str] = []
    for template in tool.writes:
        faults += [
            f"writes {template!r}: it has no parameter '{name}'; {did_you_mean(name, known, 'its parameters are')}"
            for name in _FIELD.findall(template)
            if (known := _parameters(tool.parameters)) is not None and name not in known
        ]
        if re.search(r"[{}]", _FIELD.sub("", template)):
            faults.append(f"writes {template!r}: braces are for a parameter's name alone, such as {{path}}")
    return faults


def _parameters(schema: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of all parameters; None where the schema says that there may be others."""
    if "properties" not in schema or schema.get("additionalProperties", False) is not False:
        return None
    return tuple(schema["properties"])
