"""From a graph to the plan format: nodes become steps, connections references, loops and events scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from overseer.frontends.graph.reading import input_names
from overseer.frontends.graph.regions import Region, Regions
from overseer.frontends.graph.values import Condition, Connection, Event, Graph, Loop, Node, NodeId, Parallel
from overseer.frontends.marking import Marking, free_name
from overseer.jsonvalue import Json
from overseer.plan.references import CONTEXT_NAMES, Ref, written

if TYPE_CHECKING:
    from overseer.tool import Tool

Step = dict[str, Json]
_FALSY: list[Json] = [False, None, 0, "", [], {}]


@dataclass(frozen=True, slots=True)
class _Guarded:
    """What decides whether a node is done."""

    by: NodeId
    holds: bool


class Lowering:
    """Lowers one graph."""

    def __init__(self, graph: Graph, tools: Mapping[str, Tool], marking: Marking) -> None:
        self._graph = graph
        self._tools = tools
        self._marking = marking
        self._regions = Regions(graph, marking)
        self._exports: dict[NodeId, dict[str, Json]] = {region.owner: {} for region in self._regions.all}
        self._branching = [node for node in graph.nodes.values() if isinstance(node.mode, Parallel)]
        self._built: list[tuple[NodeId, Step]] = []
        self._ids: dict[NodeId, str] = {}
        taken = set(CONTEXT_NAMES)
        for node_id in graph.nodes:
            self._ids[node_id] = free_name(node_id, taken)
            taken.add(self._ids[node_id])
        self._scopes: dict[NodeId, str] = {}
        for region in self._regions.all:
            is_event = isinstance(graph.nodes[region.owner].mode, Event)
            self._scopes[region.owner] = (
                self._ids[region.owner] if is_event else free_name(f"{self._ids[region.owner]}_loop", taken)
            )
            taken.add(self._scopes[region.owner])
        self._guards = self._all_guards()
        self._into: dict[tuple[NodeId, int], Connection] = {}
        for connection in graph.connections:
            self._connect(connection)

    def plan(self) -> dict[str, Json]:
        """The plan document of the graph."""
        if self._marking.faults:
            return {}
        steps = self._steps(())
        for owner, scope in self._built:  # by now it is known what is read of each from outside
            if exports := self._exports[owner]:
                scope["output"] = dict(exports)
        return {"name": self._graph.name, "steps": [*steps]}

    # --- who decides, and what goes where

    def _all_guards(self) -> dict[NodeId, _Guarded]:
        guards: dict[NodeId, _Guarded] = {}
        for node in self._graph.nodes.values():
            if not isinstance(node.mode, Condition):
                continue
            for holds, named in ((True, node.mode.when_true), (False, node.mode.when_false)):
                for other in named:
                    for target in self._entrances(other):
                        if target in guards:
                            problem = f"is on a path of '{guards[target].by}' and on another of '{node.node_id}'"
                            line = self._graph.nodes[target].line
                            self._marking.fault(problem, "put a node of its own between", line=line, step_id=target)
                        guards[target] = _Guarded(node.node_id, holds)
        return guards

    def _entrances(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """The nodes that are done first where a path leads to this one."""
        node = self._graph.nodes.get(node_id)
        if node is None or not isinstance(node.mode, Parallel):
            return (node_id,)
        return tuple(branch[0] for branch in node.mode.branches)

    def _connect(self, connection: Connection) -> None:
        target = (connection.target, connection.target_port)
        if target in self._into:
            node = self._graph.nodes[connection.target]
            if input_names(node, self._tools):
                problem = f"two connections lead to its input {connection.target_port}"
                self._marking.fault(problem, "keep one of them", line=connection.line, step_id=connection.target)
        self._into[target] = connection

    # --- steps

    def _steps(self, around: tuple[Region, ...]) -> list[Step]:
        """The steps that stand directly in these regions, in the order of the file."""
        steps: list[Step] = []
        bodies = {region.owner: region for region in self._regions.all if self._regions.around_scope(region) == around}
        for node in self._graph.nodes.values():
            if node.node_id in bodies:
                steps.append(self._scope(node, bodies[node.node_id], around))
            if self._regions.around(node.node_id) == around and not isinstance(node.mode, Parallel | Event):
                steps.append(self._marking.at(node.line, self._step(node)))
        return steps

    def _scope(self, node: Node, region: Region, around: tuple[Region, ...]) -> Step:
        inner = (*around, region)
        scope: Step = {"step_id": self._scopes[node.node_id], "description": node.title}
        match node.mode:
            case Event(on=on):
                scope["on"] = dict(on)
                scope |= self._needs(
                    [each.source for each in self._graph.connections if each.target == node.node_id], around
                )
            case Loop() as loop:
                scope["repeat"] = self._repeat(node, loop)
            case _:
                raise AssertionError(f"{node} has no region")
        if node.node_id in self._guards:
            scope |= self._when(node.node_id, around)
        scope["steps"] = [*self._steps(inner)]
        self._built.append((node.node_id, scope))
        return self._marking.at(node.line, scope)

    def _repeat(self, node: Node, loop: Loop) -> Step:
        test = f"{{{{{self._ids[node.node_id]}}}}}"
        match loop.kind:
            case "for":
                return {"limit": loop.limit}
            case "infinite":
                return {"forever": True}
            case "while":
                return {"while": test} | ({"forever": True} if loop.limit < 0 else {"limit": loop.limit})
            case _:
                assert_never(loop.kind)

    def _step(self, node: Node) -> Step:
        here = self._regions.around(node.node_id)
        args: dict[str, Json] = {}
        needs: list[NodeId] = []
        names = input_names(node, self._tools)
        for place, name in enumerate(names):
            connection = self._into.get((node.node_id, place))
            if connection is not None:
                self._refuse_value(node, place, connection)
                args[name] = self._read(connection.source, connection.source_port, here, reader=node)
            elif node.inputs and node.inputs[place].value is not None:
                args[name] = written(node.inputs[place].value)
        if not names:
            needs += [each.source for each in self._graph.connections if each.target == node.node_id]
        step: Step = {"step_id": self._ids[node.node_id], "description": node.title, "tool": node.tool, "args": args}
        is_loop = isinstance(node.mode, Loop)
        if node.node_id in self._guards and not is_loop:
            step |= self._when(node.node_id, here)
        return step | self._needs([*needs, *self._before_in_branch(node.node_id)], here)

    def _refuse_value(self, node: Node, place: int, connection: Connection) -> None:
        port = node.inputs[place] if node.inputs else None
        if port is not None and port.value is not None and self._round(connection.source, node.node_id):
            problem = f"its input '{port.name}' has a value, and a connection from the round before"
            help = "take the value away: in the first round, the input is null"
            self._marking.fault(problem, help, line=node.line, step_id=node.node_id)

    def _before_in_branch(self, node_id: NodeId) -> list[NodeId]:
        """What must be over before a node of a branch: the node before it, or all that leads to the branches."""
        before: list[NodeId] = []
        for node in self._branching:
            for branch in node.mode.branches if isinstance(node.mode, Parallel) else ():
                for place, member in enumerate(branch):
                    if member != node_id:
                        continue
                    if place:
                        before.append(branch[place - 1])
                    else:
                        before += [each.source for each in self._graph.connections if each.target == node.node_id]
                        before += self._before_in_branch(node.node_id)
        return before

    def _needs(self, nodes: list[NodeId], here: tuple[Region, ...]) -> Step:
        """The dependencies on these nodes, as they are called from here."""
        needs: list[Json] = []
        for node_id in nodes:
            node = self._graph.nodes[node_id]
            if isinstance(node.mode, Parallel):
                inner = [branch[-1] for branch in node.mode.branches]
                needs += [need for need in _listed(self._needs(inner, here)) if need not in needs]
                continue
            hidden = [region for region in self._around(node) if region not in here]
            name = self._scopes[hidden[0].owner] if hidden else self._ids[node_id]
            is_inside = isinstance(node.mode, Event) and any(region.owner == node_id for region in here)
            if name not in needs and not is_inside:
                needs.append(name)
        return {"depends_on": needs} if needs else {}

    def _when(self, node_id: NodeId, here: tuple[Region, ...]) -> Step:
        guard = self._guards[node_id]
        ref = self._read(guard.by, 0, here, reader=self._graph.nodes[node_id], is_whole=True)
        return {"when": ref if guard.holds else {"ref": ref, "op": "in", "value": _FALSY}}

    # --- references

    def _around(self, node: Node) -> tuple[Region, ...]:
        """The regions that the result of a node stands in."""
        return self._regions.around(node.node_id)

    def _read(
        self, source: NodeId, port: int, here: tuple[Region, ...], *, reader: Node, is_whole: bool = False
    ) -> Json:
        """What reads a result, or a part of it, from inside of these regions."""
        node = self._graph.nodes[source]
        path = () if is_whole else self._part(node, port)
        if isinstance(node.mode, Event):
            return _ref("event", path)
        if isinstance(node.mode, Parallel):
            return self._of_branches(node, port, here, reader)
        if loop := self._round(source, reader.node_id):
            self._export(node, loop)
            return _ref("last", (self._ids[source], *path))
        hidden = [region for region in self._around(node) if region not in here]
        if not hidden:
            return _ref(self._ids[source], path)
        self._export(node, hidden[0])
        return _ref(self._scopes[hidden[0].owner], (self._ids[source], *path))

    def _of_branches(self, node: Node, port: int, here: tuple[Region, ...], reader: Node) -> Json:
        """What comes from a node that only starts branches: what goes into it, for these; else what they gave."""
        assert isinstance(node.mode, Parallel)
        if any(reader.node_id in branch for branch in node.mode.branches):
            passed = self._into.get((node.node_id, port))
            if passed is None:
                problem = f"takes what goes into '{node.node_id}' at {port}, and nothing does"
                self._marking.fault(problem, "connect it", line=reader.line, step_id=reader.node_id)
                return None
            return self._read(passed.source, passed.source_port, here, reader=node)
        lasts = [branch[-1] for branch in node.mode.branches]
        if len(node.outputs) > 1:
            lasts = lasts[port : port + 1]
        found = [self._read(last, 0, here, reader=reader, is_whole=True) for last in lasts]
        return found[0] if len(node.outputs) > 1 and found else found

    def _part(self, node: Node, port: int) -> tuple[str | int, ...]:
        """The way to what a node gives at a place: by name where its tool says so, else by number."""
        if len(node.outputs) < 2:
            return ()
        tool = self._tools.get(node.tool)
        offered = (tool.output or {}).get("properties", {}) if tool is not None else {}
        name = node.outputs[port]
        return (name,) if isinstance(node.mode, Event) or name in offered else (port,)

    def _round(self, source: NodeId, reader: NodeId) -> Region | None:
        """The loop that a reader begins anew with what the round before it gave."""
        for region in reversed(self._regions.around(reader)):
            mode = self._graph.nodes[region.owner].mode
            if isinstance(mode, Loop) and mode.back_to == reader and source in region.members:
                return region
        return None

    def _export(self, node: Node, region: Region) -> None:
        """Have the rounds of a region give back what a node in it gave."""
        name = self._ids[node.node_id]
        around = self._around(node)
        deeper = around[around.index(region) + 1 :]
        if deeper:
            self._export(node, deeper[0])
        self._exports[region.owner][name] = _ref(self._scopes[deeper[0].owner], (name,)) if deeper else _ref(name, ())


def _ref(name: str, path: tuple[str | int, ...]) -> str:
    return f"{{{{{Ref(name, path)}}}}}"


def _listed(step: Step) -> list[Json]:
    needs = step.get("depends_on", [])
    return needs if isinstance(needs, list) else []
