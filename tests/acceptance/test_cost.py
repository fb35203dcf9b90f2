"""What models took: told after each run and in sum, as the server counted it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.acceptance.chats import asked, at_prompt, chat, is_asked_to_plan, needs_module, plans
from tests.acceptance.pane import Pane, needs_tmux
from tests.servers.model_server import Answer, ModelServer

pytestmark = needs_tmux

PLAN = plans(
    *[
        {"step_id": name, "description": f"Write {name}", "tool": "content_generator", "args": {"prompt": name}}
        for name in ("one", "two")
    ]
)
PRICED = "models: {default: openai/tiny, prices: {tiny: {input: 1000, output: 10000}}}\n"


def model(body: Any) -> Answer:
    """Each of its answers takes as many tokens as only that answer takes."""
    if is_asked_to_plan(body):
        return Answer(PLAN, tokens=(7000, 500))
    text = str(body["messages"])
    if "answer to the request" in text:
        return Answer("All is written.", tokens=(300, 30))
    return Answer("A text.", tokens=(20, 4) if "one" in text else (50, 6))


def counted(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) token", text)]


def spent(pane: Pane) -> str:
    return "\n".join(line for line in pane.all_lines() if line.startswith("spent: "))


def test_an_unknown_price_is_called_so(tmp_path: Path) -> None:
    with ModelServer(reply=model) as server, chat(tmp_path, server=server) as pane:
        asked(pane, "write two texts")
        told = spent(pane)
        assert counted(told) == [20 + 4 + 50 + 6], "the steps of the run"
        assert "price unknown of 2 requests" in told
        assert "$" not in told


@needs_module("overseer.chat.money")
def test_the_cost_of_a_session_is_what_the_server_counted(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(PRICED)
    with ModelServer(reply=model) as server, chat(tmp_path, server=server) as pane:
        asked(pane, "write two texts")
        dollars = (70 * 1000 + 10 * 10000) / 1e6
        assert f"${dollars:.2f}" in spent(pane)
        asked(pane, "write them again")
        lines = asked(pane, "/cost")
        told = "\n".join(lines[lines.index("> /cost") :])
        assert sum(map(sum, server.counted)) in counted(told)
        prompt, completion = (sum(each) for each in zip(*server.counted, strict=True))
        assert f"${(prompt * 1000 + completion * 10000) / 1e6:.2f}" in told
        at_prompt(pane)
