"""Predictions for planning cases: from a file or a folder, in the form that a scorer reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.planning import main, predicted, steps_of, stub
from overseer.frontends.draft import Answered, Draft, Planned
from overseer.frontends.rules import plan_by_rules
from overseer.tool import Tool

TEXT = {"type": "string"}
FILM = {
    "name": "Film.get details",
    "description": "Retrieve details of a film.",
    "parameters": {"type": "object", "properties": {"title": TEXT}, "required": ["title"]},
    "returns": {"lead_actor": {"description": "the name of the lead actor"}},
}
ACTOR = {
    "name": "find_actor",
    "description": "Find information about an actor.",
    "parameters": {"type": "object", "properties": {"actor_name": TEXT}, "required": ["actor_name"]},
}
TEAM = {
    "name": "get_team",
    "description": "Get the members of a team.",
    "parameters": {"type": "object", "properties": {"team": TEXT}, "required": ["team"]},
    "returns": {"members": {"type": "array"}},
}
GREET = {
    "name": "greet",
    "description": "Greet a member.",
    "parameters": {"type": "object", "properties": {"member": TEXT}, "required": ["member"]},
}


def case(name: str, request: str, *tools: dict[str, Any], source: str = "own") -> dict[str, Any]:
    return {"id": name, "source": source, "request": request, "tools": list(tools)}


CASES = [
    case("chain", 'Get details of the film "Alien" and find information about its lead actor', FILM, ACTOR),
    case("open", "Find information about an actor", FILM, ACTOR, source="other"),
]


def written(folder: Path, cases: list[dict[str, Any]]) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n\n" for case in cases), "utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("is_folder", [True, False])
def test_each_case_has_a_line_with_its_steps(tmp_path: Path, is_folder: bool) -> None:
    gold = written(tmp_path, CASES)
    out = tmp_path / "out"
    assert main([str(gold.parent if is_folder else gold), str(out), "--rules"]) == 0
    chain, left_open = lines(out)
    assert [(step["step_id"], step["tool"], step["depends_on"]) for step in chain["steps"]] == [
        ("film_get_details", "Film.get details", []),
        ("find_actor", "find_actor", ["film_get_details"]),
    ]
    assert chain["steps"][1]["args"] == {"actor_name": "{{film_get_details.lead_actor}}"}
    assert left_open["steps"][0]["args"] == {"actor_name": "{{inputs.actor_name}}"}


def test_what_came_out_is_counted_by_a_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(written(tmp_path, CASES)), str(tmp_path / "out"), "--by", "source"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(";")[0] for line in told] == [
        "all: 2 cases, 2 planned",
        "source other: 1 cases, 1 planned",
        "source own: 1 cases, 1 planned",
    ]


def test_a_planner_is_given_the_request_and_the_tools_and_nothing_else() -> None:
    given: list[Any] = []

    def planner(request: str, tools: dict[str, Tool]) -> Draft:
        given.append((request, {name: tool.parameters for name, tool in tools.items()}))
        return Answered("no", "rules")

    prediction = predicted({**CASES[0], "gold": {"steps": []}}, planner)
    assert prediction.line() == {"id": "chain", "steps": []}
    assert given == [(CASES[0]["request"], {tool["name"]: tool["parameters"] for tool in (FILM, ACTOR)})]


def test_a_round_over_a_list_counts_as_its_call() -> None:
    tools = {tool.name: tool for tool in (stub(TEAM), stub(GREET))}
    draft = plan_by_rules("get the members of the team 'Blue' and greet each member", tools)
    assert isinstance(draft, Planned)
    steps = steps_of(draft.plan)
    assert [(step["tool"], step["depends_on"]) for step in steps] == [("get_team", []), ("greet", ["get_team"])]
    assert steps[1]["args"] == {"member": "{{item}}"}


@pytest.mark.parametrize("content", ["{", '{"id": "x"}\n', "[]\n"])
def test_what_is_no_case_is_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.jsonl").write_text(content, "utf-8")
    assert main([str(tmp_path / "bad.jsonl"), str(tmp_path / "out")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
