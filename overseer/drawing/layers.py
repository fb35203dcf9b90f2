"""Where the steps of a graph stand in a drawing: in layers from top to bottom, in an order with few crossings.

A step stands below everything that it needs. A line that passes layers has a place in each of them,
which it shares with other lines from the same step, or to the same one.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

Needs: TypeAlias = Sequence[Sequence[int]]  # of each step, by position, the steps that it needs

_SWEEPS = 6
_SLACK = 1.1
_MOST_LINKS = 3000  # beyond that, crossings are beyond help


@dataclass(frozen=True, slots=True)
class Layering:
    """Vertices by layer, and the links between those of neighbouring layers.

    Vertices below `count` are steps, by position; the others are places where a line passes by.
    """

    count: int
    layers: tuple[tuple[int, ...], ...]
    links: tuple[tuple[int, int], ...]

    def is_step(self, vertex: int) -> bool:
        return vertex < self.count


def layered(needs: Needs, *, widest: int | None = None) -> Layering:
    """The graph in layers, none of which has more than so many steps."""
    return ordered(_with_passages(needs, _spread(levels(needs), widest)))


def levels(needs: Needs) -> list[list[int]]:
    """The steps by the length of the longest way to them; those in or behind a cycle come last."""
    users: list[list[int]] = [[] for _ in needs]
    left = [len(own) for own in needs]
    for step, own in enumerate(needs):
        for need in own:
            users[need].append(step)
    found: list[list[int]] = []
    ready = [step for step, count in enumerate(left) if not count]
    while ready:
        found.append(sorted(ready))
        after: list[int] = []
        for step in ready:
            for user in users[step]:
                left[user] -= 1
                if not left[user]:
                    after.append(user)
        ready = after
    rest = [step for step, count in enumerate(left) if count]
    return [*found, rest] if rest else found


def _spread(found: list[list[int]], widest: int | None) -> list[list[int]]:
    """What is too wide, in several layers of about the same width."""
    if widest is None:
        return found
    spread: list[list[int]] = []
    for layer in found:
        parts = -(-len(layer) // widest)
        size = -(-len(layer) // parts)
        spread += [layer[at : at + size] for at in range(0, len(layer), size)]
    return spread


def _with_passages(needs: Needs, found: list[list[int]]) -> Layering:
    count = len(needs)
    level = {step: at for at, layer in enumerate(found) for step in layer}
    long = [(a, b) for b, own in enumerate(needs) for a in dict.fromkeys(own) if level[b] - level[a] > 1]
    outgoing, incoming = Counter(a for a, _ in long), Counter(b for _, b in long)
    layers = [list(layer) for layer in found]
    places: dict[tuple[str, int, int], int] = {}
    links: dict[tuple[int, int], None] = {
        (a, b): None for b, own in enumerate(needs) for a in own if level[b] - level[a] == 1
    }
    for a, b in long:
        whose = ("from", a) if outgoing[a] >= incoming[b] else ("to", b)
        before = a
        for at in range(level[a] + 1, level[b]):
            place = (*whose, at)
            if place not in places:
                places[place] = count + len(places)
                layers[at].append(places[place])
            links[before, places[place]] = None
            before = places[place]
        links[before, b] = None
    return Layering(count, tuple(map(tuple, layers)), tuple(links))


def ordered(layering: Layering) -> Layering:
    """The same with fewer crossings: each vertex near the middle of those it is linked to."""
    above, below = _neighbours(layering.links)
    layers = [list(layer) for layer in layering.layers]
    if len(layering.links) > _MOST_LINKS:
        return layering
    best, fewest = layers, _crossings(layers, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        layers = [list(layer) for layer in layers]
        down = sweep % 2 == 0
        order = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for at in order:
            fixed = {vertex: place for place, vertex in enumerate(layers[at - 1 if down else at + 1])}
            _sort(layers[at], above if down else below, fixed)
        if (crossings := _crossings(layers, below)) < fewest:
            best, fewest = layers, crossings
    return Layering(layering.count, tuple(map(tuple, best)), layering.links)


def _neighbours(links: Iterable[tuple[int, int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for a, b in links:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    return above, below


def _sort(layer: list[int], neighbours: dict[int, list[int]], fixed: dict[int, int]) -> None:
    middle = {}
    for place, vertex in enumerate(layer):
        places = [fixed[other] for other in neighbours.get(vertex, ())]
        middle[vertex] = sum(places) / len(places) if places else float(place)
    layer.sort(key=middle.__getitem__)


def _crossings(layers: Sequence[Sequence[int]], below: dict[int, list[int]]) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        place = {vertex: at for at, vertex in enumerate(lower)}
        seen: list[int] = []
        for vertex in upper:
            ends = sorted(place[other] for other in below.get(vertex, ()))
            count += sum(len(seen) - bisect(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def placed(layering: Layering, widths: Sequence[float], gap: float) -> list[float]:
    """The middle of each vertex on the horizontal, near those it is linked to, at least `gap` between two.

    No layer stands out to a side, so that the whole is hardly wider than its widest layer.
    """
    above, below = _neighbours(layering.links)
    middle = [0.0] * len(widths)
    room = max((sum(widths[v] + gap for v in layer) for layer in layering.layers), default=0.0) * _SLACK
    for layer in layering.layers:
        _place(layer, [0.0] * len(layer), widths, middle, gap=gap, room=room)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layering.layers if down else reversed(layering.layers):
            wishes = []
            for vertex in layer:
                near = (above if down else below).get(vertex) or (below if down else above).get(vertex)
                wishes.append(sum(middle[other] for other in near) / len(near) if near else middle[vertex])
            _place(layer, wishes, widths, middle, gap=gap, room=room)
    left = min((middle[v] - widths[v] / 2 for layer in layering.layers for v in layer), default=0.0)
    return [place - left for place in middle]


def _place(
    layer: Sequence[int],
    wishes: Sequence[float],
    widths: Sequence[float],
    middle: list[float],
    *,
    gap: float,
    room: float,
) -> None:
    """Where each comes to stand if pushed to the right by those before, or to the left by those after: between both."""
    apart = [0.0, *((widths[a] + widths[b]) / 2 + gap for a, b in pairwise(layer))]
    if layer:
        leftmost, whole = (widths[layer[0]] - room) / 2, sum(apart)
        spare = max(0.0, room - whole - (widths[layer[0]] + widths[layer[-1]]) / 2)
        first = list(accumulate(apart, initial=leftmost))[1:]
        wishes = [min(max(wish, place), place + spare) for wish, place in zip(wishes, first, strict=True)]
    right = list(wishes)
    for at in range(1, len(layer)):
        right[at] = max(right[at], right[at - 1] + apart[at])
    left = list(wishes)
    for at in range(len(layer) - 2, -1, -1):
        left[at] = min(left[at], left[at + 1] - apart[at + 1])
    for vertex, a, b in zip(layer, left, right, strict=True):
        middle[vertex] = (a + b) / 2
