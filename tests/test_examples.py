"""The examples: every command of their page runs as it stands there. Overlap is shown with gates."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

import chat_cli
from overseer import Engine
from overseer.frontends.files import plan_reader
from overseer.plan import check_plan
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Tool, tool
from tests.fakes import Gate
from tests.web.servers import Received, Server, response

EXAMPLES = Path(__file__).parent.parent / "examples"


def pretended(*, writers: int = 1, translators: int = 1) -> list[Tool]:
    """The tools of the examples; a call goes through only when so many are inside at once."""
    writing, translating = Gate(writers), Gate(translators)

    @tool
    def content_generator(prompt: str) -> str:
        """Write something."""
        writing.pass_through()
        return f"<{prompt}>"

    @tool
    def nmt_translator(text: str, target_lang: str) -> str:
        """Translate something."""
        translating.pass_through()
        return f"{target_lang}:{text}"

    return [content_generator, nmt_translator]


def test_both_translations_overlap_and_read_the_joke() -> None:
    engine = Engine(pretended(translators=2))
    result = engine.run(EXAMPLES / "joke-in-two-languages.yaml", {"topic": "tests"})
    joke = "<A joke about tests>"
    assert result.output == {"joke": joke, "french": f"fr:{joke}", "spanish": f"es:{joke}"}


def test_three_independent_jokes_overlap() -> None:
    result = Engine(pretended(writers=3)).run(EXAMPLES / "three-jokes.yaml")
    assert result.output == {name: f"<A joke about {name}>" for name in ("cats", "dogs", "birds")}


def test_five_headlines_overlap_and_stay_in_order() -> None:
    result = Engine(pretended(writers=5)).run(EXAMPLES / "five-headlines.yaml", {"product": "x"})
    assert result.output == [f"<Headline {index} for x>" for index in range(5)]


# --- every command of the page, as it stands there

COMMANDS = re.findall(r"^overseer (.+)$", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
FILES = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".toml", ".json", ".pipe"))
SERVER = "run examples/server.yaml"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_has_to_be_said_of_an_example(path: Path) -> None:
    tools = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(EXAMPLES / "tools", "given")]).tools
    checked = check_plan(path, tools=tools, read=plan_reader(tools))
    assert (checked.faults, checked.notes) == ((), ())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds the examples, which is the one that commands are called in."""
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    shutil.copytree(EXAMPLES, tmp_path / "work" / "examples")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def carried_out(command: str, capsys: pytest.CaptureFixture[str]) -> Any:
    assert chat_cli.main([*shlex.split(command), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["output"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_has_a_command(path: Path) -> None:
    assert any(f"examples/{path.name}" in command for command in COMMANDS)


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if each != SERVER and "three-formats" not in each and "three-apis" not in each],
    ids=lambda each: each[:40],
)
@pytest.mark.usefixtures("folder")
def test_every_command_does_its_work(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert carried_out(command, capsys)


@pytest.mark.usefixtures("folder")
def test_a_long_document_is_shortened_and_a_short_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    shortened = carried_out("run examples/by-size.yaml --input long=10", capsys)
    assert (bool(shortened["shortened"]), shortened["whole"]) == (True, None)
    whole = carried_out("run examples/by-size.yaml", capsys)
    assert (whole["shortened"], whole["whole"]) == (None, (EXAMPLES / "report.md").read_text())


@pytest.mark.usefixtures("folder")
def test_a_graph_takes_the_path_of_its_condition(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = (EXAMPLES / "report.md").read_text()
    output = carried_out("run examples/branches.json", capsys)
    assert output["plain"] is None
    assert output["merge"].endswith(text.lower())
    (folder / "examples/report.md").write_text("No table.")
    output = carried_out("run examples/branches.json", capsys)
    assert (output["merge"], output["plain"]["words"]) == (None, 2)


@pytest.mark.usefixtures("folder")
def test_a_narrative_tells_its_last_act_of_all_variants(capsys: pytest.CaptureFixture[str]) -> None:
    output = carried_out("run examples/posts.toml --tools examples/tools --input TOPIC=cats", capsys)
    assert output.startswith("[pretended, after 2: Which of these")
    assert all(f"Write variant {index}" in output for index in range(3))


def test_a_document_is_saved_in_three_formats_or_it_is_said_what_is_missing(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    chat_cli.main([*shlex.split("run examples/three-formats.yaml --approve write --json")])
    output = json.loads(capsys.readouterr().out)["output"]
    assert "<table>" in (folder / "out/report.html").read_text()
    for form in ("docx", "pdf"):
        if find_spec("pypandoc") and find_spec("typst"):
            assert (folder / f"out/report.{form}").stat().st_size > 1000
        else:
            assert "export" in output[form]["error"]["message"]


@pytest.mark.usefixtures("folder")
def test_three_requests_are_under_way_together_and_their_answers_are_merged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate = Gate(3)

    def behave(connection: socket.socket, request: Received) -> None:
        gate.pass_through()
        connection.sendall(response(f"about {request.target}".encode(), "Content-Type: text/plain"))

    with Server(behave) as server:
        port = server.url.rstrip("/").rpartition(":")[2]
        command = f"run examples/three-apis.yaml --approve network --input service=http://127.0.0.1:{port}"
        output = carried_out(f"{command} --set 'web.allow=[\"127.0.0.1:{port}\"]'", capsys)
    assert output == "about /weather\nabout /news\nabout /trains"


def test_a_server_answers_until_it_is_told_to_stop(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chat_cli", *shlex.split(SERVER)]
    environment = {**os.environ, "OVERSEER_HOME": str(tmp_path / "home"), "PYTHONPATH": str(EXAMPLES.parent)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        url = next(found.group() for line in process.stderr if (found := re.search(r"http://\S+", line)))
        for body in (b"hello", b"stop"):
            with urlopen(Request(url, data=body, headers={"Content-Type": "text/plain"}), timeout=20) as answer:
                assert answer.status in (200, 202)
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output.strip()) == (0, "STOP")


def test_tools_that_pretend_take_what_the_real_ones_take() -> None:
    real, pretending = (load_tools([ToolFolder(path, "given")]).tools for path in (our_tools(), EXAMPLES / "tools"))
    for name, stand_in in pretending.items():
        assert stand_in.parameters["properties"].keys() == real[name].parameters["properties"].keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_is_valid_with_the_tools_beside_it(path: Path) -> None:
    registry = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(EXAMPLES / "tools", "given")])
    assert registry.problems == ()
    assert Engine(registry.tools.values()).checked(path).steps
