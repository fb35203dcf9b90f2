"""What models answer, what must not be shown, and earlier lives of a run: in a live view at a terminal."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("fcntl", reason="terminals of POSIX")

from tests.servers.model_server import Answer, ModelServer
from tests.terminals import ROOT, TOOLS, Terminal, running

KEY = "ak-7Qm2xV9tLw4ZbN8sRd3K"
SPILLS = """
import sys
from overseer.tool import ToolContext, ToolError, tool

@tool
def spills(context: ToolContext) -> None:
    '''Print the key in one piece, in two, and as a reason.'''
    key = context.secret("ACME_API_KEY")
    print("printed", key)
    print("printed", key[:9], end="", flush=True)
    print(key[9:])
    raise ToolError(f"refused: {key}")
"""


def prepared(folder: Path, plan: object, tools: str = TOOLS) -> tuple[Path, Path]:
    (folder / "tools").mkdir()
    (folder / "tools" / "ours.py").write_text(tools)
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder / "plan.json", folder / "tools"


def test_an_answer_is_seen_while_it_comes_and_its_cost_at_the_end(tmp_path: Path) -> None:
    words = "The answer comes slowly, piece by piece, until all of it is there."
    plan = {"steps": [{"step_id": "a", "tool": "content_generator", "args": {"prompt": "Tell"}}]}
    with ModelServer([Answer(words, pace_s=0.4)]) as server:
        environ = {
            "OVERSEER_HOME": str(tmp_path / "home"),
            "OPENAI_BASE_URL": server.openai_url,
            "OPENAI_API_KEY": "sk-none",
        }
        with Terminal(*running(*prepared(tmp_path, plan)), folder=tmp_path, environ=environ) as terminal:
            terminal.wait_for(lambda lines: any(re.match(r"      The answer comes", line) for line in lines))
            assert terminal.ended() == 0
            seen = terminal.all_lines()
            assert [line for line in seen if line.strip().startswith("The answer comes")] == [words]
            told = r"  ✓ a  \d\.\d\d s, 1 request, 18 tokens \(11 in, 7 out\), price unknown"
            assert any(re.fullmatch(told, line) for line in seen)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    plan = {"steps": [{"step_id": "a", "description": f"Use {KEY[:4]}", "tool": "spills"}]}
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text("secrets: {names: [ACME_API_KEY]}")
    environ = {"OVERSEER_HOME": str(tmp_path / "home"), "ACME_API_KEY": KEY}
    with Terminal(*running(*prepared(tmp_path, plan, SPILLS)), folder=tmp_path, environ=environ) as terminal:
        assert terminal.ended() == 4
        assert KEY.encode() not in bytes(terminal.raw)
        seen = terminal.all_lines()
        assert len([line for line in seen if line.startswith("printed")]) == 2
        assert any("✗" in line and "refused: " in line for line in seen)
        assert KEY not in "".join(seen)


def test_a_resumed_run_knows_what_was_done_before(tmp_path: Path) -> None:
    plan = {
        "steps": [
            {"step_id": "a", "description": "Step a", "tool": "waits", "args": {"name": "a"}},
            {"step_id": "b", "description": "Step b", "tool": "waits", "args": {"name": "{{a}}b"}},
        ]
    }
    environ = {"OVERSEER_HOME": str(tmp_path / "home")}
    (tmp_path / "go-a").touch()
    with Terminal(*running(*prepared(tmp_path, plan)), folder=tmp_path, environ=environ) as terminal:
        terminal.wait_for(lambda lines: any("• Step b" in line for line in lines))
        terminal.process.kill()
        terminal.process.wait()
    command = (sys.executable, str(ROOT / "chat_cli.py"))
    with Terminal(*command, "runs", folder=tmp_path, environ=environ) as terminal:
        assert terminal.ended() == 0
        run = terminal.lines()[0].split()[0]
    with Terminal(*command, "resume", run, "--repeat", "all", folder=tmp_path, environ=environ) as terminal:
        terminal.wait_for_text("  1 running, 1 of 2 done")
        (tmp_path / "go-all").touch()
        assert terminal.ended() == 0
        seen = terminal.all_lines()
        assert "going on where the run was" in seen
        assert len([line for line in seen if "✓ Step" in line]) == 1
