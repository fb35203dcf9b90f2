"""Which nodes of a graph are done again and again: those from a loop's start to its end, those after an event.

Each such region becomes a scope. Regions lie inside of each other or apart; anything else has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from overseer.frontends.graph.reading import named_by
from overseer.frontends.graph.values import Event, Graph, Loop, Mode, NodeId, Parallel
from overseer.frontends.marking import Marking


@dataclass(frozen=True, slots=True)
class Region:
    """The nodes that are done in every round of a loop or event."""

    owner: NodeId
    members: frozenset[NodeId]


class Regions:
    """The regions of a graph, and for every node the regions around it, the outermost first."""

    def __init__(self, graph: Graph, marking: Marking) -> None:
        self._graph = graph
        after = _successors(graph)
        before = _turned(after)
        self.all: list[Region] = []
        for node in graph.nodes.values():
            match node.mode:
                case Loop(back_to=back_to):
                    body = _reached(back_to, after) & _reached(node.node_id, before)
                    if node.node_id not in body:
                        problem = f"loops back to '{back_to}', which does not lead to it"
                        marking.fault(problem, "connect them", line=node.line, step_id=node.node_id)
                    self.all.append(Region(node.node_id, body | {node.node_id}))
                case Event():
                    body = _reached(node.node_id, after) - {node.node_id}
                    if not body:
                        marking.fault(
                            "nothing comes after this event", "connect it", line=node.line, step_id=node.node_id
                        )
                    self.all.append(Region(node.node_id, body))
                case _:
                    pass
        self.all.sort(key=lambda region: -len(region.members))
        self._require_order(marking)
        self._require_ways_on(after, marking)

    def around(self, node_id: NodeId) -> tuple[Region, ...]:
        """The regions that a node lies in, the outermost first."""
        return tuple(region for region in self.all if node_id in region.members)

    def around_scope(self, region: Region) -> tuple[Region, ...]:
        """The regions that the scope of a region lies in."""
        if isinstance(self._mode(region.owner), Event):
            return self.around(region.owner)
        around = self.around(region.owner)
        return around[: around.index(region)]

    def _require_ways_on(self, after: Mapping[NodeId, set[NodeId]], marking: Marking) -> None:
        """A fault for every node that only starts branches and is led back to by them, other than by a loop."""
        forward = {
            node: {each for each in followers if each in named_by(self._mode(node)) or not self._is_back(node, each)}
            for node, followers in after.items()
        }
        seen: set[NodeId] = set()
        for node in self._graph.nodes.values():
            if not isinstance(node.mode, Parallel):
                continue
            if any(node.node_id in _reached(follower, forward) for follower in forward[node.node_id]):
                marking.fault(
                    "its branches lead back to it", "end them before it", line=node.line, step_id=node.node_id
                )
            for member in named_by(node.mode):
                if member in seen:
                    problem = f"the node '{member}' is in two branches"
                    marking.fault(problem, "put it into one of them", line=node.line, step_id=node.node_id)
                seen.add(member)

    def _mode(self, node_id: NodeId) -> Mode:
        return self._graph.nodes[node_id].mode

    def _is_back(self, source: NodeId, target: NodeId) -> bool:
        """Whether a connection leads from a round of a loop to the beginning of the next."""
        modes = ((region, self._mode(region.owner)) for region in self.all)
        return any(
            isinstance(mode, Loop) and mode.back_to == target and source in region.members for region, mode in modes
        )

    def _require_order(self, marking: Marking) -> None:
        for place, outer in enumerate(self.all):
            for inner in self.all[place + 1 :]:
                shared = outer.members & inner.members
                if shared and (shared != inner.members or outer.members == inner.members):
                    line = self._graph.nodes[inner.owner].line
                    nodes = ", ".join(node for node in self._graph.nodes if node in shared)
                    problem = f"and '{outer.owner}' repeat the same nodes: {nodes}"
                    help = "put one inside of the other, or apart"
                    marking.fault(problem, help, line=line, step_id=inner.owner)


def _successors(graph: Graph) -> dict[NodeId, set[NodeId]]:
    """Which nodes come after each, by a connection or because it decides on them."""
    after: dict[NodeId, set[NodeId]] = {node: set() for node in graph.nodes}
    for connection in graph.connections:
        after[connection.source].add(connection.target)
    for node in graph.nodes.values():
        if not isinstance(node.mode, Loop):
            after[node.node_id].update(named_by(node.mode))
    return after


def _turned(after: Mapping[NodeId, Iterable[NodeId]]) -> dict[NodeId, set[NodeId]]:
    before: dict[NodeId, set[NodeId]] = {node: set() for node in after}
    for node, followers in after.items():
        for follower in followers:
            before[follower].add(node)
    return before


def _reached(start: NodeId, ways: Mapping[NodeId, Iterable[NodeId]]) -> frozenset[NodeId]:
    """All nodes that can be come to from one, itself included."""
    seen, waiting = {start}, [start]
    while waiting:
        for node in ways[waiting.pop()]:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return frozenset(seen)
