"""Cycles: each knot once, with the path that closes it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan.cycles import cycles


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({}, []),
        ({"a": [], "b": ["a"], "c": ["a", "b"]}, []),
        ({"a": ["a"]}, [("a", "a")]),
        ({"a": ["b"], "b": ["a"]}, [("a", "b", "a")]),
        ({"a": ["c"], "b": ["a"], "c": ["b"]}, [("a", "c", "b", "a")]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"], "e": ["a", "c"]}, [("a", "b", "a"), ("c", "d", "c")]),
        ({"x": ["a"], "a": ["b", "c"], "b": ["c"], "c": ["a"]}, [("a", "c", "a")]),
        ({"a": ["a", "b"], "b": ["a"]}, [("a", "b", "a")]),
        ({"a": ["nowhere"]}, []),
    ],
)
def test_cycles(graph: dict[str, list[str]], found: list[tuple[str, ...]]) -> None:
    assert cycles(graph) == found


nodes = st.sampled_from("abcdefgh")
graphs = st.dictionaries(nodes, st.lists(nodes, max_size=4), max_size=8)


@given(graphs)
def test_there_is_one_exactly_if_there_is_no_order(graph: dict[str, list[str]]) -> None:
    graph = {node: [need for need in needs if need in graph] for node, needs in graph.items()}
    found = cycles(graph)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(need in graph[node] for node, need in pairwise(cycle))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        assert found
    else:
        assert not found


def test_a_long_ring_and_a_long_chain_need_no_recursion() -> None:
    count = 50_000
    ring = {f"s{i}": [f"s{(i + 1) % count}"] for i in range(count)}
    (found,) = cycles(ring)
    assert len(found) == count + 1
    assert cycles({**ring, "s0": []}) == []
