"""`overseer plan`, as a whole process, with a pretended model server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from overseer.plan import load_plan
from tests.program import told_by
from tests.servers.model_server import ModelServer

STEPS = [
    {"step_id": "up", "description": "Capitals", "tool": "text_case", "args": {"text": "hi", "case": "upper"}},
    {"step_id": "down", "description": "Small", "tool": "text_case", "args": {"text": "Hi", "case": "lower"}},
    {"step_id": "both", "description": "Together", "tool": "text_join", "args": {"texts": ["{{up}}", "{{down}}"]}},
]
PLAN = json.dumps({"steps": STEPS, "output": "{{both}}"})


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def overseer(*arguments: str, server: ModelServer | None = None) -> subprocess.CompletedProcess[str]:
    model = {} if server is None else {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": "sk-nothing"}
    return told_by(*arguments, environment={**os.environ, **model})


def test_a_plan_is_shown_saved_and_can_be_carried_out() -> None:
    with ModelServer([f"```json\n{PLAN}\n```"]) as server:
        made = overseer("plan", "say", "hi", "twice", "--save", "hi.yaml", server=server)
        asked = server.questions()[0]["messages"][-1]["content"]
    assert made.returncode == 0
    assert "Workflow Plan (3 steps):" in made.stdout
    assert "wave 1: up, down" in made.stdout
    assert "overseer run hi.yaml" in made.stderr
    assert "say hi twice" in asked
    assert [step.step_id for step in load_plan(Path("hi.yaml")).plan.steps] == ["up", "down", "both"]
    ran = overseer("run", "hi.yaml")
    assert (ran.returncode, ran.stdout) == (0, "HI\nhi\n")


def test_a_plan_is_shown_with_what_its_steps_do_and_what_has_to_be_approved() -> None:
    made = overseer("plan", "read a.txt and save it as b.txt")
    lines = [line.strip() for line in made.stdout.splitlines()]
    assert lines[0] == "Workflow Plan (2 steps): (made by rules, without a model)"
    assert "read_file: read_file [read]" in lines
    assert "write_file: write_file [write]; after read_file; writes b.txt" in lines
    assert lines[lines.index("it needs your approval for:") + 1] == "write: write_file"


def test_nothing_is_carried_out_and_nothing_recorded() -> None:
    steps = [{"step_id": "w", "tool": "write_file", "args": {"path": "made.txt", "text": "x"}}]
    with ModelServer([json.dumps({"steps": steps})]) as server:
        made = overseer("plan", "write a file", "--json", server=server)
    told = json.loads(made.stdout)
    assert (made.returncode, told["decision"], told["by"]) == (0, "plan", "model")
    assert told["waves"] == [["w"]]
    assert not Path("made.txt").exists()
    assert json.loads(overseer("runs", "--json").stdout)["runs"] == []


def test_an_answer_needs_no_plan() -> None:
    with ModelServer([json.dumps({"answer": "Four."})] * 2) as server:
        assert overseer("plan", "2 + 2?", server=server).stdout == "Four.\n"
        told = json.loads(overseer("plan", "2 + 2?", "--json", server=server).stdout)
    assert (told["decision"], told["answer"]) == ("answer", "Four.")


def test_a_reply_that_stays_wrong_is_refused_with_all_reasons_and_shown() -> None:
    wrong = json.dumps({"steps": [{"step_id": "a", "tool": "text_cas", "args": {}}]})
    with ModelServer([wrong]) as server:
        refused = overseer("plan", "x", "--save", "x.yaml", server=server)
        assert len(server.questions()) == 2
    assert refused.returncode == 3
    assert "did you mean 'text_case'?" in refused.stdout
    assert wrong in refused.stdout
    assert not Path("x.yaml").exists()


def test_a_file_that_is_there_is_left_alone() -> None:
    Path("mine.yaml").write_text("precious")
    ended = overseer("plan", "x", "--save", "mine.yaml")
    assert ended.returncode == 2
    assert "mine.yaml is there already" in ended.stderr
    assert Path("mine.yaml").read_text() == "precious"
    with ModelServer([PLAN]) as server:
        nowhere = overseer("plan", "x", "--save", "no/such/folder.yaml", server=server)
    assert (nowhere.returncode, "cannot save the plan as no/such/folder.yaml" in nowhere.stderr) == (2, True)


def test_without_a_model_rules_make_the_plan_and_say_so() -> None:
    Path("a.txt").write_text("one two three")
    made = overseer("plan", "read a.txt and count its words", "--save", "count.yaml")
    assert made.returncode == 0, made.stdout
    assert "no language model is connected, so this is planned by rules" in made.stderr
    assert made.stderr.count("rules") == 1
    told = json.loads(overseer("plan", "read a.txt and count its words", "--json").stdout)
    assert (told["decision"], told["by"]) == ("plan", "rules")
    ran = overseer("run", "count.yaml", "--json")
    assert ran.returncode == 0
    assert '"words": 3' in json.dumps(json.loads(ran.stdout)["steps"])


def test_what_needs_a_model_is_refused_with_how_to_connect_one() -> None:
    refused = overseer("plan", "write a joke about cats and translate it to French")
    assert refused.returncode == 3
    assert "OPENAI_API_KEY" in refused.stdout


def test_rules_can_be_asked_for_where_there_is_a_model() -> None:
    with ModelServer(["never asked"]) as server:
        told = json.loads(overseer("plan", "sha256 of a.txt", "--rules", "--json", server=server).stdout)
        assert server.questions() == []
    assert (told["decision"], told["by"]) == ("plan", "rules")
