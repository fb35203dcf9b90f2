"""What the README shows works as it is shown."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import chat_cli
from overseer.frontends.draft import Planned
from overseer.frontends.rules import plan_by_rules
from overseer.registry import ToolFolder, load_tools, our_tools
from tests import pages
from tests.captures import alike, as_block, captured, captures_in
from tests.servers.model_server import Answer, ModelServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = pages.blocks(README)
COMMANDS = {" ".join(arguments): arguments for arguments in pages.command_lines(README)}
MOST_WORDS = 850  # beside the examples: three minutes of reading, or a little more

OF_OTHERS = {"--wait", "--year"}  # of a program in an example


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the README, and no model."""
    work = tmp_path / "work"
    for block in BLOCKS:
        if block.file:
            (work / block.file).parent.mkdir(parents=True, exist_ok=True)
            (work / block.file).write_text(block.text, encoding="utf-8")
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OVERSEER_MODEL", "OVERSEER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(work)
    return work


def test_it_is_short() -> None:
    prose = re.sub(r"(?s:```.*?```|<!-- captured.*?<!-- end -->)|^    .*$", "", README, flags=re.MULTILINE)
    assert 400 < len(prose.split()) < MOST_WORDS


@pytest.mark.long
def test_what_it_shows_of_a_run_is_what_a_run_prints() -> None:
    captures = captures_in(README)
    assert captures
    for command, shown in captures:
        assert alike(shown.strip("\n")) == alike(as_block(captured(command)).strip("\n")), (
            "python -m tests.captures README.md"
        )


def test_every_target_of_make_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"\bmake ([a-z]+)\b(?=`|  )", README)
    assert {"chat", "test", "demo"} <= set(named)
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


# --- models


@pytest.mark.parametrize("recipe", ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ollama pull"])
@pytest.mark.usefixtures("folder")
def test_every_recipe_connects_a_model(
    recipe: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (given,) = re.findall(rf"^    (?:export )?{recipe}[= ](\S+)", README, re.MULTILINE)
    answer = Answer(json.dumps({"answer": "Hello."}), tokens=(9000, 7))
    with ModelServer([answer], models=[given]) as server:
        match recipe:
            case "ollama pull":
                monkeypatch.setenv("OLLAMA_HOST", server.url)
            case "OPENAI_BASE_URL":
                monkeypatch.setenv(recipe, re.sub(r"http://127.0.0.1:\d+", server.url, given))
            case _:  # at another address: nobody goes to OpenAI from here
                monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
                monkeypatch.setenv(recipe, given)
        assert chat_cli.main(["-p", "say hello", "--no-stdin"]) == 0
        asked = [call for call in server.calls if call.body and call.path in ("/v1/chat/completions", "/api/chat")]
    assert capsys.readouterr().out == "Hello.\n"
    assert (asked[0].headers.get("authorization") == f"Bearer {given}") == (recipe == "OPENAI_API_KEY")


def test_what_is_said_to_need_no_model_is_planned_without_one() -> None:
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    requests = re.findall(r'^    (?:> (read .+)|overseer -p "(fetch [^"]+)" .+)$', README, flags=re.MULTILINE)
    assert len(requests) == 2
    for shown in requests:
        assert isinstance(plan_by_rules("".join(shown), tools), Planned)


# --- the examples


def test_the_plan_runs_with_the_tools_that_come_along(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = (arguments for line, arguments in COMMANDS.items() if line.startswith("run "))
    assert chat_cli.main(command) == 0
    assert capsys.readouterr().out == "ONE TWO\n"
    assert chat_cli.main(["run", command[1]]) == 0
    assert capsys.readouterr().out == "HELLO WORLD\n"
    assert chat_cli.main(COMMANDS[f"graph {command[1]}"]) == 0


@pytest.mark.usefixtures("folder")
def test_the_program_of_a_step_runs_in_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = (arguments for line, arguments in COMMANDS.items() if line.startswith("node "))
    assert chat_cli.main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == {"one two": 2, "three": 1}


@pytest.mark.usefixtures("folder")
def test_the_tools_load_and_work(capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = (arguments for line, arguments in COMMANDS.items() if line.startswith("call shout"))
    assert chat_cli.main(command) == 0
    assert capsys.readouterr() == ("HELLO\n", "")  # no fault in the other file
    assert chat_cli.main(["tools", "haiku", *command[-2:]]) == 0
    assert "topic (string)" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_the_program_that_embeds_the_engine_runs(tmp_path: Path) -> None:
    (example,) = (block for block in BLOCKS if block.language == "python" and not block.file)
    (tmp_path / "example.py").write_text(example.text, encoding="utf-8")
    runpy.run_path(str(tmp_path / "example.py"))


# --- what it names


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    everywhere = [ROOT / "README.md", ROOT / "examples/README.md", ROOT / "CHANGELOG.md", *pages.DOCS.glob("*.md")]
    for page in everywhere:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
            found = page.parent / target if target else page
            assert found.exists(), (page.name, target)
            assert not anchor or anchor in anchors(found), (page.name, target, anchor)


def test_every_page_is_linked_to() -> None:
    linked = re.findall(r"\]\(docs/([\w-]+\.md)", README)
    assert {path.name for path in pages.DOCS.glob("*.md")} <= set(linked)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_option_named_is_one_of_some_command() -> None:
    from overseer.commands.arguments import parser

    known = {option for command in parser().commands.values() for option in command._option_string_actions}
    named = ("tools", "programs", "configuration", "safety", "looking", "headless", "sandbox", "review", "json")
    for text in [README, *(pages.page(f"{name}.md") for name in named)]:
        ours = re.sub(r"python (?:-m )?\S+.*", "", text)  # without the options of other programs
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
        assert options - OF_OTHERS - known == set()
