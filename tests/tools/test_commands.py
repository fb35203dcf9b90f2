"""The tool `run_command`: a list or plain words, never a shell."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.processes import ProcessCommands
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Cancellation, CommandResult, Services, ToolContext, ToolError
from tests.doors import OpenDoor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no commands on Windows")

TOOLS = load_tools([ToolFolder(our_tools(), "built-in")]).tools
SHOW = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    commands = ProcessCommands(tmp_path, {"PATH": os.environ["PATH"]})
    return ToolContext("run", "key", 1, Cancellation(), Services(commands=commands))


def run(context: ToolContext, **arguments: Any) -> Any:
    return OpenDoor(TOOLS).call("run_command", arguments, context)


def test_it_says_of_itself_what_it_is() -> None:
    tool = TOOLS["run_command"]
    assert (tool.effect, tool.idempotent, tool.has_undeclared_effects) == ("exec", False, True)
    assert tool.parameters["required"] == ["command"]


def test_a_list_is_run_as_it_is(context: ToolContext) -> None:
    result = run(context, command=[*SHOW, "a b", "$HOME", "|"])
    assert result == {"exit_code": 0, "stdout": "['a b', '$HOME', '|']\n", "stderr": "", "is_cut": False}


def test_input_and_folder(context: ToolContext, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert run(context, command=["cat"], stdin="hello")["stdout"] == "hello"
    assert run(context, command=["pwd"], folder="inner")["stdout"] == f"{tmp_path.resolve()}/inner\n"
    with pytest.raises(ToolError, match="lies outside the workspace"):
        run(context, command=["pwd"], folder="..")
    with pytest.raises(ToolError, match=r"was ended after 0\.1 s"):
        run(context, command=["sleep", "60"], timeout_s=0.1)


def test_an_exit_code_is_a_result_unless_it_is_to_be_an_error(context: ToolContext) -> None:
    command = ["sh", "-c", "echo oh no >&2; exit 3"]
    assert run(context, command=command)["exit_code"] == 3
    with pytest.raises(ToolError, match=r"'sh' ended with exit code 3: oh no$"):
        run(context, command=command, check=True)
    with pytest.raises(ToolError, match=r"'false' ended with exit code 1$"):
        run(context, command="false", check=True)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo a  b", "a b"),
        ("echo 'a  b' \"c  d\"", "a  b c  d"),
        ("echo 'it costs $5 | * ; & > ` ?' ~x", None),
        ("echo 'it costs $5 | * ; & > ` ?' x~ a#b", "it costs $5 | * ; & > ` ? x~ a#b"),
        ('echo "a | b > c * d" \\$HOME \\*', "a | b > c * d $HOME *"),
        ('echo "\\$HOME" --a=b {} -x!', "$HOME --a=b {} -x!"),
        ("echo \"a\\b\" 'a\\b' a\\ b \"\" ''", "a\\b a\\b a b  "),
        ("  echo a\n", "a"),
    ],
)
def test_a_text_is_split_into_words_with_quotes(context: ToolContext, command: str, words: str | None) -> None:
    if words is None:
        with pytest.raises(ToolError, match="a home folder"):
            run(context, command=command)
    else:
        assert run(context, command=command)["stdout"] == f"{words}\n"


@pytest.mark.parametrize(
    ("command", "sign"),
    [
        ("cat a | wc", "a pipe"),
        ("a && b", "'&'"),
        ("sleep 9 &", "'&'"),
        ("a; b", "';'"),
        ("echo x > file", "a redirect"),
        ("cat < file", "a redirect"),
        ("echo $(date)", "a variable"),
        ('echo "$HOME"', "a variable"),
        ("echo `date`", "a command in a command"),
        ("(cd x)", "brackets"),
        ("ls *.py", "a wildcard"),
        ("ls file?", "a wildcard"),
        ("ls ~/x", "a home folder"),
        ("ls # all", "a comment"),
        ("a\nb", "a second line"),
    ],
)
def test_what_only_a_shell_could_do_is_refused_with_a_remedy(context: ToolContext, command: str, sign: str) -> None:
    with pytest.raises(ToolError) as caught:
        run(context, command=command)
    assert str(caught.value).startswith(f"the command holds {sign}, and there is no shell; put it in quotes if")
    assert '["sh", "-c", "..."]' in str(caught.value)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("echo 'a", "the quote ' is not closed; close it, or give the command as a list"),
        ("A=1 env", "the command starts with a variable; put 'env' before it, as in env A=1 program"),
        ("", "there is no command"),
        (" ", "there is no command"),
        ([], "there is no command"),
    ],
)
def test_other_mistakes(context: ToolContext, command: Any, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        run(context, command=command)


@given(st.lists(st.text(), min_size=1))
def test_whatever_is_quoted_comes_back(words: list[str]) -> None:
    received: list[str] = []

    class Commands:
        def run(self, arguments: Sequence[str], **_: Any) -> CommandResult:
            received.extend(arguments)
            return CommandResult(0, "", "")

    context = ToolContext("run", "key", 1, Cancellation(), Services(commands=Commands()))  # type: ignore[arg-type]
    run(context, command=shlex.join(["program", *words]))
    assert received == ["program", *words]
