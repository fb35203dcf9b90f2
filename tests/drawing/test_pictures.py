"""Mermaid and SVG: whatever a title says, it stays a title."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given

from overseer.drawing.arrangement import Box, Picture, arranged
from overseer.drawing.mermaid import escaped, mermaid
from overseer.drawing.sketch import sketch_of
from overseer.drawing.svg import svg
from overseer.plan.values import Call, WorkflowPlan, WorkflowStep
from overseer.timing import timing_of
from tests.drawing.graphs import HOSTILE, chain, fan, layers, plans
from tests.kernel.simulation import World, planned

NAMESPACE = "{http://www.w3.org/2000/svg}"
STATEMENT = re.compile(
    r'flowchart TD|end|subgraph (n[0-9_]+)\[".*"\]|(n[0-9_]+)\[".*"\]|(n[0-9_]+) --> (n[0-9_]+)'
    r"|classDef \w+ [\w:#,\- ]+|class [n0-9_,]+ \w+"
)


def labelled(title: str) -> WorkflowPlan:
    return WorkflowPlan((WorkflowStep("end", Call("t"), title),))


# --- Mermaid


@given(plans())
def test_every_line_of_mermaid_is_a_statement_and_every_step_has_an_id_of_its_own(plan: WorkflowPlan) -> None:
    sketch = sketch_of(plan, classes={"t": "exec", "text_case": "pure"})
    found = [STATEMENT.fullmatch(line.strip()) for line in mermaid(sketch).splitlines()]
    assert all(found)
    ids = [match[1] or match[2] for match in found if match and (match[1] or match[2])]
    assert len(ids) == len(set(ids)) == sketch.count()
    links = [(match[3], match[4]) for match in found if match and match[3]]
    assert {end for link in links for end in link} <= set(ids)
    assert len(links) >= sum(len(node.needs) for node in sketch.nodes)


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_means_anything_in_mermaid(title: str) -> None:
    lines = mermaid(sketch_of(labelled(title))).splitlines()
    (label,) = re.findall(r'n1\["(.*)"\]', lines[1])
    said = re.sub(r"#\d+;|<br/>", "", label)
    assert not re.search(r"[\"'<>#;&`%\[\]{}()|\\\x00-\x1f\u202e]|--|//", said)


def test_what_is_escaped_reads_the_same() -> None:
    text = 'say "hi" <b>#1</b> 50% [x] --> y; 日本語 é'
    read = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), escaped(text))
    assert read == text
    assert escaped("Translate to French, twice") == "Translate to French, twice"


# --- SVG


@given(plans())
def test_an_svg_is_well_formed_and_has_every_step_and_nothing_that_runs_or_is_fetched(plan: WorkflowPlan) -> None:
    sketch = sketch_of(plan)
    text = svg(sketch)
    root = ElementTree.fromstring(text)
    titles = [element.text or "" for element in root.iter(f"{NAMESPACE}title")]
    assert len(titles) == sketch.count()
    assert all(title.startswith(f"{node.number}. ") for title, node in zip(titles, _nodes(sketch), strict=True))
    names = {element.tag.removeprefix(NAMESPACE) for element in root.iter()}
    assert names <= {"svg", "style", "rect", "path", "g", "title", "text"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name]
    assert not re.search(r"url\(|@import", root.find(f"{NAMESPACE}style").text or "")  # type: ignore[union-attr]
    assert text.count("http") == 1 + sum(title.count("http") for title in titles)  # the name of the format


def _nodes(sketch):  # type: ignore[no-untyped-def]
    for node in sketch.nodes:
        yield node
        if node.body:
            yield from _nodes(node.body)


@given(plans())
def test_boxes_do_not_overlap_and_all_lines_go_down(plan: WorkflowPlan) -> None:
    _check(arranged(sketch_of(plan)))


@pytest.mark.parametrize("plan", [chain(200), fan(198), layers(20, 10), layers(2, 100)])
def test_two_hundred_steps_fit_a_picture_that_can_be_looked_at(plan: WorkflowPlan) -> None:
    picture = arranged(sketch_of(plan))
    _check(picture)
    assert len(picture.boxes) == 200
    assert picture.width < 7000
    assert len(picture.lines) < 3000
    ElementTree.fromstring(svg(sketch_of(plan)))


def _check(picture: Picture) -> None:
    for line in picture.lines:
        assert line.y <= line.bend < line.to_y
    for at, box in enumerate(picture.boxes):
        assert box.x >= 0
        assert box.x + box.width <= picture.width
        assert box.y + box.height <= picture.height
        assert not [other for other in picture.boxes[:at] if _overlap(box, other)]
        if box.inside is not None:
            assert box.inside.x >= box.x - 0.1
            assert box.inside.x + box.inside.width <= box.x + box.width + 0.1
            _check(box.inside)


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def test_the_class_of_a_tool_and_the_outcome_are_told_by_a_word_as_well_as_a_colour() -> None:
    plan = planned("steps: [{step_id: a, tool: rm}, {step_id: b, tool: t, depends_on: [a]}]")
    world = World(plan).begin().run()
    text = svg(sketch_of(plan, classes={"rm": "exec"}, timing=timing_of(plan, world.events)))
    assert ">exec</text>" in text
    assert text.count(">✓ succeeded ") == 2
    assert "prefers-color-scheme:dark" in text


def test_secrets_are_taken_out_before_a_title_is_cut() -> None:
    sketch = sketch_of(labelled("use hunter2hunter2"), redact=lambda text: text.replace("hunter2hunter2", "[secret]"))
    assert "hunter2" not in svg(sketch) + mermaid(sketch)
    assert "[secret]" in svg(sketch)
