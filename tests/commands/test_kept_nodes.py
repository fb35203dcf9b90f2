"""`overseer nodes`: what is kept for steps, listed, shown and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder

SOURCE = "def main(input):\n    return 'ü\x1b[31m'\n"


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return Shelf(programs_folder())


@pytest.fixture
def nodes(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = chat_cli.main(["nodes", *arguments])
        return code, *capsys.readouterr()

    return call


def kept(shelf: Shelf, *names: str) -> list[str]:
    for name in names:
        shelf.keep(Task(name, {"text": "x"}, {}), SOURCE)
    ids = {each.task: each.id for each in shelf.kept()}
    return [ids[name] for name in names]


def test_nothing_kept_is_said_and_makes_no_folder(nodes: Any) -> None:
    code, out, _ = nodes()
    assert (code, "no programs are kept yet" in out) == (0, True)
    assert not programs_folder().exists()
    assert json.loads(nodes("--json")[1]) == {"schema": "overseer.nodes/1", "nodes": []}


def test_the_list_tells_task_input_and_damage(nodes: Any, shelf: Shelf) -> None:
    first, second = kept(shelf, "count the words", "x" * 500)
    (programs_folder() / f"{second}.json").write_text("{")
    code, out, _ = nodes()
    assert code == 0
    assert f"{first[:12]}  " in out
    assert "count the words\n" in out
    assert "input text" in out
    assert "damaged: it is no JSON" in out
    listed = json.loads(nodes("list", "--json")[1])["nodes"]
    assert {each["id"]: each["damage"] for each in listed} == {first: None, second: "it is no JSON"}
    assert next(each for each in listed if each["id"] == first)["input"] == ["text"]


def test_one_is_shown_with_its_source_and_steers_no_terminal(nodes: Any, shelf: Shelf) -> None:
    (one,) = kept(shelf, "count")
    code, out, _ = nodes("show", one[:10])
    assert code == 0
    assert "return 'ü\\x1b[31m'" in out
    assert "\x1b" not in out
    document = json.loads(nodes("show", one, "--json")[1])
    assert (document["schema"], document["source"], document["task"]) == ("overseer.kept-node/1", SOURCE, "count")


def test_several_are_deleted_or_none(nodes: Any, shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = kept(shelf, "one", "two", "three")
    refused = chat_cli.main(["nodes", "delete", one, "zzz"])
    assert refused == 2
    assert "no kept program's id begins with 'zzz'" in capsys.readouterr().err
    assert len(shelf.kept()) == 3
    code, out, _ = nodes("delete", "--json", one, two, one)
    assert code == 0
    assert {each["id"] for each in json.loads(out)["deleted"]} == {one, two}
    assert [each.id for each in shelf.kept()] == [three]
    assert "deleted 1 program\n" in nodes("delete", "--all")[1]
    assert shelf.kept() == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show"], "show takes the id of one program"),
        (["show", "a", "b"], "show takes the id of one program"),
        (["delete"], "say which"),
        (["--all"], "--all goes with delete alone"),
        (["delete", "--all", "a"], "--all goes with delete alone"),
        (["list", "a"], "overseer nodes show a"),
    ],
)
def test_what_makes_no_sense_is_refused(nodes: Any, arguments: list[str], reason: str) -> None:
    code, _, err = nodes(*arguments)
    assert (code, reason in err) == (2, True)
