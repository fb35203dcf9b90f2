"""Planning cases given to models: several at a time, in order, whatever becomes of single ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.planning import main
from tests.processes import PATIENCE_S, ROOT, signals_as_usual
from tests.servers.model_server import Answer, ModelServer

__all__ = ["signals_as_usual"]

ACTOR = {
    "name": "find actor",
    "description": "Find information about an actor.",
    "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OVERSEER_MODEL", "OVERSEER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def cases(folder: Path, count: int) -> Path:
    path = folder / "cases.jsonl"
    made = [{"id": f"case{n}", "request": f"find actor number {n}", "tools": [ACTOR], "gold": {}} for n in range(count)]
    path.write_text("".join(json.dumps(case) + "\n" for case in made), "utf-8")
    return path


def number_in(body: Any) -> int:
    words = body["messages"][-1]["content"].split("find actor number ")[1].split()
    return int(words[0].strip("`"))


def planned(body: Any) -> str:
    number = number_in(body)
    step = {"step_id": f"find{number}", "description": "Find", "tool": "find actor", "args": {"name": f"{number}"}}
    return json.dumps({"steps": [step]})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_four_cases_are_planned_at_the_same_time_and_written_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The server gives none of four answers to its end before all four have begun.
    with ModelServer(reply=planned, together=4) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        assert main([str(cases(tmp_path, 8)), str(tmp_path / "out"), "--model", "openai:tiny", "--jobs", "4"]) == 0
    told = lines(tmp_path / "out")
    assert [line["id"] for line in told] == [f"case{n}" for n in range(8)]
    assert [line["steps"][0]["args"] for line in told] == [{"name": f"{n}"} for n in range(8)]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("all: 8 cases, 8 planned; slowest ")
    assert said[1] == f"openai/tiny: 8 requests, {sum(map(sum, server.counted))} tokens"


@pytest.mark.parametrize("spec", ["ollama/tiny", "ollama:tiny", "URL"])
def test_a_model_is_named_as_the_settings_name_it_or_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    with ModelServer(reply=planned) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        named = server.openai_url if spec == "URL" else spec
        assert main([str(cases(tmp_path, 1)), str(tmp_path / "out"), "--model", named]) == 0
    assert lines(tmp_path / "out")[0]["steps"][0]["tool"] == "find actor"


def test_a_script_can_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    step = {"step_id": "a", "tool": "find actor", "args": {"name": "Ann"}}
    Path("script.json").write_text(json.dumps([{"contains": "find actor", "value": {"steps": [step]}}]), "utf-8")
    assert main([str(cases(tmp_path, 2)), "out", "--model", "scripted/script.json", "--jobs", "2"]) == 0
    assert [line["steps"][0]["args"] for line in lines(Path("out"))] == [{"name": "Ann"}] * 2


def test_a_case_that_fails_has_no_steps_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reply(body: Any) -> Answer | str:
        match number_in(body):
            case 1:
                return Answer(status=401, error={"error": "no"})
            case 2:
                return "no plan at all {"
            case _:
                return planned(body)

    with ModelServer(reply=reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        assert main([str(cases(tmp_path, 4)), str(tmp_path / "out"), "--model", "openai/tiny", "--jobs", "2"]) == 0
    assert [(line["id"], len(line["steps"])) for line in lines(tmp_path / "out")] == [
        ("case0", 1),
        ("case1", 0),
        ("case2", 0),
        ("case3", 1),
    ]
    told = capsys.readouterr()
    first, second = told.err.splitlines()
    assert first.startswith("case1: the model could not be asked for a plan: ")
    assert second.startswith("case2: ")
    assert "2 planned, 2 refused" in told.out


@pytest.mark.parametrize("spec", ["nothing", "opanai/x", "scripted/none.yaml", "http://127.0.0.1:9/v1", "none.gguf"])
def test_a_model_that_cannot_be_used_is_told_before_anything_is_written(
    tmp_path: Path, spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(cases(tmp_path, 1)), str(tmp_path / "out"), "--model", spec]) == 2
    assert capsys.readouterr().err.startswith("error: --model names ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "1001"])
def test_jobs_are_a_number(tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(cases(tmp_path, 1)), str(tmp_path / "out"), "--jobs", jobs])
    assert "whole number" in capsys.readouterr().err


def test_an_interruption_keeps_what_is_done(tmp_path: Path) -> None:
    def reply(body: Any) -> Answer | str:
        return Answer(delay_s=PATIENCE_S) if number_in(body) == 2 else planned(body)

    with ModelServer(reply=reply) as server:
        files = [str(cases(tmp_path, 4)), str(tmp_path / "out")]
        bench = subprocess.Popen(
            [sys.executable, str(ROOT / "bench" / "planning.py"), *files, "--model", "openai/tiny", "--jobs", "2"],
            env={**os.environ, "OPENAI_BASE_URL": server.openai_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4):
            assert server.asked.acquire(timeout=PATIENCE_S)
        while len(server.counted) < 3:  # all but the one that is never answered
            assert bench.poll() is None
        bench.send_signal(signal.SIGINT)
        assert server.hung_up.wait(PATIENCE_S)
        out, err = bench.communicate(timeout=PATIENCE_S)
    assert (bench.returncode, err) == (130, "interrupted; what is done is kept\n")
    assert [line["id"] for line in lines(tmp_path / "out")] in (["case0", "case1"], ["case0", "case1", "case3"])
    assert out.startswith("all: ")
