"""Layers: every step has its place, every line goes down, nothing overlaps."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from overseer.drawing.layers import _crossings, _neighbours, layered, levels, placed
from tests.choices import Choices, chosen


def _graph(choices: Choices) -> list[list[int]]:
    needs = range(choices.number(0, 25))
    return [choices.several(partial(choices.of, range(at)), most=4) if at else [] for at in needs]


graphs = chosen(_graph, most=130)


@given(graphs, st.none() | st.integers(1, 6))
def test_every_step_is_in_one_layer_below_all_that_it_needs(needs: list[list[int]], widest: int | None) -> None:
    layering = layered(needs, widest=widest)
    layer_of = {vertex: at for at, layer in enumerate(layering.layers) for vertex in layer}
    assert sorted(v for v in layer_of if layering.is_step(v)) == list(range(len(needs)))
    assert len(layer_of) == sum(map(len, layering.layers))
    assert all(layer_of[b] - layer_of[a] == 1 for a, b in layering.links)
    assert all(layer_of[need] < layer_of[step] for step, own in enumerate(needs) for need in own)
    if widest is not None:
        assert all(sum(map(layering.is_step, layer)) <= widest for layer in layering.layers)


@given(graphs)
def test_the_lines_lead_from_a_step_to_those_that_need_it_and_to_no_other(needs: list[list[int]]) -> None:
    layering = layered(needs)
    _, below = _neighbours(layering.links)
    for step in range(len(needs)):
        reached, stack = set(), list(below.get(step, ()))
        while stack:
            vertex = stack.pop()
            if layering.is_step(vertex):
                reached.add(vertex)
            else:
                stack += below.get(vertex, ())
        assert reached == {user for user, own in enumerate(needs) if step in own}


@given(graphs, st.integers(0, 9))
def test_no_two_of_a_layer_overlap(needs: list[list[int]], gap: int) -> None:
    layering = layered(needs)
    widths = [10.0 + vertex % 7 for vertex in range(sum(map(len, layering.layers)))]
    middles = placed(layering, widths, gap)
    for layer in layering.layers:
        for a, b in pairwise(layer):
            assert middles[b] - middles[a] >= (widths[a] + widths[b]) / 2 + gap - 1e-6
    assert all(middles[v] - widths[v] / 2 >= -1e-6 for layer in layering.layers for v in layer)


def test_lines_that_need_not_cross_do_not() -> None:
    # Two chains, written so that each layer has them the other way round.
    needs: list[list[int]] = [[], [], [1], [0], [3], [2]]
    layering = layered(needs)
    assert _crossings(layering.layers, _neighbours(layering.links)[1]) == 0


def test_steps_of_a_cycle_and_behind_it_come_last() -> None:
    assert levels([[], [2], [1], [1]]) == [[0], [1, 2, 3]]
    assert layered([[], [2], [1], [1]]).layers[-1] == (1, 2, 3)


def test_lines_from_the_same_step_share_their_way() -> None:
    needs: list[list[int]] = [[], [0], [1], [2], *([3, 0] for _ in range(20))]
    assert sum(map(len, layered(needs).layers)) == len(needs) + 3
