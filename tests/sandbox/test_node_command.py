"""`overseer node` and `overseer doctor`, as whole processes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pages import blocks, page
from tests.processes import PATIENCE_S, ROOT
from tests.program import told_by

DOUBLE = "def main(input):\n    return {'twice': input['x'] * 2}"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def overseer(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return told_by(*arguments, given=stdin, environment={**os.environ, **variables})


def node(source: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    Path("node.py").write_text(source, encoding="utf-8")
    return overseer("node", "node.py", *arguments, **more)


def document(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_a_good_node_ends_with_0_and_says_all_there_is() -> None:
    ended = node(DOUBLE, "--input", '{"x": 21}', "--json")
    told = document(ended)
    assert ended.returncode == 0
    assert told.keys() == {"schema", "verdict", "value", "error", "stderr", "level", "metrics"}
    assert (told["verdict"], told["value"], told["error"], told["stderr"]) == ("good", {"twice": 42}, None, "")
    assert told["level"] in ("full", "hardened")
    assert told["metrics"].keys() == {"latency_s", "cpu_s", "peak_memory_bytes"}


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("x = 1", "silent"),
        ("print('no')", "non-JSON"),
        ("def main(input):\n    return 1 / 0", "crash"),
        ("while True:\n    pass", "killed"),
    ],
)
def test_every_other_verdict_ends_with_4(source: str, verdict: str) -> None:
    ended = node(source, "--timeout", "0.3", "--json", "--level", "hardened")
    told = document(ended)
    assert (ended.returncode, told["verdict"], told["value"], told["level"]) == (4, verdict, None, "hardened")
    assert told["error"]


def test_people_get_it_in_lines_that_cannot_steer_their_terminal() -> None:
    source = "def main(input):\n    print('on the \\x1b[31mway')\n    raise ValueError('\\x1b]0;title\\x07')"
    ended = node(source)
    assert ended.returncode == 4
    assert "verdict: crash" in ended.stdout
    assert "stderr:  on the \\x1b[31mway" in ended.stdout
    assert "ValueError" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_the_input_comes_from_standard_input_too() -> None:
    assert document(node(DOUBLE, "--input", "-", "--json", stdin='{"x": 4}'))["value"] == {"twice": 8}
    assert document(node("def main(input):\n    return input", "--json"))["value"] == {}


def test_a_node_may_call_what_was_granted_and_nothing_else() -> None:
    (block,) = (block for block in blocks(page("sandbox.md"), "python") if block.file == "node")
    given = ["--input", '{"words": ["a", "b"]}', "--json"]
    assert document(node(block.text, *given, "--grant", "text_case"))["value"] == ["A", "B"]
    refused = document(node(block.text, *given, "--grant", "text_join"))
    assert refused["verdict"] == "crash"
    assert "there is no tool 'text_case' for this program" in refused["error"]


def test_a_grant_approves_a_tool_that_would_be_asked_for() -> None:
    source = (
        "from node_runtime import call_tool\ndef main(input):\n    return call_tool('write_file', path='a', text='x')"
    )
    assert document(node(source, "--json", "--grant", "write_file"))["verdict"] == "good"
    assert Path("a").read_text() == "x"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.py"], "cannot read missing.py: No such file"),
        (["."], "cannot read .: Is a directory"),
        (["node.py", "--input", "{x}"], "--input is no JSON"),
        (["node.py", "--grant", "text_cas"], "there is no tool 'text_cas'; did you mean 'text_case'?"),
        (["node.py", "--timeout", "soon"], "--timeout"),
        (["node.py", "--timeout", "-1"], "--timeout"),
        (["node.py", "--level", "some"], "--level"),
        (["latin.py"], "no text in UTF-8"),
        (["huge.py"], "larger than 4 MB"),
    ],
)
def test_what_is_given_wrongly_is_named(arguments: list[str], reason: str) -> None:
    Path("node.py").write_text(DOUBLE)
    Path("latin.py").write_bytes("# ä".encode("latin-1"))
    Path("huge.py").write_text("#" * 5_000_000)
    ended = overseer("node", *arguments)
    assert ended.returncode == 2
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_package_that_is_not_there_is_named_with_the_setting() -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("sandbox: {packages: [no_such_package]}")
    ended = node(DOUBLE)
    assert ended.returncode == 2
    assert "sandbox.packages names 'no_such_package'" in ended.stderr


def test_the_settings_hold() -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("sandbox: {level: hardened, timeout: 300ms, memory: 100MB}")
    told = document(node("def main(input):\n    return len(bytearray(10**8))", "--json"))
    assert (told["level"], told["error"]) == ("hardened", "memory: it needed more than 95.3674 MB")
    assert document(node("import time\ntime.sleep(9)", "--json"))["error"] == "time: it took longer than 0.3 s"


def test_without_a_sandbox_a_reason_is_needed() -> None:
    source = f"import os\ndef main(input):\n    return os.path.exists({str(Path.cwd())!r})"
    ended = node(source, "--unsafe-no-sandbox", "--json")
    assert ended.returncode == 5
    assert "OVERSEER_UNSAFE_NO_SANDBOX" in document(ended)["error"]
    ended = node(source, "--unsafe-no-sandbox", "--json", OVERSEER_UNSAFE_NO_SANDBOX="a test")
    assert (document(ended)["level"], document(ended)["value"]) == ("none", True)
    assert "NO SANDBOX" in ended.stderr
    assert "no sandbox" not in node(source).stdout


@pytest.mark.parametrize(("typed", "code"), [("run it without a sandbox", 0), ("yes", 5), ("", 5)])
def test_at_a_terminal_the_phrase_has_to_be_typed(typed: str, code: int) -> None:
    Path("node.py").write_text(DOUBLE)
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "chat_cli.py"), "node", "node.py", "--input", '{"x": 1}', "--unsafe-no-sandbox"],
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
    )
    os.close(terminal)
    os.write(leader, f"{typed}\n".encode())
    printed, _ = process.communicate(timeout=PATIENCE_S)
    os.close(leader)
    assert process.returncode == code
    assert (b"level:   none (no sandbox)" in printed) == (code == 0)


def test_the_doctor_shows_every_attack() -> None:
    ended = overseer("doctor", "--json")
    told = document(ended)["sandbox"]
    assert ended.returncode == 0
    assert told["level"] in ("full", "hardened")
    assert len(told["checks"]) >= 20
    assert all(check["refused"] or not check["promised"] for check in told["checks"])
    lines = overseer("doctor", "--full").stdout
    assert f"sandbox: level {told['level']}" in lines
    assert all(check["attack"] in lines for check in told["checks"])


def test_the_doctor_says_why_a_level_cannot_be_had() -> None:
    Path("home").mkdir()
    Path("home/config.yaml").write_text("sandbox: {level: full, processes: fresh}")
    ended = overseer("doctor")
    assert ended.returncode == 1
    assert "level full does not hold: the level needs processes that are forked" in ended.stdout
    assert "user namespaces" in ended.stdout
