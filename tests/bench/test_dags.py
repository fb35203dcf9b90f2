"""The graphs of the benchmarks: their sizes, their shapes, and what is worked out about them."""

from __future__ import annotations

import pytest

from bench.dags import Dag, made

NAMES = ["wide:7", "chain:9", "layered:100", "layered:1000", "fanout:5", "joke:2", "staggered:40", "staggered:200"]


@pytest.mark.parametrize(
    ("name", "steps", "edges"),
    [("wide:10", 12, 20), ("chain:10", 10, 9), ("fanout:4", 4, 0), ("joke:2", 3, 2), ("chain:1", 1, 0)],
)
def test_a_graph_has_the_steps_and_needs_that_its_name_says(name: str, steps: int, edges: int) -> None:
    dag = made(name)
    assert (len(dag), sum(map(len, dag.deps.values()))) == (steps, edges)


@pytest.mark.parametrize("name", ["layered:100", "layered:1000", "layered:7", "staggered:200"])
def test_a_random_graph_has_as_many_steps_as_its_name_says(name: str) -> None:
    assert len(made(name)) == int(name.split(":")[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_step_comes_after_what_it_needs(name: str) -> None:
    seen: set[str] = set()
    for step, needs in made(name).deps.items():
        assert seen.issuperset(needs)
        assert len(set(needs)) == len(needs)
        seen.add(step)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_name_means_the_same_graph(name: str) -> None:
    first = made(name)
    made.cache_clear()
    assert made(name) is not first
    assert made(name) == first


def test_a_step_of_a_layered_graph_needs_the_layer_before_and_at_most_three_more_of_the_last_three() -> None:
    width = 10  # the square root of its size
    for step, needs in made("layered:100").deps.items():
        layer = int(step[1:]) // width
        distances = [layer - int(need[1:]) // width for need in needs]
        assert len(distances) <= 4
        assert min(distances, default=1) == 1
        assert max(distances, default=1) <= 3
        assert bool(needs) == bool(layer)


@pytest.mark.parametrize("name", ["staggered:40", "joke:3", "fanout:6"])
def test_the_critical_path_is_the_longest_of_all_paths(name: str) -> None:
    dag = made(name)
    assert dag.critical_path_s() == pytest.approx(max(path_times(dag)))


@pytest.mark.parametrize("name", ["staggered:200", "joke:3", "fanout:6"])
def test_waves_take_no_less_than_the_critical_path_and_no_more_than_all_the_work(name: str) -> None:
    dag = made(name)
    assert dag.critical_path_s() <= dag.waves_s() <= dag.work_s


def test_a_wave_takes_as_long_as_its_slowest_step() -> None:
    dag = Dag({"a": (), "b": (), "c": ("a",), "d": ("b",)}, {"a": 1, "b": 3, "c": 5, "d": 1})
    assert (dag.critical_path_s(), dag.waves_s(), dag.work_s) == (6, 8, 10)


def test_steps_of_a_staggered_graph_sleep_between_5_and_100_ms() -> None:
    times = made("staggered:200").sleep_s.values()
    assert len(times) == 200
    assert min(times) >= 0.005
    assert max(times) <= 0.100


def path_times(dag: Dag) -> list[float]:
    """The time of every path from a first step to a last one, path by path."""
    users: dict[str, list[str]] = {step: [] for step in dag.deps}
    for step, needs in dag.deps.items():
        for need in needs:
            users[need].append(step)
    times: list[float] = []
    unended = [(step, dag.sleep_s[step]) for step, needs in dag.deps.items() if not needs]
    while unended:
        step, so_far = unended.pop()
        if not users[step]:
            times.append(so_far)
        unended += [(user, so_far + dag.sleep_s[user]) for user in users[step]]
    return times
