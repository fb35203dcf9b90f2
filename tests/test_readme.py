"""What the README shows works as it is shown."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from overseer import Engine
from overseer.plan import completed, read_plan, validate
from overseer.registry import ToolFolder, load_tools, our_tools

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    assert found
    return found


def test_every_python_example_runs(tmp_path: Path) -> None:
    for number, source in enumerate(blocks("python")):
        path = tmp_path / f"example{number}.py"
        path.write_text(source, encoding="utf-8")
        runpy.run_path(str(path))


def test_the_plan_runs_with_the_tools_that_come_along() -> None:
    (text,) = blocks("yaml")
    draft = read_plan(text, syntax="yaml")
    assert not draft.faults
    plan, _ = completed(draft.plan)
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    assert validate(plan, tools=tools) == ()
    assert Engine(tools.values()).run(plan).output == "HELLO WORLD"


def test_every_command_and_option_named_is_there() -> None:
    from overseer.arguments import parser

    known = parser().format_help()
    commands = set(re.findall(r"overseer (\w+)", README.split("## Commands")[1].split("## A tool")[0]))
    assert commands == {"check", "run", "runs", "show", "resume"}
    assert all(f"    {command} " in known for command in commands)
