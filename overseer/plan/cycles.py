"""Cycles in a graph, each as the path that closes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Graph = Mapping[str, Sequence[str]]


def cycles(graph: Graph) -> list[tuple[str, ...]]:
    """The shortest cycle through the first node of every knot, as `("a", "b", "a")`.

    A knot is a set of nodes that all lead to each other. Names that the graph does not have as
    nodes are ignored. Takes time in proportion to nodes and edges.
    """
    position = {node: at for at, node in enumerate(graph)}
    knots = (sorted(knot, key=position.__getitem__) for knot in _Search(graph).components())
    found = [_shortest_cycle(graph, knot) for knot in knots if len(knot) > 1 or knot[0] in graph[knot[0]]]
    return sorted(found, key=lambda cycle: position[cycle[0]])


@dataclass(slots=True)
class _Search:
    """Tarjan's search for strongly connected components, with a stack of its own: chains may be long."""

    graph: Graph
    number: dict[str, int] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    on_path: set[str] = field(default_factory=set)
    visiting: list[tuple[str, Iterator[str]]] = field(default_factory=list)

    def components(self) -> Iterator[list[str]]:
        for root in self.graph:
            if root not in self.number:
                self._enter(root)
            while self.visiting:
                node, needs = self.visiting[-1]
                if not self._advance(node, needs):
                    self.visiting.pop()
                    if self.visiting:
                        above = self.visiting[-1][0]
                        self.low[above] = min(self.low[above], self.low[node])
                    if self.low[node] == self.number[node]:
                        yield self._cut(node)

    def _enter(self, node: str) -> None:
        self.number[node] = self.low[node] = len(self.number)
        self.path.append(node)
        self.on_path.add(node)
        self.visiting.append((node, iter(self.graph[node])))

    def _advance(self, node: str, needs: Iterator[str]) -> bool:
        """Go on to a node that was not seen yet; whether there was one."""
        for need in needs:
            if need in self.on_path:
                self.low[node] = min(self.low[node], self.number[need])
            elif need in self.graph and need not in self.number:
                self._enter(need)
                return True
        return False

    def _cut(self, node: str) -> list[str]:
        """Take a finished component off the path."""
        component: list[str] = []
        while not component or component[-1] != node:
            component.append(self.path.pop())
        self.on_path.difference_update(component)
        return component


def _shortest_cycle(graph: Graph, knot: Sequence[str]) -> tuple[str, ...]:
    """The shortest way from the first node of a knot back to itself."""
    start, inside = knot[0], frozenset(knot)
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for need in graph[node]:
            if need == start and (node != start or len(knot) == 1):
                return (start, *reversed(_way_back(came_from, node, start)), start)
            if need in inside and need not in came_from:
                came_from[need] = node
                queue.append(need)
    raise AssertionError("a knot always leads back to its first node")


def _way_back(came_from: Mapping[str, str], node: str, start: str) -> list[str]:
    """The nodes from `node` back to just before `start`."""
    way = []
    while node != start:
        way.append(node)
        node = came_from[node]
    return way
