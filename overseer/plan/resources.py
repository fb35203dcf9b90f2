"""What a tool says it writes: names of resources with its arguments in them, such as `file:{path}`.

Two steps that write the same resource never overlap, so the same thing must always get the same name.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

from overseer.jsonvalue import Json, as_text

_FIELD = re.compile(r"\{(\w+)\}")


def names_in(template: str) -> list[str]:
    """The arguments that a template names."""
    return _FIELD.findall(template)


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
