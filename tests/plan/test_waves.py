"""Waves: how a plan is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan import WorkflowPlan, WorkflowStep, waves

Shape = dict[str, tuple[tuple[str, ...], int | str | None]]


def plan(shape: Shape) -> WorkflowPlan:
    """A plan from step ids, what they depend on and their group."""
    return WorkflowPlan(
        tuple(
            WorkflowStep.calling(step_id, "t", depends_on=needs, parallel_group=group)
            for step_id, (needs, group) in shape.items()
        )
    )


JOKE: Shape = {"joke": ((), None), "fr": (("joke",), 1), "es": (("joke",), 1), "count": (("fr", "es"), None)}
FREE: Shape = {"a": ((), None), "b": ((), None), "c": ((), 1), "d": ((), 2), "e": ((), 1)}
LATE: Shape = {"a": ((), None), "b": ((), 1), "c": (("a",), 1), "d": (("b",), 1)}


@pytest.mark.parametrize(
    ("shape", "loose", "strict"),
    [
        ({}, (), ()),
        (JOKE, (("joke",), ("fr", "es"), ("count",)), (("joke",), ("fr", "es"), ("count",))),
        (FREE, (("a", "b", "c", "d", "e"),), (("a",), ("b",), ("c", "e"), ("d",))),
        (LATE, (("a", "b"), ("c", "d")), (("a",), ("b", "c"), ("d",))),
        ({"b": (("a",), None), "a": ((), None)}, (("a",), ("b",)), (("a",), ("b",))),
        ({"a": (("b",), None), "b": (("a",), None), "c": ((), None), "d": (("b",), None)}, (("c",),), (("c",),)),
    ],
)
def test_waves(shape: Shape, loose: tuple[tuple[str, ...], ...], strict: tuple[tuple[str, ...], ...]) -> None:
    assert waves(plan(shape)) == loose
    assert waves(plan(shape), strict_groups=True) == strict


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    found: Shape = {}
    for number in range(draw(st.integers(0, 12))):
        needs = draw(st.lists(st.sampled_from(list(found)), unique=True, max_size=3)) if found else []
        found[f"s{number}"] = (tuple(needs), draw(st.sampled_from([None, 1, 2])))
    return found


@given(shapes(), st.booleans())
def test_every_step_is_in_one_wave_behind_all_it_depends_on(shape: Shape, strict: bool) -> None:
    found = waves(plan(shape), strict_groups=strict)
    at = {step_id: number for number, wave in enumerate(found) for step_id in wave}
    assert sorted(step_id for wave in found for step_id in wave) == sorted(shape)
    assert all(at[need] < at[step_id] for step_id, (needs, _) in shape.items() for need in needs)
    if strict:
        for wave in found:
            groups = {shape[step_id][1] for step_id in wave}
            assert len(wave) == 1 or (len(groups) == 1 and None not in groups)
