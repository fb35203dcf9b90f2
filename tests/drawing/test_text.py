"""The drawing in a terminal: all of it there, nothing wider than it may be, lines that lead where they should."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.drawing.sketch import Node, Sketch, sketch_of
from overseer.drawing.strokes import ASCII, BOXES, strokes_for
from overseer.drawing.text import text_lines
from overseer.plan.values import Once, Scope, WorkflowPlan, WorkflowStep
from overseer.text.cells import cells
from overseer.timing import timing_of
from tests.drawing.graphs import chain, fan, layers, plans
from tests.kernel.simulation import World, planned

DIAMOND = planned("""
name: diamond
steps:
- {step_id: a, description: Write a joke, tool: llm}
- {step_id: b, description: Translate to French, tool: nmt, depends_on: [a], when: {ref: "{{a}}", op: ne, value: ""}}
- {step_id: c, description: 品質 😀, tool: nmt, depends_on: [a]}
- {step_id: d, description: Join, code: "join them", depends_on: [b, c]}
""")


def drawn(plan: WorkflowPlan, width: int = 80, **options: object) -> str:
    return "\n".join(text_lines(sketch_of(plan), width=width, **options))  # type: ignore[arg-type]


def all_nodes(sketch: Sketch) -> list[Node]:
    return [found for node in sketch.nodes for found in (node, *(all_nodes(node.body) if node.body else ()))]


def test_a_diamond_looks_like_one() -> None:
    assert drawn(DIAMOND, 70).splitlines() == [
        "diamond: 4 steps, 3 waves",
        "",
        "               ┌─ 1 ──────────┐",
        "               │ Write a joke │",
        "               │ llm          │",
        "               └──────────────┘",
        "           ╭──────────┴──────────╮",
        "           ▼                     ▼",
        "┌─ 2 ← 1 ─────────────┐   ┌─ 3 ← 1 ──────┐",
        "│ Translate to French │   │ 品質 😀      │",
        "│ nmt                 │   │ nmt          │",
        '│ if a ≠ ""           │   └──────────────┘',
        "└─────────────────────┘          │",
        "           ╰──────────┬──────────╯",
        "                      ▼",
        "               ┌─ 4 ← 2, 3 ───┐",
        "               │ Join         │",
        "               │ code         │",
        "               └──────────────┘",
    ]


def test_where_box_characters_will_not_do_there_are_others() -> None:
    text = drawn(DIAMOND, 70, strokes=ASCII)
    assert text.replace("品質 😀", "").isascii()
    assert "+- 4 <- 2, 3 --+" in text
    assert 'if a != ""' in text
    assert strokes_for("utf-8") is BOXES
    assert all(strokes_for(name) is ASCII for name in ("ascii", "latin-1", "cp437", "no such", None))


@given(plans(), st.sampled_from([20, 40, 80, 100]), st.sampled_from([BOXES, ASCII]))
def test_every_step_is_there_with_what_it_needs_and_no_line_is_too_wide(
    plan: WorkflowPlan, width: int, strokes: object
) -> None:
    sketch = sketch_of(plan)
    lines = text_lines(sketch, width=width, strokes=strokes)  # type: ignore[arg-type]
    assert all(cells(line) <= width for line in lines)
    assert all(line.isprintable() or "\ufffd" in line or not line.isascii() for line in lines)
    text = "\n".join(lines)
    if width >= 40:
        for node in all_nodes(sketch):
            assert f" {node.number} " in text


@given(plans(depth=0), st.sampled_from([60, 100, 200]))
def test_a_line_enters_every_step_that_needs_something_where_lines_are_drawn(plan: WorkflowPlan, width: int) -> None:
    text = drawn(plan, width)
    if "wave 1" not in text and plan.steps:
        sketch = sketch_of(plan)
        assert text.count("▼") >= sum(bool(node.needs) for node in sketch.nodes)


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("plan", [chain(1), chain(200), fan(198), layers(20, 10), layers(2, 100)])
def test_up_to_two_hundred_steps_are_readable_at_any_width(plan: WorkflowPlan, width: int) -> None:
    lines = text_lines(sketch_of(plan), width=width)
    assert all(cells(line) <= width for line in lines)
    text = "\n".join(lines)
    assert all(f" {number} " in text for number in range(1, len(plan.steps) + 1))
    assert len(lines) < 8 * len(plan.steps) + 4


@pytest.mark.parametrize("width", [40, 80, 100])
def test_steps_of_one_wave_stand_side_by_side(width: int) -> None:
    lines = text_lines(sketch_of(fan(12)), width=width)
    assert any("┌─ 2 ← 1 " in line and "┌─ 3 ← 1 " in line for line in lines)


def test_scopes_are_frames_around_what_is_inside_them() -> None:
    plan = planned("""
        steps:
        - step_id: map
          description: Every word
          for_each: "{{inputs.words}}"
          width: 3
          steps: [{step_id: x, tool: t}, {step_id: y, tool: t, depends_on: [x]}]
        - step_id: loop
          repeat: {until: {ref: "{{z}}", op: gt, value: 0.8}, limit: 5}
          depends_on: [map]
          steps: [{step_id: z, tool: t}]
        - step_id: listen
          on: {timer: 5s, limit: 2}
          depends_on: [loop]
          steps: [{step_id: w, tool: t}]
        inputs: {words: {}}
        """)
    for width in (40, 80):
        text = drawn(plan, width)
        assert "╭╌ 1 " in text
        assert "for each of inputs.words, 3 at a time" in " ".join(text.replace("┆", " ").split())
        assert "until z > 0.8, at most 5" in text
        assert "every 5s, at most 2" in text
        assert "┆ ┌─ 1.1 ──" in text
        assert "1.2 ← 1.1" in text
        assert "2 ← 1" in text


def test_scopes_eight_deep_still_show_what_is_inside() -> None:
    plan = chain(1)
    for _ in range(8):
        plan = WorkflowPlan((WorkflowStep("s", Scope(Once(), plan)),))
    lines = text_lines(sketch_of(plan), width=40)
    assert all(cells(line) <= 40 for line in lines)
    assert any("1.1.1.1.1.1" in line for line in lines)


def test_scopes_in_scopes_are_not_drawn_ever_again() -> None:
    plan = chain(1)
    for _ in range(7):
        pair = (WorkflowStep("a", Scope(Once(), plan)), WorkflowStep("b", Scope(Once(), plan)))
        plan = WorkflowPlan(pair)
    for width in (40, 100):
        assert _timed(lambda width=width: text_lines(sketch_of(plan), width=width)) < 5  # type: ignore[misc]


def test_scopes_side_by_side_share_the_room_there_is() -> None:
    plan = planned("""
        steps:
        - {step_id: a, description: Write every word in capitals, iterations: 2, steps: [{step_id: x, tool: t}]}
        - {step_id: b, description: Write every word in small letters, iterations: 2, steps: [{step_id: y, tool: t}]}
        - {step_id: c, tool: t, depends_on: [a, b]}
        """)
    lines = text_lines(sketch_of(plan), width=60)
    assert any("╭╌ 1 ╌" in line and "╭╌ 2 ╌" in line for line in lines)
    assert any("▼" in line for line in lines)


def test_a_run_shows_what_became_of_each_step_with_a_mark_and_a_word() -> None:
    world = World(DIAMOND).begin().run()
    text = "\n".join(text_lines(sketch_of(DIAMOND, timing=timing_of(DIAMOND, world.events)), width=90))
    assert text.count("✓ succeeded ") == 4
    assert "skipped" not in text


def test_two_hundred_steps_are_drawn_at_once() -> None:
    sketch = sketch_of(layers(20, 10))
    text_lines(sketch, width=100)
    best = min(_timed(lambda: text_lines(sketch, width=100)) for _ in range(5))
    assert best < 0.5  # what is promised is 50 ms; a busy machine may need longer


def _timed(act: object) -> float:
    start = time.perf_counter()
    act()  # type: ignore[operator]
    return time.perf_counter() - start
