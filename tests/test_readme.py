"""What the README shows works as it is shown."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import node_runtime
from overseer import Engine
from overseer.commands import _HOMES
from overseer.frontends.draft import Planned
from overseer.frontends.rules import plan_by_rules
from overseer.plan import completed, read_plan, validate
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.registry.yamlfiles import read_yaml
from tests import pages
from tests.captures import alike, as_block, captured, captures_in

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

OF_OTHERS = {"--wait", "--year"}  # of a program in an example


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    assert found
    return found


def test_what_it_shows_of_a_run_is_what_a_run_prints() -> None:
    captures = captures_in(README)
    assert captures
    for command, shown in captures:
        assert alike(shown.strip("\n")) == alike(as_block(captured(command)).strip("\n")), (
            "python -m tests.captures README.md"
        )


def test_what_it_asks_for_without_a_model_is_planned_without_one() -> None:
    [request] = re.findall(r"^    > (read .*)$", README, re.MULTILINE)
    draft = plan_by_rules(request, load_tools([ToolFolder(our_tools(), "built-in")]).tools)
    assert isinstance(draft, Planned)
    assert len(draft.plan.steps) == 3


def test_every_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    for number, source in enumerate(blocks("python")):
        path = tmp_path / f"example{number}.py"
        path.write_text(source, encoding="utf-8")
        runpy.run_path(str(path))
    node_runtime.NodeRuntime.get_instance().close()


def test_the_yaml_tool_loads(tmp_path: Path) -> None:
    (example,) = (block for block in pages.blocks(README, "yaml") if block.file)
    path = tmp_path / example.file
    path.write_text(example.text, encoding="utf-8")
    content = read_yaml(path)
    assert content.problems == ()
    assert content.tools[0].parameters["required"] == ["topic"]


def test_every_link_leads_to_a_file() -> None:
    for text, folder in [(README, ROOT), *((pages.page(path.name), pages.DOCS) for path in pages.DOCS.glob("*.md"))]:
        targets = re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", text)
        assert [target for target in targets if not (folder / target).exists()] == []


def test_the_plan_runs_with_the_tools_that_come_along() -> None:
    (text,) = blocks("yaml")
    draft = read_plan(text, syntax="yaml")
    assert not draft.faults
    plan, _ = completed(draft.plan)
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    assert validate(plan, tools=tools) == ()
    assert Engine(tools.values()).run(plan).output == "HELLO WORLD"


def test_what_is_said_to_need_no_model_needs_none() -> None:
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    requests = re.findall(r'^    (?:> (read .+)|overseer -p "(fetch [^"]+)" .+)$', README, flags=re.MULTILINE)
    assert len(requests) == 2
    for shown in requests:
        assert isinstance(plan_by_rules("".join(shown), tools), Planned)


def test_every_command_and_option_named_is_there() -> None:
    from overseer.arguments import parser

    known = parser().format_help()
    commands = set(re.findall(r"overseer (\w+)", README.split("## Commands")[1].split("## Tools")[0]))
    assert commands == set(_HOMES)
    assert all(f"    {command} " in known for command in commands)


def test_every_option_named_is_one_of_some_command(capsys: pytest.CaptureFixture[str]) -> None:
    from overseer.arguments import parser

    known = ""
    for command in _HOMES:
        with pytest.raises(SystemExit):
            parser().parse_args([command, "--help"])
        known += capsys.readouterr().out
    texts = [
        README,
        *(pages.page(f"{name}.md") for name in ("tools", "programs", "configuration", "safety", "looking")),
    ]
    for option in {option for text in texts for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)} - OF_OTHERS:
        assert f"{option} " in known or f"{option}\n" in known or f"{option}]" in known, option
