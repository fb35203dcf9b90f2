"""What is done once in the template process, so that it need not be done for each node: loading and locks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeAlias

from overseer.sandbox.inside import files, locks, rooms, rules, system
from overseer.sandbox.inside.locks import Amounts
from overseer.sandbox.inside.refusal import Refused

BROKER_VARIABLE = "OVERSEER_NODE_FD"

# What generated code imports most, and is small: each megabyte makes every node start a tenth of a millisecond later.
# Whatever else of the standard library it needs is loaded when asked for.
_LOADED = (
    "array", "base64", "bisect", "collections", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "heapq", "io", "itertools", "json", "math", "operator", "random", "re",
    "statistics", "string", "struct", "textwrap", "time", "types", "typing", "unicodedata",
)  # fmt: skip

# The number under which a node keeps the file rules until they are on.
_RULES = 110

# Where a process says why it could not be locked in. A node does not have it any more, so nobody else can say that.
TROUBLE = 111

Lock: TypeAlias = Callable[[Amounts, int], None]


@dataclass(frozen=True)
class Setting:
    """What a template process is told at its start."""

    level: str
    runtime: str  # the file of node_runtime
    readable: Sequence[str]  # the standard library and what it is linked with
    hidden: Sequence[str] = ()  # folders inside of those that are none of a node's business
    packages: dict[str, str] = field(default_factory=dict)  # what nodes may import beside it: name to place
    scratch_files: int = 2000

    def folders(self) -> list[str]:
        """What is readable because of packages: their files, and libraries that came with them."""
        found = []
        for name, place in self.packages.items():
            folder = os.path.dirname(place) if os.path.basename(place).startswith("__init__.") else place
            found += [folder, os.path.join(os.path.dirname(folder), f"{name}.libs")]
        return [path for path in found if os.path.exists(path)]


def load(setting: Setting, modules: Iterable[str] = _LOADED) -> None:
    """What nodes use, while the disk can still be read."""
    for name in modules:
        importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("node_runtime", setting.runtime)
    assert spec is not None
    assert spec.loader is not None
    runtime = importlib.util.module_from_spec(spec)
    sys.modules["node_runtime"] = runtime
    spec.loader.exec_module(runtime)
    sys.meta_path.append(_Packages(setting.packages))


def lock_for(setting: Setting, parent: int) -> Lock:
    """What locks a node in whose parent is this process."""
    if setting.level in ("none", "platform"):
        return _limits_alone()
    try:
        return _locks(setting, parent)
    except OSError as error:
        raise Refused(str(error)) from error


def _limits_alone() -> Lock:
    tasks = locks.tasks_allowed(is_apart=False)

    def lock(amounts: Amounts, _scratch: int) -> None:
        os.closerange(5, 1 << 16)
        locks.limit(amounts, tasks)
        locks.end_with_parent(lambda: False)

    return lock


def _locks(setting: Setting, parent: int) -> Lock:
    system.limit_arenas(2)
    system.renounce_capabilities()
    is_full = setting.level == "full"
    visible = ["/"] if is_full else [*_shown(setting), *setting.folders()]
    file_rules = files.FileRules(readable=visible, writable=("/dev/null",))
    os.dup2(file_rules.descriptor, _RULES)
    os.close(file_rules.descriptor)
    file_rules.descriptor = _RULES
    tasks = locks.tasks_allowed(is_apart=is_full)
    machine = system.machine()
    without, with_scratch = (rules.Filter(rules.filter_program(machine, has_scratch=has)) for has in (False, True))

    def lock(amounts: Amounts, scratch: int) -> None:
        os.closerange(5, _RULES)
        os.closerange(TROUBLE + 1, 1 << 16)
        put_on_files, has_scratch = file_rules.put_on, is_full and scratch > 0
        if has_scratch:
            rooms.make_scratch(scratch, setting.scratch_files)
            os.environ["TMPDIR"] = rooms.SCRATCH
            put_on_files = files.FileRules(readable=visible, writable=("/dev/null",), scratch=rooms.SCRATCH).put_on
        else:
            os.chdir("/")
        locks.be_counted()
        locks.limit(amounts, tasks)
        # A process in a namespace of its own does not see who its parent is.
        locks.end_with_parent(lambda: os.getppid() not in (0, parent))

        def close_rules() -> None:
            os.closerange(5, TROUBLE + 1)

        locks.lock((put_on_files, close_rules, (with_scratch if has_scratch else without).put_on))

    return lock


def _shown(setting: Setting) -> list[str]:
    """The readable paths, those with a hidden folder in them as what else they hold: rules cannot take away."""
    shown: list[str] = []
    paths = rooms.outermost(setting.readable)
    while paths:
        path = paths.pop()
        if path in setting.hidden:
            continue
        if any(hidden.startswith(f"{path}/") for hidden in setting.hidden):
            paths += [os.path.join(path, name) for name in os.listdir(path)]
        else:
            shown.append(path)
    return shown


class _Packages:
    """Finds the packages that nodes may import, in folders that cannot be listed."""

    def __init__(self, packages: dict[str, str]) -> None:
        self._packages = packages

    def find_spec(self, name: str, _path: Any = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        place = self._packages.get(name)
        if place is None:
            return None
        is_package = os.path.basename(place).startswith("__init__.")
        folders = [os.path.dirname(place)] if is_package else None
        return importlib.util.spec_from_file_location(name, place, submodule_search_locations=folders)
