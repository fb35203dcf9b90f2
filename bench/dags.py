"""The graphs that executors are measured on, and what is known of them beforehand.

A graph is named by a text such as `wide:1000`; the same text means the same graph everywhere. Steps
either do nothing, so that only the executor's own cost remains, or sleep, so that its decisions show.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isqrt

# Arbitrary, but never to be changed: figures taken with other graphs cannot be compared.
_SEED = 20


@dataclass(frozen=True, slots=True)
class Dag:
    """The steps, in an order in which they could run one by one, each with the steps that it needs."""

    deps: Mapping[str, tuple[str, ...]]
    sleep_s: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.deps)

    @property
    def work_s(self) -> float:
        """What the steps take one after the other."""
        return sum(self.sleep_s.values())

    def depths(self) -> dict[str, int]:
        """The number of steps on the longest way to each step, itself included: what its body must return."""
        depths: dict[str, int] = {}
        for step, needs in self.deps.items():
            depths[step] = 1 + max((depths[need] for need in needs), default=0)
        return depths

    def critical_path_s(self) -> float:
        """What no executor can beat, however many steps it runs at once."""
        ends: dict[str, float] = {}
        for step, needs in self.deps.items():
            ends[step] = max((ends[need] for need in needs), default=0.0) + self.sleep_s.get(step, 0.0)
        return max(ends.values())

    def waves_s(self) -> float:
        """What an executor that waits for all steps of one depth before the next takes at best."""
        longest: dict[int, float] = {}
        for step, depth in self.depths().items():
            longest[depth] = max(longest.get(depth, 0.0), self.sleep_s.get(step, 0.0))
        return sum(longest.values())


def wide(leaves: int) -> Dag:
    """One step, then so many that need only that one, then one that needs them all."""
    names = tuple(f"s{place}" for place in range(1, leaves + 1))
    return Dag({"s0": ()} | dict.fromkeys(names, ("s0",)) | {f"s{leaves + 1}": names})


def chain(size: int) -> Dag:
    """Each step needs the one before it: nothing can overlap."""
    return Dag({f"s{place}": (f"s{place - 1}",) if place else () for place in range(size)})


def layered(size: int, *, width: int | None = None, most_needs: int = 4) -> Dag:
    """Random layers: a step needs at least one step of the layer before it, the rest is of the last three."""
    chance = random.Random(_SEED)
    width = width or max(2, isqrt(size))
    deps: dict[str, tuple[str, ...]] = {}
    for place in range(size):
        layer = place - place % width  # where it begins
        needs: set[int] = set()
        if layer:
            recent = range(max(0, layer - 3 * width), layer)
            needs.add(chance.randrange(layer - width, layer))
            needs.update(chance.sample(recent, min(len(recent), chance.randrange(most_needs))))
        deps[f"s{place}"] = tuple(f"s{need}" for need in sorted(needs))
    return Dag(deps)


def staggered(size: int) -> Dag:
    """Layers of ten steps of 5 to 100 ms: whoever waits for a whole layer loses time to the slowest of it."""
    deps = layered(size, width=10, most_needs=2).deps
    chance = random.Random(_SEED + 1)
    return Dag(deps, {step: chance.uniform(0.005, 0.100) for step in deps})


def fanout(size: int) -> Dag:
    """So many independent steps of 50 ms."""
    names = [f"s{place}" for place in range(size)]
    return Dag(dict.fromkeys(names, ()), dict.fromkeys(names, 0.050))


def joke(languages: int) -> Dag:
    """A joke in 500 ms, then its translations into so many languages, 300 ms each."""
    names = [f"s{place}" for place in range(1, languages + 1)]
    return Dag({"s0": ()} | dict.fromkeys(names, ("s0",)), {"s0": 0.500} | dict.fromkeys(names, 0.300))


_SHAPES = {
    "wide": wide,
    "chain": chain,
    "layered": layered,
    "staggered": staggered,
    "fanout": fanout,
    "joke": joke,
}


@cache
def made(name: str) -> Dag:
    """The graph that a name such as `wide:1000` means."""
    shape, size = name.split(":")
    return _SHAPES[shape](int(size))
