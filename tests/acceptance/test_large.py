"""Large plans in the chat: two hundred steps and a thousand items stay readable while they run and afterwards."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.chats import at_prompt, chat, is_prompt, planning, plans, tools_in, waiting
from tests.acceptance.pane import needs_tmux
from tests.servers.model_server import ModelServer

pytestmark = needs_tmux

ROWS = 30


def test_two_hundred_steps_are_told_whole_and_seen_in_part(tmp_path: Path) -> None:
    steps = plans(*waiting(*[f"s{number}" for number in range(200)]))
    options = (*tools_in(tmp_path), "--set", "chat.workflow_mode.max_steps=200", "--set", "execution.max_parallel=200")
    with ModelServer(reply=planning(steps)) as server, chat(tmp_path, *options, server=server, rows=ROWS) as pane:
        at_prompt(pane)
        pane.enter("wait two hundred times")
        lines = pane.wait_for(lambda lines: any("200 running, 0 of 200 done" in line for line in lines))
        live = [line for line in lines if line.startswith("  •")]
        assert 0 < len(live) < ROWS - 2, "the rest is told in number"
        assert any("Executing 200 steps in parallel:" in line for line in pane.all_lines())
        plan = [line for line in pane.all_lines() if line.startswith(("  1. ", "  200. "))]
        assert plan == ["  1. Step s0", "  200. Step s199"]
        (tmp_path / "go-all").touch()
        pane.wait_for(is_prompt)
        seen = pane.all_lines()
        assert len([line for line in seen if line.startswith("  ✓ Step s")]) == 200
        assert any("succeeded: 200 succeeded" in line for line in seen)
        assert len(seen) < 200 * 6, "a few lines for each step"


def test_a_thousand_items_are_one_line(tmp_path: Path) -> None:
    items = {
        "step_id": "map",
        "description": "Every item",
        "iterations": 1000,
        "width": 8,
        "steps": [{"step_id": "one", "tool": "quick", "args": {"value": "{{index}}"}}],
    }
    steps = plans(items, *waiting("a"))
    with ModelServer(reply=planning(steps)) as server, chat(tmp_path, *tools_in(tmp_path), server=server) as pane:
        at_prompt(pane)
        pane.enter("do it a thousand times")
        pane.wait_for(lambda lines: any("✓ Every item" in line and "1,000 rounds" in line for line in lines))
        (tmp_path / "go-all").touch()
        pane.wait_for(is_prompt)
        seen = pane.all_lines()
        assert len([line for line in seen if "Every item" in line]) == 2, "in the plan, and when it has ended"
        assert len(seen) < 40, "\n".join(seen)
        asked = str(server.questions()[-1])
        assert len(asked) < 100_000, "the model that answers is shown a part"
