"""The page about programs: its examples run against an engine of their own, its signatures are those of the module."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import node_runtime
from overseer.commands.arguments import parser
from overseer.errors import FAILURE_KINDS
from overseer.nodes.frames import MOST_BYTES
from overseer.serving import _ALLOWANCE
from tests.pages import blocks, first_column, page, section

PAGE = page("programs.md")
ROOT = Path(__file__).parents[2]
EXAMPLES = [block.text for block in blocks(PAGE, "python")]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no socket files on Windows")


def run(source: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A program of somebody's, in a folder of its own."""
    (folder / "program.py").write_text(source, encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OVERSEER_HOME": str(folder / "home"), **variables}
    return subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_runs(number: int, tmp_path: Path) -> None:
    ended = run(EXAMPLES[number], tmp_path)
    assert ended.returncode == 0, ended.stderr


def test_an_engine_of_its_own_takes_what_is_approved_from_its_variable(tmp_path: Path) -> None:
    source = "from node_runtime import call_tool\ncall_tool('write_file', path='a.txt', text='hi')"
    assert "needs approval" in run(source, tmp_path).stderr
    assert not (tmp_path / "a.txt").exists()
    assert run(source, tmp_path, OVERSEER_APPROVE="write").returncode == 0
    assert (tmp_path / "a.txt").read_text() == "hi"


def test_where_no_engine_answers_the_first_call_says_so(tmp_path: Path) -> None:
    ended = run("from node_runtime import call_tool\ncall_tool('now')", tmp_path, OVERSEER_SOCKET="nowhere")
    assert "ToolCallError: no engine answers at nowhere" in ended.stderr


def test_the_engine_says_where_it_listens_as_shown(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "OVERSEER_HOME": str(tmp_path)}
    serving = subprocess.Popen(
        [sys.executable, str(ROOT / "chat_cli.py"), "serve"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert serving.stdout is not None
        assert re.fullmatch(r"OVERSEER_SOCKET=.*/run/engine-\d+\n", serving.stdout.readline())
    finally:
        serving.terminate()
        serving.communicate(timeout=30)


# --- what is said of the module


def shown_signatures() -> dict[str, list[str]]:
    texts = [block.text.strip() for block in blocks(PAGE, "text")]
    found = [re.fullmatch(r"(\w+)\((.*)\)", text) for text in texts if text.startswith("call_")]
    return {match[1]: [part.strip() for part in match[2].split(",")] for match in found if match}


def test_every_function_is_shown_with_its_signature() -> None:
    functions = {name for name in node_runtime.__all__ if name.startswith("call_")}
    shown = shown_signatures()
    assert set(shown) == functions
    for name in functions:
        signature = inspect.signature(getattr(node_runtime, name))
        plain = signature.replace(
            parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
            return_annotation=signature.empty,
        )
        assert [part.strip().replace("'", '"') for part in str(plain)[1:-1].split(",")] == shown[name]


@pytest.mark.parametrize("name", node_runtime.__all__)
def test_everything_that_the_module_offers_is_told(name: str) -> None:
    assert name in PAGE


def test_the_kinds_of_errors_are_those_that_there_are() -> None:
    assert first_column(PAGE.split("| `kind` | meaning |")[1].split("\n\n")[0]) == set(FAILURE_KINDS) - {"body"}


def test_the_options_of_the_command_are_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["serve", "--help"])
    own, _, _ = capsys.readouterr().out.partition("\nsettings:")  # which every command takes
    known = set(re.findall(r"^  (--\w+)", own, re.MULTILINE))
    assert {name.split()[0] for name in first_column(section(PAGE, "The engine"))} == known


def test_the_limits_are_those_in_force() -> None:
    assert f"- {_ALLOWANCE.in_flight} calls are under way" in PAGE
    assert MOST_BYTES == 1 << 20
    assert node_runtime._MOST_BYTES == MOST_BYTES
