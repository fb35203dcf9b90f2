"""All tools there are, by name, and what was wrong with the files that gave none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from overseer.errors import UsageError
from overseer.plan.values import Call, Code, WorkflowPlan, all_steps
from overseer.registry.findings import Entry, FileContent, Problem
from overseer.registry.folders import Layer, ToolFolder, may_hold_tools, tool_files
from overseer.registry.pythonfiles import read_python
from overseer.registry.yamlfiles import read_yaml
from overseer.tool import EFFECTS, Tool

Stamp = tuple[int, int, int]  # of a file: when it was changed, its size, and which file it is


@dataclass(frozen=True, slots=True)
class Registry:
    """A state of the tool folders."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def tools(self) -> dict[str, Tool]:
        return {name: entry.tool for name, entry in self.entries.items()}


def load_tools(folders: Sequence[ToolFolder]) -> Registry:
    """What the folders hold right now."""
    return LiveRegistry(lambda: folders).current()


class LiveRegistry:
    """The tools as they are in the folders at the moment: a file is read again when it has changed."""

    def __init__(self, folders: Callable[[], Sequence[ToolFolder]]) -> None:
        self._folders = folders
        self._known: dict[tuple[Path, Layer], tuple[Stamp, FileContent]] = {}
        self._registry: Registry | None = None
        self._layout: list[tuple[ToolFolder, Path, Stamp]] = []

    def current(self) -> Registry:
        """Costs a look at each file's date when nothing has changed."""
        layout = [(folder, path, stamp) for folder in self._folders() for path, stamp in _stamped(folder)]
        if self._registry is None or layout != self._layout:
            self._layout = layout
            self._registry = self._read(layout)
        return self._registry

    def _read(self, layout: list[tuple[ToolFolder, Path, Stamp]]) -> Registry:
        kept = self._known
        self._known = {}
        entries: dict[str, Entry] = {}
        problems: list[Problem] = []
        for folder, path, stamp in layout:
            known = kept.get((path, folder.layer))
            content = known[1] if known is not None and known[0] == stamp else _content(path, folder.layer)
            self._known[path, folder.layer] = (stamp, content)
            problems += content.problems
            for tool in content.tools:
                before = entries.get(tool.name)
                if before is not None and Path(before.tool.origin).parent == folder.path:
                    problems.append(Problem(path, f"the tool '{tool.name}' is already defined in {before.tool.origin}"))
                    continue
                if before is not None and before.layer == "built-in" and folder.layer == "project":
                    problems.append(Problem(path, _REPLACES.format(name=tool.name)))
                    continue
                hides = (*before.hides, before.tool.origin) if before else ()
                entries[tool.name] = Entry(tool, folder.layer, hides)
        return Registry(_with_effects_of_plans(entries), tuple(problems))


# Or a plan that was written for ours would do something else in one folder, under the same name.
_REPLACES = "the tool '{name}' would take the place of one that comes with Overseer; give it another name"


def _content(path: Path, layer: Layer) -> FileContent:
    return read_python(path, is_ours=layer == "built-in") if path.suffix == ".py" else read_yaml(path, layer)


def _with_effects_of_plans(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Where a tool is a plan, it does at least what the tools do that the plan calls."""
    return {
        name: entry if entry.tool.plan is None else replace(entry, tool=_with_effect_of_plan(entry.tool, entries))
        for name, entry in entries.items()
    }


def _with_effect_of_plan(tool: Tool, entries: Mapping[str, Entry]) -> Tool:
    found, waiting = {tool.name: tool}, [tool]
    while waiting:
        plan = waiting.pop().plan
        for name in _called(plan) if isinstance(plan, WorkflowPlan) else ():
            if name in entries and name not in found:
                found[name] = entries[name].tool
                waiting.append(found[name])
    classes = {effect for other in found.values() for effect in other.effects}
    effect, *also = sorted(classes, key=EFFECTS.index, reverse=True)
    also = [other for other in also if other != "pure"]  # which nobody has to be told of
    return replace(tool, effect=effect, also=tuple(also), idempotent=all(other.idempotent for other in found.values()))


def _called(plan: WorkflowPlan) -> set[str]:
    names: set[str] = set()
    for step in all_steps(plan):
        match step.action:
            case Call(tool=name):
                names.add(name)
            case Code(tools=tools):
                names.update(tools)
    return names


def _stamped(folder: ToolFolder) -> list[tuple[Path, Stamp]]:
    stamped = []
    try:
        paths = tool_files(folder.path)
        if folder.layer == "project":  # whose folder of this name may hold anything
            paths = [path for path in paths if may_hold_tools(path)]
    except OSError as error:
        raise UsageError(f"tools folder {folder.path} cannot be read: {error.strerror}") from error
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # gone since the folder was listed
            continue
        stamped.append((path, (status.st_mtime_ns, status.st_size, status.st_ino)))
    return stamped
