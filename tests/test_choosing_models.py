"""Which model the program uses, as a whole process: what it tells of it, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from overseer.errors import ModelUnavailable
from overseer.models.look import EXPECTED_TIMEOUT_S, LOOK_TIMEOUT_S, NAMED_TIMEOUT_S
from overseer.models.offers import Look, LookFailed
from overseer.secrets import Secrets
from overseer.settings.config import load_settings
from overseer.wiring import choose_model
from tests.processes import PATIENCE_S, ROOT, signals_as_usual
from tests.program import told_by
from tests.servers.model_server import Answer, ModelServer

__all__ = ["signals_as_usual"]

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
    return told_by(*arguments, environment={**os.environ, **environment})


def settings(section: Any) -> None:
    Path("home").mkdir(exist_ok=True)
    Path("home/config.yaml").write_text(json.dumps({"models": section}), encoding="utf-8")


def test_a_model_that_was_found_is_named_with_the_reason_before_it_is_asked() -> None:
    with ModelServer([ANSWER], models=["nomic-embed-text", "zephyr"]) as server:
        made = overseer("plan", "2 + 2?", OLLAMA_HOST=server.url)
        assert server.questions()[0]["model"] == "zephyr"
    assert (made.returncode, made.stdout) == (0, "Four.\n")
    assert made.stderr.splitlines()[0] == (f"model: ollama/zephyr, since Ollama at {server.url} is running and has it")


@pytest.mark.parametrize(
    ("here", "told"),
    [
        (f"{NOWHERE}/v1", f"note: OPENAI_BASE_URL, {NOWHERE}/v1: Connection refused"),
        ("https://models.example/v1", "note: OPENAI_BASE_URL: an address elsewhere needs OPENAI_API_KEY as well"),
    ],
)
def test_a_server_that_was_named_in_vain_is_told_of(here: str, told: str) -> None:
    made = overseer("plan", "count the words in 'a b c'", OPENAI_BASE_URL=here)
    assert made.returncode == 0
    assert made.stderr.splitlines()[0] == told


class Looks:
    """Finds nothing, and remembers how long it was to look."""

    def __init__(self) -> None:
        self.limits_s: list[float] = []

    def look_for(self, limit_s: float) -> Look:
        self.limits_s.append(limit_s)
        return self

    def ollama_models(self, url: str) -> list[str]:
        raise LookFailed("nothing there")

    def openai_models(self, url: str, key: str) -> list[str]:
        raise LookFailed("nothing there")


@pytest.mark.parametrize(
    ("name", "limit_s"),
    [
        ("OPENAI_BASE_URL", EXPECTED_TIMEOUT_S),
        ("OLLAMA_HOST", EXPECTED_TIMEOUT_S),
        ("OVERSEER_MODEL", NAMED_TIMEOUT_S),
        ("NOTHING", LOOK_TIMEOUT_S),
    ],
)
def test_a_server_is_given_the_more_time_the_more_somebody_counts_on_it(
    name: str, limit_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine, one's own server may need a while for its first answer."""
    monkeypatch.delenv("OLLAMA_HOST")
    monkeypatch.setenv(name, "ollama/x" if name == "OVERSEER_MODEL" else f"{NOWHERE}/v1")
    looks, secrets = Looks(), Secrets()
    with suppress(ModelUnavailable):
        choose_model(load_settings(), secrets, Path(), look_for=looks.look_for)
    assert looks.limits_s == [limit_s]


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
            assert "guessed" not in spent


def test_tokens_that_the_server_did_not_count_are_shown_as_a_guess() -> None:
    steps = [{"step_id": "a", "tool": "content_generator", "args": {"prompt": "Text"}}]
    Path("plan.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    with ModelServer([Answer("a text", fault="no_usage")]) as server:
        here = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_MODEL": "tiny"}
        spent = json.loads(overseer("run", "plan.json", "--json", **here).stdout)["spent"]
        assert spent["guessed"] == spent["tokens"] > 100
        assert f"1 request, ~{spent['tokens']:,} tokens" in overseer("run", "plan.json", **here).stderr


def test_a_warning_of_the_model_reaches_the_user() -> None:
    steps = [{"step_id": "a", "tool": "content_generator", "args": {"prompt": "word " * 20_000}}]
    Path("plan.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    with ModelServer([Answer("a text", tokens=(4096, 3))], context_length=4096) as server:
        ran = overseer("run", "plan.json", OLLAMA_HOST=server.url)
    assert ran.returncode == 0
    assert "tokens, but tiny reads only 4096; the rest is cut off" in ran.stderr


FAULTS = {
    "401": (Answer(status=401, error={"error": "no"}), "does not accept the key; check OPENAI_API_KEY"),
    "404": (Answer(status=404, error={"error": "no such model"}), "no such model; check the address"),
    "429": (Answer(status=429, headers={"retry-after": "0"}), "too many requests: told to; wait a while"),
    "500": (Answer(status=500), "failed with status 500: told to; try again later"),
    "refused": (None, "cannot be reached: "),
    "timeout": (Answer(delay_s=PATIENCE_S), "did not answer in time; try again, or raise"),
    "malformed": (Answer(fault="malformed_body"), "sent something that is no answer; check that"),
    "page": (Answer(fault="web_page"), "answers with a web page; check that"),
    "cut": (Answer("Half of it", fault="cut"), "stopped in the middle of its answer"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_goes_wrong_with_a_model_is_one_line_and_no_traceback(name: str) -> None:
    answer, words = FAULTS[name]
    with ModelServer([answer or "never asked"]) as server:
        url = server.openai_url if answer is not None else f"{NOWHERE}/v1"
        Path("home").mkdir()
        section = {"roles": {"overseer": "near/tiny"}}
        section["providers"] = {"near": {"kind": "openai", "base_url": url, "key": "OPENAI_API_KEY", "timeout": "1s"}}
        whole = {"models": section, "retry": {"attempts": 1}}
        Path("home/config.yaml").write_text(json.dumps(whole), encoding="utf-8")
        made = overseer("plan", "2 + 2?", OPENAI_API_KEY="sk-0123456789abcdef")
    assert made.returncode == 3
    [line] = [line for line in made.stdout.splitlines() if words in line]
    assert line.startswith("  - the model could not be asked for a plan: ")
    assert "Traceback" not in made.stdout + made.stderr
    assert "sk-0123456789abcdef" not in made.stdout + made.stderr


@pytest.mark.parametrize("protocol", ["openai", "ollama"])
def test_the_second_interruption_closes_the_connections_of_a_run(protocol: str) -> None:
    steps = [{"step_id": name, "tool": "content_generator", "args": {"prompt": name}} for name in ("a", "b")]
    Path("plan.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    with ModelServer([Answer("Slowly, very slowly.", pace_s=60)]) as server:
        here = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_MODEL": "tiny"}
        variables = here if protocol == "openai" else {"OLLAMA_HOST": server.url}
        run = subprocess.Popen(
            [sys.executable, str(ROOT / "chat_cli.py"), "run", "plan.json"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            for _ in steps:
                assert server.asked.acquire(timeout=PATIENCE_S)
            run.send_signal(signal.SIGINT)
            assert run.stderr is not None
            while "stop at once" not in (line := run.stderr.readline()):
                assert line, "the run says nothing of the interruption"
            assert not server.hung_up.is_set()  # the first lets them finish
            run.send_signal(signal.SIGINT)
            assert server.hung_up.wait(1.0)
            out, err = run.communicate(timeout=PATIENCE_S)
        finally:
            run.kill()
    assert run.returncode == 130
    assert "Traceback" not in out + err
