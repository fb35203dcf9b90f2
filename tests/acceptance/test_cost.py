"""What models took: told after each run and in sum, as the server counted it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.chats import asked, chat, is_asked_to_plan, plans
from tests.acceptance.pane import Pane, needs_tmux
from tests.servers.model_server import Answer, ModelServer

pytestmark = needs_tmux

PLAN = plans(
    *[
        {"step_id": name, "description": f"Write {name}", "tool": "content_generator", "args": {"prompt": name}}
        for name in ("one", "two")
    ]
)
PRICED = """\
models:
  default: mine/tiny
  providers: {{mine: {{kind: openai, base_url: "{url}"}}}}
  prices: {{mine/tiny: {{input: 1000, output: 10000}}}}
"""


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
        assert "price unknown" in told
        assert "$" not in told


@contextmanager
def priced(folder: Path) -> Iterator[tuple[ModelServer, Pane]]:
    """A chat with a model that has a price."""
    (folder / "home").mkdir()
    with ModelServer(reply=model) as server:
        (folder / "home" / "config.yaml").write_text(PRICED.format(url=server.openai_url))
        with chat(folder) as pane:
            yield server, pane


def test_a_known_price_is_told_in_dollars(tmp_path: Path) -> None:
    with priced(tmp_path) as (_, pane):
        asked(pane, "write two texts")
        dollars = (70 * 1000 + 10 * 10000) / 1e6
        assert f"${dollars:.2f}" in spent(pane)
        assert "unknown" not in spent(pane)


def test_the_cost_of_a_session_is_what_the_server_counted(tmp_path: Path) -> None:
    with priced(tmp_path) as (server, pane):
        asked(pane, "write two texts")
        asked(pane, "write them again")
        lines = asked(pane, "/cost")
        told = "\n".join(lines[lines.index("> /cost") :])
        assert sum(map(sum, server.counted)) in counted(told)
        prompt, completion = (sum(each) for each in zip(*server.counted, strict=True))
        assert f"${(prompt * 1000 + completion * 10000) / 1e6:.2f}" in told
