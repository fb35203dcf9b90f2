"""How a chat begins: at once, without what it does not need yet, and saying what it is and what is missing."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overseer import __version__
from tests.acceptance.chats import COMMAND, answers, asked, at_prompt, chat, environ_of
from tests.acceptance.pane import needs_tmux
from tests.processes import PATIENCE_S
from tests.servers.model_server import ModelServer

# Three times what is wanted of a machine that does nothing else; bench/startup.py has the strict figures.
_HELP_S = 3 * 0.4
_PROMPT_S = 3 * 0.8
_TRIES = 3

_HEAVY = {
    "openai",
    "ollama",
    "mcp",
    "prompt_toolkit",
    "rich",
    "jsonschema",
    "sqlite3",
    "httpx",
    "httpx2",
    "markdown_it",
}
_HEAVY_AT_PROMPT = {"openai", "ollama", "mcp", "httpx", "httpx2", "rich", "markdown_it"}


def imported(report: str) -> set[str]:
    """The packages that Python says it has imported."""
    return {name.split(".")[0] for name in re.findall(r"^import time:.*\| +(\S+)\s*$", report, re.MULTILINE)}


def median_s(tried: Callable[[int], None]) -> float:
    took = []
    for number in range(_TRIES):
        began = time.perf_counter()
        tried(number)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def help_of(folder: Path, *python: str) -> str:
    ended = subprocess.run(
        [COMMAND[0], *python, COMMAND[1], "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
        env=environ_of(folder, None, {}),
    )
    return ended.stderr


def test_help_is_there_at_once_and_loads_nothing_heavy(tmp_path: Path) -> None:
    assert median_s(lambda _: print(help_of(tmp_path))) <= _HELP_S
    names = imported(help_of(tmp_path, "-X", "importtime"))
    assert {"argparse", "overseer"} <= names, "it tells what is imported"
    assert not names & _HEAVY


@needs_tmux
def test_the_first_prompt_is_there_soon(tmp_path: Path) -> None:
    def begin(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        with chat(folder) as pane:
            at_prompt(pane)

    assert median_s(begin) <= _PROMPT_S


@needs_tmux
def test_the_prompt_waits_for_no_sdk(tmp_path: Path) -> None:
    with ModelServer([answers("Hello.")]) as server:
        with chat(tmp_path, server=server, python=("-X", "importtime"), columns=200) as pane:
            pane.wait_for(lambda _: b"\x1b[?2004h" in pane.raw())
            before, _, _ = pane.raw().decode().replace("\r", "").partition("\x1b[?2004h")
        names = imported(before)
        assert {"prompt_toolkit", "overseer"} <= names, "it tells what is imported"
        assert not names & _HEAVY_AT_PROMPT


def head(lines: list[str]) -> str:
    return "\n".join(lines[: next(at for at, line in enumerate(lines) if line.startswith(">"))])


@needs_tmux
def test_the_first_lines_tell_version_tools_model_and_why(tmp_path: Path) -> None:
    broken = tmp_path / "given-tools"
    broken.mkdir()
    (broken / "bad.yaml").write_text("name: bad\ndescription: It is bad\nparameters:\n  text: {type: nonsense}\n")
    with ModelServer() as server, chat(tmp_path, "--tools", str(broken), server=server, columns=200) as pane:
        at_prompt(pane)
        pane.wait_for_text("OPENAI_BASE_URL")
        told = "\n".join(pane.all_lines())
        assert re.search(rf"Overseer {re.escape(__version__)}, \d+ tools", told)
        assert re.search(r"^model: openai/tiny, .*OPENAI_BASE_URL", told, re.MULTILINE)
        assert re.search(r"bad\.yaml:\d+", told), "what is wrong in a tool, with its line"


@needs_tmux
@pytest.mark.parametrize(
    ("options", "files", "reason"),
    [
        (["--model", "openai/tiny"], {}, "--model|command line|--set"),
        (["--set", "models.default=openai/tiny"], {}, "--set|command line"),
        ([], {"home/config.yaml": "models: {default: openai/tiny}\n"}, r"config\.yaml"),
    ],
    ids=["flag", "set", "file"],
)
def test_where_the_model_was_named_is_told(
    options: list[str], files: dict[str, str], reason: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with ModelServer() as server, chat(tmp_path, *options, server=server, columns=200) as pane:
        at_prompt(pane)
        pane.wait_for_text("model: openai/tiny")
        said = next(line for line in pane.all_lines() if line.startswith("model: "))
        assert re.search(reason, said), said


@needs_tmux
def test_with_nothing_set_up_there_is_a_prompt_and_plans_are_made_by_rules(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with chat(tmp_path, HOME=str(tmp_path / "empty"), OVERSEER_HOME="", XDG_DATA_HOME="", XDG_CONFIG_HOME="") as pane:
        at_prompt(pane)
        told = "\n".join(pane.wait_for_text("rules"))
        assert "error" not in told.lower()
        assert "Traceback" not in told
        lines = asked(pane, "calculate 6*7")
        [told] = [line for line in lines if "by rules, without a model" in line]
        assert "Workflow Plan (1 step): (made by rules, without a model)" in told
        assert "42" in lines
        pane.press("C-d")
        assert pane.ended() == 0


@needs_tmux
def test_the_doctor_in_the_chat_tells_three_ways_to_a_model(tmp_path: Path) -> None:
    with chat(tmp_path) as pane:
        lines = asked(pane, "/doctor")
        told = "\n".join(lines[lines.index("> /doctor") :])
        assert "OPENAI_API_KEY" in told
        assert "OPENAI_BASE_URL" in told
        assert re.search("ollama", told, re.IGNORECASE)
