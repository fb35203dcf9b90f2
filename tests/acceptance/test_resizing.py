"""The line that is being typed when the terminal becomes narrower and wider again: there is one of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.chats import at_prompt, chat
from tests.acceptance.pane import Pane, needs_tmux

pytestmark = needs_tmux

SHORT = "twenty letters, here"
LONG = "0123456789 " * 8 + "90"


def unbroken(pane: Pane) -> str:
    """All that is on the screen and above it, without the places where lines are broken."""
    return "".join(line.ljust(1) for line in pane.all_lines()).replace(" ", "")


def has_one_copy(pane: Pane, typed: str) -> bool:
    seen = unbroken(pane)
    wanted = f">{typed}".replace(" ", "")
    return seen.count(wanted) == 1 and seen.count(">") == 1 and seen.endswith(wanted)


@pytest.mark.parametrize("typed", [SHORT, LONG], ids=["20", "90"])
def test_there_is_one_prompt_with_one_text_at_every_width(typed: str, tmp_path: Path) -> None:
    with chat(tmp_path) as pane:
        at_prompt(pane)
        pane.type(typed)
        pane.wait_for(lambda _: has_one_copy(pane, typed))
        for columns in (60, 40, 100):
            drawn = len(pane.raw())
            pane.resize(columns)
            pane.wait_for(lambda _: len(pane.raw()) > drawn and has_one_copy(pane, typed))  # noqa: B023
            head = pane.all_lines()[0]
            assert head.startswith("Overseer"), "what stood above is still there"
        pane.type("!")
        pane.wait_for(lambda _: has_one_copy(pane, f"{typed}!"))
