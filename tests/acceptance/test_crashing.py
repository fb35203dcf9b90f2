"""The terminal, the process or the model's server goes away in the middle of a run: nothing is lost, and it is said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.chats import asked, at_prompt, chat, environ_of, plans, tools_in, waiting
from tests.acceptance.pane import Pane, needs_tmux
from tests.processes import signals_as_usual  # noqa: F401
from tests.program import told_by
from tests.servers.model_server import ModelServer

pytestmark = needs_tmux

# The first step is finished before it happens, the second is in the middle, the third waits.
STEPS = waiting("done", "under-way", "later")
STEPS[1]["depends_on"] = ["done"]
STEPS[2]["depends_on"] = ["under-way"]


def overseer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return told_by(*arguments, folder=folder, environment=environ_of(folder, None, {}))


def the_run(folder: Path) -> dict[str, Any]:
    runs = json.loads(overseer(folder, "runs", "--json").stdout)["runs"]
    assert len(runs) == 1
    return runs[0]


def in_the_middle(pane: Pane) -> None:
    """Ask for a run, and let it come as far as its second step."""
    at_prompt(pane)
    (pane.folder / "go-done").touch()
    pane.enter("wait three times")
    pane.wait_for(lambda lines: any(line.startswith("  • Step under-way") for line in lines))


@pytest.mark.parametrize(
    ("go_away", "status"),
    [(Pane.close, "cancelled"), (Pane.kill_process, "interrupted")],
    ids=["terminal", "process"],
)
def test_a_run_can_go_on_after_the(go_away: Callable[[Pane], None], status: str, tmp_path: Path) -> None:
    options = tools_in(tmp_path)
    with ModelServer([plans(*STEPS), "All is done."]) as server:
        with chat(tmp_path, *options, server=server) as pane:
            in_the_middle(pane)
            go_away(pane)
        run = the_run(tmp_path)
        assert run["status"] == status
        with chat(tmp_path, *options, server=server) as pane:
            at_prompt(pane)
            told = "\n".join(pane.all_lines())
            assert "Traceback" not in told
        (tmp_path / "begun-done").unlink()
        (tmp_path / "go-all").touch()
        ended = overseer(tmp_path, "resume", run["run_id"], *options, "--repeat", "all")
        assert ended.returncode == 0, ended.stderr
        assert not (tmp_path / "begun-done").exists(), "what was finished is not done again"
        assert (tmp_path / "begun-later").exists()
        assert the_run(tmp_path)["status"] == "succeeded"


def test_a_server_that_goes_away_is_named_and_the_chat_goes_on(tmp_path: Path) -> None:
    server = ModelServer([plans(*STEPS)])
    options = tools_in(tmp_path)
    with server, chat(tmp_path, *options, server=server) as pane:
        in_the_middle(pane)
        server.__exit__()
        (tmp_path / "go-all").touch()
        lines = at_prompt(pane)
        told = "\n".join(pane.all_lines())
        assert "succeeded: 3 succeeded" in told
        lines = asked(pane, "and again")
        told = "\n".join(lines)
        assert "127.0.0.1" in told
        assert "Traceback" not in told
        assert "under-way" in "\n".join(asked(pane, "/history"))
