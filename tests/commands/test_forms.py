"""Narratives, graphs and pipes on the command line: what is printed, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import chat_cli

PRETENDED = str(Path(__file__).parents[2] / "examples" / "tools")
TWO = '[narrative.one]\ntoc = ["a"]\n[narrative.two]\ntoc = ["b"]\n[acts]\na = "A"\nb = "B"\n'


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def overseer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = chat_cli.main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_pipe_from_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Hello")
    assert overseer(capsys, "pipe", "read_file notes.txt | text_case upper")[:2] == (0, "HELLO\n")
    code, out, _ = overseer(capsys, "pipe", "{text_case upper, text_case lower}", "--input", "input=Ab", "--json")
    assert (code, json.loads(out)["output"]) == (0, ["AB", "ab"])


@pytest.mark.parametrize(
    ("pipe", "complaint"),
    [
        ("", "there is nothing in it"),
        ("read_file notes.txt |", "something is missing at the end"),
        ("reed_file notes.txt", "there is no tool 'reed_file'; did you mean 'read_file'?"),
    ],
)
def test_a_pipe_with_a_fault_is_told_and_nothing_runs(
    capsys: pytest.CaptureFixture[str], pipe: str, complaint: str
) -> None:
    code, out, err = overseer(capsys, "pipe", pipe)
    assert (code, out) == (3, "")
    assert "the pipe has 1 fault" in err
    assert complaint in err


def test_a_pipe_whose_step_fails_and_one_that_needs_leave(capsys: pytest.CaptureFixture[str]) -> None:
    assert overseer(capsys, "pipe", "read_file nowhere.txt")[0] == 4
    assert overseer(capsys, "pipe", '"x" | write_file("x.txt", $$)', "--json")[0] == 5
    assert overseer(capsys, "pipe", '"x" | write_file("x.txt", $$)', "--approve", "write")[0] == 0
    assert Path("x.txt").read_text() == "x"


def test_a_narrative_is_chosen_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "n.toml").write_text(TWO)
    code, out, _ = overseer(capsys, "check", "n.toml")
    assert (code, out) == (3, "n.toml: there are several narratives; choose one with --narrative: one, two\n")
    code, out, _ = overseer(capsys, "run", "n.toml", "--narrative", "two", "--tools", PRETENDED)
    assert (code, out) == (0, "[pretended, after 0: B]\n")


def test_every_file_that_cannot_be_read_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    contents: dict[str, tuple[bytes, str]] = {
        "binary.toml": (b"[act]\n\xff\xfe", "line 2: 'binary.toml' is not UTF-8 text"),
        "zero.pipe": (b"text_case \x00", ""),
        "empty.pipe": (b"", "there is nothing in it"),
        "empty.toml": (b"", "line 1: there is no narrative"),
        "list.json": (b'{"nodes": 5}', "'nodes' must be a list, not 5"),
        "cut.json": (b'{"nodes": [{"nodeId": "a"', "line 1: this is not JSON"),
    }
    for name, (content, complaint) in contents.items():
        (tmp_path / name).write_bytes(content)
        code, out, _ = overseer(capsys, "check", name)
        assert complaint in out
        assert code == (3 if complaint else code)


def test_a_drawing_of_a_graph(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nodes: list[dict[str, Any]] = [{"nodeId": "hello", "name": "text_case", "input": [{"var": "text", "value": "x"}]}]
    (tmp_path / "g.json").write_text(json.dumps({"nodes": nodes, "connections": []}))
    code, out, _ = overseer(capsys, "graph", "g.json")
    assert code == 0
    assert "text_case" in out
