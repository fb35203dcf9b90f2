"""The same work in every form: the results are the same, and so is what happens on the way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from overseer import Engine
from overseer.frontends.files import plan_reader
from overseer.journal.journal import Journal
from overseer.plan import check_plan
from tests.frontends.forms import SIMPLE, complaints, read

# A pair of texts, made from one; both sides of it at once; and put together again.
FORMS = {
    "p.yaml": """
steps:
  - {step_id: add, tool: add, args: {number: 5, more: 0}}
  - {step_id: double, tool: double, args: {number: "{{add}}"}}
  - {step_id: triple, tool: triple, args: {number: "{{add}}"}}
  - {step_id: total, tool: total, args: {numbers: ["{{double}}", "{{triple}}"]}}
""",
    "p.json": json.dumps(
        {
            "steps": [
                {"step_id": "add", "tool": "add", "args": {"number": 5, "more": 0}},
                {"step_id": "double", "tool": "double", "args": {"number": "{{add}}"}, "parallel_group": 1},
                {"step_id": "triple", "tool": "triple", "args": {"number": "{{add}}"}, "parallel_group": 1},
                {"step_id": "total", "tool": "total", "args": {"numbers": ["{{double}}", "{{triple}}"]}},
            ]
        }
    ),
    "g.json": json.dumps(
        {
            "nodes": [
                {
                    "nodeId": "add",
                    "name": "add",
                    "input": [{"var": "number", "value": "5"}, {"var": "more", "value": 0}],
                },
                {
                    "nodeId": "both",
                    "name": "both",
                    "metadata": {"execution_mode": "parallel", "parallel_branches": [["double"], ["triple"]]},
                },
                {"nodeId": "double", "name": "double"},
                {"nodeId": "triple", "name": "triple"},
                {"nodeId": "total", "name": "total"},
            ],
            "connections": [
                {"sourceNodeId": "add", "targetNodeId": "both"},
                {"sourceNodeId": "both", "targetNodeId": "double"},
                {"sourceNodeId": "both", "targetNodeId": "triple"},
                {"sourceNodeId": "both", "targetNodeId": "total"},
            ],
        }
    ),
    "p.pipe": "5 | add(more=0) | [double, triple] | total",
}


@pytest.mark.parametrize("source", FORMS)
def test_the_same_work_in_every_form_comes_to_the_same(source: str, tmp_path: Path) -> None:
    checked = read(FORMS[source], source)
    assert [str(fault) for fault in checked.faults] == []
    with Journal.open(tmp_path / "journal.db") as journal:
        result = Engine(SIMPLE.values(), journal=journal).run(checked.plan)
        happened = Counter(type(event).__name__ for event in journal.events(result.run_id))
    assert result.output == 25
    assert {step.step_id: step.depends_on for step in checked.plan.steps}["total"] == ("double", "triple")
    assert (happened["StepStarted"], happened["StepSucceeded"]) == (4, 4)


def test_a_plan_names_files_of_other_forms(tmp_path: Path) -> None:
    (tmp_path / "double.pipe").write_text("def main(x: float) = double(x)")
    (tmp_path / "main.yaml").write_text("steps: [{step_id: a, workflow: double.pipe, args: {x: 4}}]")
    checked = check_plan(tmp_path / "main.yaml", tools=SIMPLE, read=plan_reader(SIMPLE))
    assert [str(fault) for fault in checked.faults] == []
    assert Engine(SIMPLE.values()).run(checked.plan).output == 8


@pytest.mark.parametrize(
    ("source", "text", "complaint"),
    [
        ("n.toml", "a = " + "[" * 300 + "]" * 300, "the nesting is deeper than 100 levels"),
        ("n.toml", "a = " + "[" * 100_000, "the nesting is deeper than 100 levels"),
        ("g.json", '{"nodes": ' + "[" * 300, "line 1: the nesting is deeper than 100 levels"),
    ],
)
def test_a_file_that_is_nested_too_deeply_is_refused(source: str, text: str, complaint: str) -> None:
    assert complaints(text, source) == [complaint]


@pytest.mark.parametrize("text", ['[[act]]\nname = "a"\nprompt = "x"\n', '{"nodes": []}'])
def test_what_comes_without_a_suffix_is_told_by_how_it_begins(text: str) -> None:
    assert complaints(text, "/dev/stdin") == complaints(text, "f.toml" if text.startswith("[") else "f.json")
