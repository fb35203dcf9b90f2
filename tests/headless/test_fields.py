"""The fields of every document are those that the page names: no document lacks one, and none has another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.checkup import PARTS
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from tests.headless.alone import CALL, WRITE, Place, plan
from tests.headless.schemas import properties_of
from tests.pages import first_column, page, section

Call = Callable[..., Any]
ROWS = dict(re.findall(r"^\| `(overseer\.[a-z-]+/\d+)` \| .*? \| (.*) \|$", page("json.md"), re.MULTILINE))
BY_SCHEMA = {"overseer.task/1", "overseer.run/1", "overseer.error/1"}
LISTENING = "overseer.serving/1"


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The document that a command gives, in a folder with a plan or two and no model."""
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OVERSEER_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "write.json").write_text(plan(WRITE))
    (tmp_path / "count.json").write_text(plan(CALL))
    (tmp_path / "node.py").write_text("def main(input):\n    return 1\n")

    def document(*arguments: str) -> Any:
        capsys.readouterr()
        chat_cli.main([*arguments, "--json"])
        return json.loads(capsys.readouterr().out)

    return document


def fields_of(row: str) -> tuple[set[str], set[str]]:
    """What a row of the page says is in every document of a kind, and in some of them."""
    always, _, sometimes = row.partition("; ")
    return set(re.findall(r"`(\w+)`", always)), set(re.findall(r"`(\w+)`", sometimes))


def kept_program() -> str:
    shelf = Shelf(programs_folder())
    shelf.keep(Task("count", {}, {}), "print(1)")
    return shelf.kept()[0].id


def test_every_document_has_the_fields_that_the_page_names_and_no_others(call: Call) -> None:
    ran = call("run", "write.json", "--approve", "write")
    run, kept = ran["run_id"], kept_program()
    commands = [
        ("plan", "count the words in 'a b c'"), ("plan", "hello"), ("plan", "zzz"), ("check", "count.json"),
        ("runs",), ("sessions",), ("timeline", run), ("undo", "--yes"), ("redo", "--preview"),
        ("runs", "dismiss", "all"), ("runs", "--prune", "30d"),
        ("tools",), ("tools", "now"), ("call", "now"), ("node", "node.py"), ("nodes",),
        ("nodes", "show", kept), ("nodes", "delete", kept), ("demo", "--list"), ("config",), ("config", "path"),
        ("doctor",), ("doctor", "journal"), ("doctor", "extras"),
    ]  # fmt: skip
    given: dict[str, list[set[str]]] = {}
    for command in commands:
        document = call(*command)
        given.setdefault(document.pop("schema"), []).append(set(document))
    assert set(given) == set(ROWS) - BY_SCHEMA - {LISTENING}
    for kind, fields in given.items():
        always, sometimes = fields_of(ROWS[kind])
        assert (kind, set.intersection(*fields)) == (kind, always)
        assert (kind, set.union(*fields)) == (kind, always | sometimes)


def test_doctor_gives_a_field_for_each_part() -> None:
    assert fields_of(ROWS["overseer.doctor/1"])[1] == {part.replace("-", "_") for part in PARTS}


@pytest.mark.parametrize("kind", ["run", "error"])
def test_the_page_names_what_the_schema_has(kind: str) -> None:
    always, all_of_them = properties_of(kind)
    assert fields_of(ROWS[f"overseer.{kind}/1"]) == (always, all_of_them - always)


def test_the_page_names_what_the_schema_of_a_request_has() -> None:
    always, all_of_them = properties_of("task")
    assert first_column(section(page("json.md"), "`overseer.task/1`")) == always
    assert all_of_them - always == {"kind"}  # in lines, each says what it is


def test_who_serves_says_where(place: Place) -> None:
    process = place.begin("serve", "--json", "--socket", str(place.folder / "s"))
    try:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()
    assert document.pop("schema") == LISTENING
    assert set(document) == fields_of(ROWS[LISTENING])[0]
