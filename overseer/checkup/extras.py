"""The optional parts: which are installed, and how to get the others."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Final

from overseer.checkup.finding import Finding
from overseer.tool import how_to_add

# What each extra is for, and the modules that it brings.
EXTRAS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "export": ("PDF and Word documents", ("pypandoc", "typst")),
    "local": ("models in a file on this machine", ("llama_cpp",)),
    "keyring": ("secrets in the system's keyring", ("keyring",)),
}


def extras() -> Finding:
    """What is installed, found out without loading it."""
    present = {name: all(map(_is_there, modules)) for name, (_, modules) in EXTRAS.items()}
    lines = (
        f"{name}: {use}" + (", installed" if present[name] else f"; to add it: {how_to_add(name)}")
        for name, (use, _) in EXTRAS.items()
    )
    count = sum(present.values())
    facts = {name: {"installed": is_there, "command": how_to_add(name)} for name, is_there in present.items()}
    return Finding("extras", "ok", f"{count} of {len(present)} installed", tuple(lines), facts)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
