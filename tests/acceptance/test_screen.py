"""What a whole session sends to the terminal: the main screen alone, nothing while nobody does anything, no flicker."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.chats import answers, asked, at_prompt, chat, is_prompt, planning, plans, tools_in, waiting
from tests.acceptance.pane import Pane, needs_tmux
from tests.servers.model_server import ModelServer

pytestmark = needs_tmux

_FRAME = b"\x1b[?2026h"
_OTHER_SCREENS_AND_MICE = (b"?1049", b"?1047", b"?47h", b"?1000", b"?1002", b"?1003", b"?1005", b"?1006", b"?1015")


def rows_of(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("  •")]


def go(pane: Pane, name: str) -> None:
    (pane.folder / f"go-{name}").touch()


def test_parallel_steps_have_a_line_each_in_the_chat_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    steps = plans(*waiting("a", "b", says="this is said"))
    with ModelServer(reply=planning(steps)) as server, chat(tmp_path, *tools_in(tmp_path), server=server) as pane:
        at_prompt(pane)
        pane.type("what was there before")
        pane.press("C-c")
        pane.enter("wait twice")
        lines = pane.wait_for(lambda lines: len(rows_of(lines)) == 2)
        at = lines.index("Executing 2 steps in parallel:")
        assert at < lines.index(rows_of(lines)[0])
        assert all(re.fullmatch(r"  • Step [ab]\s+waits\s+\d+ s", row) for row in rows_of(lines))
        began, drawn = time.monotonic(), pane.raw().count(_FRAME)
        pane.wait_for(lambda _: time.monotonic() - began > 1)
        assert pane.raw().count(_FRAME) - drawn <= 10 * (time.monotonic() - began) + 1
        go(pane, "b")
        lines = pane.wait_for(lambda lines: len(rows_of(lines)) == 1)
        assert any(re.fullmatch(r"  ✓ Step b  \d+\.\d\d s", line) for line in lines)
        go(pane, "a")
        lines = pane.wait_for(is_prompt)
        seen = pane.all_lines()
        for name in "ab":
            assert len([line for line in seen if re.match(rf"  ✓ Step {name}  \d+\.\d\d s", line)]) == 1
        assert seen.count("Executing 2 steps in parallel:") == 1
        assert seen.count("this is said") == seen.count("half of a line, and the rest") == 2, "blocks stay whole"
        assert rows_of(seen) == []
        assert "All is done." in seen
        # Nothing moves while nobody does anything.
        quiet_since, quiet = time.monotonic(), len(pane.raw())
        pane.wait_for(lambda _: time.monotonic() - quiet_since > 3)
        assert len(pane.raw()) == quiet
        pane.press("C-d")
        assert pane.ended() == 0
        for mode in _OTHER_SCREENS_AND_MICE:
            assert mode not in pane.raw()
        assert b"\x1b[2J" not in pane.raw()
        assert b"\x1b[3J" not in pane.raw()


# --- Markdown

MARKDOWN = """\
# The heading

A paragraph with **strong** words and `code` in it, which is longer than forty columns are wide.

- one thing
- another thing

```python
def add(a, b):
    return a + b
```

| name | size |
|------|------|
| pear | 10 |
| plum | 7 |

The end.
"""


@pytest.mark.parametrize("columns", [100, 40])
def test_markdown_is_readable_and_its_code_can_be_copied(columns: int, tmp_path: Path) -> None:
    with ModelServer([answers(MARKDOWN)]) as server, chat(tmp_path, server=server, columns=columns) as pane:
        at_prompt(pane)
        pane.enter("show me")
        pane.wait_for_text("The end.")
        lines = at_prompt(pane)
        assert "The heading" in lines
        assert "#" not in "".join(lines)
        text = " ".join(lines)
        assert "with strong words and code in it, which is longer than forty columns are wide." in text
        assert lines[lines.index("• one thing") + 1] == "• another thing"
        at = lines.index("def add(a, b):")
        assert lines[at + 1] == "    return a + b", "no border, no number, nothing but the code"
        rows = [line.split() for line in lines]
        assert rows.index(["plum", "7"]) == rows.index(["pear", "10"]) + 1 == rows.index(["name", "size"]) + 3
        assert "|" not in text


# --- colours

_SIXTEEN = re.compile(r"(?:0?|1|2|3|4|7|2[2-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7])")
_COLOUR = re.compile(r"3[0-8]|4[0-8]|9[0-7]|10[0-7]")


def codes(text: str) -> Iterator[str]:
    """The codes of every change of colour or style."""
    for found in re.findall(r"\x1b\[([0-9;]*)m", text):
        yield from found.split(";")


@pytest.mark.parametrize(
    ("settings", "has_colours", "wanted"),
    [
        ("", True, ["32", "31", "36"]),
        ("chat: {theme: light}\n", True, ["32", "31", "34"]),
        ("chat: {theme: mono}\n", False, []),
        ("chat: {theme: {done: '#ff8800', failed: bold red}}\n", True, ["38", "31"]),
    ],
    ids=["default", "light", "mono", "own"],
)
def test_themes_colour_the_chat(settings: str, has_colours: bool, wanted: list[str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(f"models: {{default: openai/tiny}}\n{settings}")
    steps = plans(*waiting("a"), *waiting("b", fails="the well is dry"), {"step_id": "c", "tool": "quick"})
    said = "# Head\n\n**strong** and `code`\n\nThe end."
    model = planning(steps, said)
    with ModelServer(reply=model) as server, chat(tmp_path, *tools_in(tmp_path), server=server) as pane:
        at_prompt(pane)
        pane.enter("wait")
        pane.wait_for(rows_of)
        running = pane.coloured()
        go(pane, "all")
        pane.wait_for_text("The end.")
        pane.wait_for(is_prompt)
        seen = list(codes(running + pane.coloured()))
        assert any(map(_COLOUR.fullmatch, seen)) == has_colours
        assert set(wanted) <= set(seen)
        if "ff8800" not in settings:
            assert [code for code in seen if not _SIXTEEN.fullmatch(code)] == []
            assert not re.search(rb"\x1b\[[0-9;]*[34]8[;:]", pane.raw())
        if not has_colours:
            assert "1" in seen, "what is strong can still be told"


# --- without anything that is drawn anew


def test_plain_lines_follow_each_other(tmp_path: Path) -> None:
    steps = plans(*waiting("a", "b"))
    options = ("--plain", *tools_in(tmp_path))
    with (
        ModelServer(reply=planning(steps, "# All\n\nis *done*.")) as server,
        chat(tmp_path, *options, server=server) as pane,
    ):
        at_prompt(pane)
        pane.enter("wait twice")
        pane.wait_for_text("Executing 2 steps in parallel:")
        go(pane, "all")
        pane.wait_for_text("is *done*.")
        at_prompt(pane)
        asked(pane, "/history")
        pane.press("C-d")
        assert pane.ended() == 0
        raw = pane.raw().decode()
        assert "\x1b" not in raw
        assert "\b" not in raw
        assert "\r" not in raw.replace("\r\n", "")
