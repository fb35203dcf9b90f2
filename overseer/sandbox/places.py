"""What of the disk a node needs for running at all: the standard library, shared libraries, allowed packages."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from overseer.errors import UsageError
from overseer.sandbox.inside.preparation import Setting

_TIME_ZONES = ("/usr/share/zoneinfo", "/etc/localtime")
_LOADER_FILES = ("/etc/ld.so.cache",)

# Inside the standard library's folder, and none of it.
_NOT_STANDARD = ("site-packages", "dist-packages")


class PackageNotFound(UsageError):
    """A package that nodes are to be allowed, and that this Python does not have."""


@cache
def readable_paths() -> tuple[str, ...]:
    """Files and folders that are the Python's and the system's own."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
    found = {paths["stdlib"], paths["platstdlib"], *_TIME_ZONES, *_LOADER_FILES, *_shared_libraries()}
    found |= {os.path.realpath(path) for path in found}
    return tuple(sorted(path for path in found if os.path.exists(path)))


@cache
def hidden_paths() -> tuple[str, ...]:
    """Folders inside of those that hold what others installed."""
    candidates = (os.path.join(path, name) for path in readable_paths() for name in _NOT_STANDARD)
    return tuple(path for path in candidates if os.path.isdir(path))


def hidden_samples(setting: Setting) -> list[str]:
    """A few of the things in the hidden folders, for the self-test to look for."""
    allowed = setting.folders()
    found: list[str] = []
    for folder in setting.hidden:
        inside = (os.path.join(folder, name) for name in sorted(os.listdir(folder)))
        found += [path for path in inside if path not in allowed][:5]
    return found


def runtime_file() -> str:
    """The file of `node_runtime`, wherever this package is installed."""
    spec = importlib.util.find_spec("node_runtime")
    if spec is None or spec.origin is None:
        raise UsageError("node_runtime.py is missing beside the package 'overseer'; install Overseer again")
    return os.path.realpath(spec.origin)


def package_places(names: Iterable[str]) -> dict[str, str]:
    """Where the packages lie that nodes may import; they are looked for, not imported."""
    return {name: _package_place(name) for name in names}


def _package_place(name: str) -> str:
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin in (None, "built-in", "frozen"):
        raise PackageNotFound(
            f"sandbox.packages names '{name}', and this Python has no such package; install it, or take it out"
        )
    assert spec.origin is not None
    return os.path.realpath(spec.origin)


def _shared_libraries() -> set[str]:
    """The folders of the system's shared libraries, and the file of Python's own if it has one."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return set()
    files = {line.split(maxsplit=5)[5] for line in lines if ".so" in line and line.count(" /")}
    found = set()
    for file in files:
        folder = os.path.dirname(file)
        if folder.startswith(("/lib", "/usr/lib")) and "/python" not in folder:
            found.add(folder)
        elif os.path.basename(file).startswith("libpython"):
            found.add(file)
    return found
