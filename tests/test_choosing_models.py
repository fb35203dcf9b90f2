"""Which model the program uses, as a whole process: what it tells of it, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PATIENCE_S, ROOT
from tests.servers.model_server import Answer, ModelServer

ANSWER = json.dumps({"answer": "Four."})
NOWHERE = "http://127.0.0.1:9"  # where nothing listens


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OVERSEER_MODEL", "OVERSEER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", NOWHERE)
    monkeypatch.chdir(tmp_path)


def overseer(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "chat_cli.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        check=False,
    )


def settings(section: Any) -> None:
    Path("home").mkdir(exist_ok=True)
    Path("home/config.yaml").write_text(json.dumps({"models": section}), encoding="utf-8")


def test_a_model_that_was_found_is_named_with_the_reason_before_it_is_asked() -> None:
    with ModelServer([ANSWER], models=["nomic-embed-text", "zephyr"]) as server:
        made = overseer("plan", "2 + 2?", OLLAMA_HOST=server.url)
        assert server.questions()[0]["model"] == "zephyr"
    assert (made.returncode, made.stdout) == (0, "Four.\n")
    assert made.stderr.splitlines()[0] == (f"model: ollama/zephyr, since Ollama at {server.url} is running and has it")


def test_a_model_that_was_named_is_used_without_a_word() -> None:
    with ModelServer([ANSWER]) as server:
        settings({"default": "near/tiny", "providers": {"near": {"kind": "openai", "base_url": server.openai_url}}})
        made = overseer("plan", "2 + 2?")
    assert (made.returncode, made.stdout, made.stderr) == (0, "Four.\n", "")


def test_the_environment_goes_before_the_settings() -> None:
    settings({"default": "ollama/zephyr"})
    with ModelServer([ANSWER], models=["zephyr", "other"]) as server:
        made = overseer("plan", "2 + 2?", OLLAMA_HOST=server.url, OVERSEER_MODEL="ollama/other")
        assert [body["model"] for body in server.questions()] == ["other"]
    assert made.stdout == "Four.\n"


def test_a_choice_that_cannot_be_used_is_an_error_and_nothing_takes_its_place() -> None:
    with ModelServer([ANSWER], models=["zephyr"]) as server:
        for refused in (
            overseer("plan", "2 + 2?", OLLAMA_HOST=server.url, OVERSEER_MODEL="ollama/qwen3"),
            overseer("plan", "2 + 2?", OLLAMA_HOST=server.url, OVERSEER_BASE_URL=f"{NOWHERE}/v1"),
        ):
            assert refused.returncode == 77
            assert refused.stdout == ""
            [line] = refused.stderr.splitlines()
            assert line.startswith("error: OVERSEER_")
        settings({"default": "ollama/qwen3"})
        refused = overseer("plan", "2 + 2?", "--json", OLLAMA_HOST=server.url)
        assert not server.questions()
    assert refused.returncode == 77
    said = json.loads(refused.stdout)["error"]
    assert "models.default in the settings names ollama/qwen3" in said
    assert "run: ollama pull qwen3 (installed: zephyr)" in said


def test_a_run_whose_model_cannot_be_used_says_so_for_every_step_that_needs_it() -> None:
    steps = [{"step_id": name, "tool": "content_generator", "args": {"prompt": name}} for name in ("a", "b")]
    Path("plan.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    ran = overseer("run", "plan.json", "--json", OVERSEER_MODEL="ollama/qwen3")
    assert ran.returncode == 4
    told = json.loads(ran.stdout)["steps"]
    assert [step["step_id"] for step in told] == ["a", "b"]
    for step in told:
        assert f"is Ollama running at {NOWHERE}? If not, start it with: ollama serve" in json.dumps(step)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_doctor_tells_the_choice_the_reason_and_what_was_looked_at(as_json: bool) -> None:
    with ModelServer(models=["zephyr"]) as server:
        told = overseer("doctor", *(["--json"] if as_json else []), OLLAMA_HOST=server.url)
    reason = f"Ollama at {server.url} is running and has it"
    if as_json:
        model = json.loads(told.stdout)["model"]
        assert (model["name"], model["reason"], model["planner"]) == ("ollama/zephyr", reason, "model")
        assert [probe["outcome"] for probe in model["probes"]] == ["absent", "found"]
    else:
        lines = told.stdout.splitlines()
        place = lines.index(f"ok      model: ollama/zephyr, since {reason}")
        assert lines[place + 1].split()[0] == "absent"
        assert lines[place + 2].split()[0] == "found"


def test_the_doctor_tells_three_ways_to_connect_a_model_where_there_is_none() -> None:
    told = overseer("doctor").stdout
    for way in ("set OPENAI_API_KEY", "set OPENAI_BASE_URL", "start Ollama", "plans are made by rules"):
        assert way in told
    assert json.loads(overseer("doctor", "--json").stdout)["model"]["planner"] == "rules"


def test_the_doctor_tells_what_is_wrong_with_a_model_that_was_named() -> None:
    settings({"default": "ollama/qwen3", "roles": {"coder": "openai/gpt-5"}})
    told = overseer("doctor")
    assert told.returncode == 77
    assert "model: none; models.default in the settings names ollama/qwen3" in told.stdout
    assert "role coder: openai/gpt-5" in told.stdout


def test_what_a_run_says_it_spent_is_what_the_server_counted() -> None:
    def reply(body: Any) -> Answer:
        number = sum(map(ord, body["messages"][-1]["content"])) % 89
        return Answer(f"text {number} and more", tokens=(1000 + number, 10 + number))

    steps: list[dict[str, Any]] = [
        {"step_id": f"s{n}", "tool": "content_generator", "args": {"prompt": f"Text {n * n}"}} for n in range(4)
    ]
    for n in range(4):
        said = " ".join(f"{{{{s{each}}}}}" for each in range(4))
        translate = {"tool": "nmt_translator", "args": {"text": f"{n}: {said}", "target_lang": "fr"}}
        steps.append({"step_id": f"t{n}", **translate})
    Path("plan.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    with ModelServer(reply=reply, together=4) as server:  # which goes on only where four are asked at once
        for variables in (
            {"OPENAI_BASE_URL": server.openai_url, "OPENAI_MODEL": "tiny"},
            {"OLLAMA_HOST": server.url},
        ):
            server.counted.clear()
            ran = overseer("run", "plan.json", "--json", **variables)
            assert ran.returncode == 0, ran.stderr
            spent = json.loads(ran.stdout)["spent"]
            assert spent["requests"] == len(server.counted) == 8
            assert spent["tokens"] == sum(map(sum, server.counted))
