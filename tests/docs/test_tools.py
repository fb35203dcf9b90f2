"""The page about tools: its examples load and work, and its tables have what the code knows, no more and no less."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.catalogue import page_made_anew
from overseer.errors import UsageError
from overseer.kinds import command, http, llm, openapi
from overseer.models import ModelRoles
from overseer.models.scripted import ScriptedModel
from overseer.processes import ProcessCommands
from overseer.registry import ToolFolder, load_tools, our_tools, seedform
from overseer.registry.yamlfiles import KINDS, read_yaml
from overseer.tool import EFFECTS, Cancellation, Services, Tool, ToolContext
from overseer.tool.decorator import _tool
from overseer.workspace import FolderWorkspace
from tests.pages import blocks, first_column, page, section

PAGE = page("tools.md")
FILES = {block.file: block.text for block in blocks(PAGE) if block.file}
TOOL_FILES = [name for name in FILES if name.endswith(".yaml")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_parts_that_are_made_are_up_to_date() -> None:
    assert page_made_anew(PAGE) == PAGE


def test_a_part_that_cannot_be_made_is_an_error() -> None:
    with pytest.raises(UsageError, match="there is no part 'toolz'"):
        page_made_anew("<!-- made: toolz -->\n<!-- end -->")


# --- the examples


@pytest.mark.parametrize("name", TOOL_FILES)
def test_every_yaml_example_is_a_tool_without_faults(folder: Path, name: str) -> None:
    content = read_yaml(folder / name)
    assert content.problems == ()
    assert content.tools


def test_every_yaml_block_says_which_file_it_is() -> None:
    assert all(block.file for block in blocks(PAGE, "yaml"))


def test_there_is_an_example_of_every_kind() -> None:
    sections = {kind: section(PAGE, heading) for kind in KINDS for heading in _headings() if heading.startswith(kind)}
    assert set(sections) == set(KINDS)
    assert all(f"\n{kind}:\n" in text for kind, text in sections.items())


def _headings() -> list[str]:
    return [line.removeprefix("### ") for line in PAGE.splitlines() if line.startswith("### ")]


def call(tools: dict[str, Tool], name: str, services: Services = Services(), **args: Any) -> Any:  # noqa: B008
    model = ScriptedModel([{"contains": "slogan", "text": "Buy it."}, {"contains": "fits this text", "value": "sad"}])
    door = Door(Broker(services=services, models=ModelRoles.of(model)), tools)
    result = door.call(name, args, ToolContext("run", "step", 1, Cancellation()))
    assert result.failure is None, result.failure
    return result.value


def test_the_examples_work(folder: Path) -> None:
    tools = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(folder, "given")]).tools
    commands = Services(commands=ProcessCommands(folder, {"PATH": "/usr/bin:/bin"}))
    assert call(tools, "shout", commands, text="hello") == "HELLO"
    assert call(tools, "slogan", product="soap") == "Buy it."
    assert call(tools, "mood", text="oh no") == "sad"
    assert set(tools["getNote"].parameters["required"]) == {"id"}
    assert tools["listNotes"].tags == ("notes",)


def test_the_workflow_example_runs(folder: Path) -> None:
    from overseer import Engine

    tools = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(folder, "given")]).tools
    steps = [{"step_id": "count", "tool": "count_words", "args": {"texts": ["a b", "c"]}}]
    assert Engine(tools.values()).run({"steps": steps}).output == [2, 1]


def test_the_python_example_works(tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "python")
    (tmp_path / "example.py").write_text(block.text, encoding="utf-8")
    made = runpy.run_path(str(tmp_path / "example.py"))["save_lines"]
    files = Services(workspace=FolderWorkspace(tmp_path))
    assert call({made.name: made}, "save_lines", files, path="x.txt", lines=["a", "b"], numbered=True) == 2
    assert (tmp_path / "x.txt").read_text() == "1 a\n2 b"
    assert made.parameters["properties"]["numbered"]["description"] == "whether each line begins with its number"


# --- the tables


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("Tools", {*EFFECTS}),
        ("llm: ask a language model", {*llm._KEYS}),
        ("command: run a program", {*command._KEYS}),
        ("http: send a request", {*http._KEYS}),
        ("openapi: every operation of an API", {*openapi._KEYS}),
    ],
)
def test_every_key_that_the_code_takes_has_a_row_and_no_other(heading: str, known: set[str]) -> None:
    assert first_column(section(PAGE, heading).split("\n## ")[0]) == known


def test_every_option_of_the_decorator_has_a_row() -> None:
    rows = PAGE.split("| option of `@tool`")[1].split("\n\n")[0]
    options = {p.name for p in inspect.signature(_tool).parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert first_column(rows) == options


def test_everything_that_a_context_offers_has_a_row() -> None:
    rows = PAGE.split("| of `ToolContext`")[1].split("\n\n")[0]
    named = {name.partition("(")[0] for name in first_column(rows)}
    offered = {name for name in dir(ToolContext) if not name.startswith("_")} - {"services"}
    assert named == offered


def test_all_of_the_older_form_is_told() -> None:
    text = section(PAGE, "The older form")
    named = {part for name in first_column(text) for part in name.split(".")}
    assert named >= {*seedform._RENAMED, *seedform._UNUSED}
