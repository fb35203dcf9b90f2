"""Tools that run a program, as YAML declares them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from overseer.kinds import CONTEXT, Declaration, KindError
from overseer.kinds.command import command_function
from overseer.processes import ProcessCommands
from overseer.tool import Cancellation, CommandResult, Services, ToolContext, ToolError

PARAMETERS = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "files": {"type": "array", "items": {"type": "string"}},
        "count": {"type": "integer"},
        "style": {"type": "string", "default": "plain"},
    },
}


class Recorder:
    """Commands that only note what they were asked for."""

    def __init__(self, result: CommandResult) -> None:
        self.result = result
        self.arguments: Sequence[str] = ()
        self.options: dict[str, Any] = {}

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: str = "",
        folder: str = ".",
        variables: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        cancellation: Cancellation | None = None,
    ) -> CommandResult:
        self.arguments = arguments
        self.options = {"stdin": stdin, "folder": folder, "variables": variables, "timeout_s": timeout_s}
        return self.result


def made(section: str) -> Callable[..., Any]:
    return command_function(Declaration("tool", PARAMETERS, Path("/the/folder")), yaml.safe_load(section))


def called(section: str, recorder: Recorder | None = None, **arguments: Any) -> Any:
    services = Services(
        commands=recorder or Recorder(CommandResult(0, "", "")), secret={"THE_KEY": "value of the key"}.get
    )
    return made(section)(**{CONTEXT: ToolContext("run", "key", 1, Cancellation(), services), **arguments})


def arguments_of(items: str, rest: str = "", **arguments: Any) -> list[str]:
    recorder = Recorder(CommandResult(0, "", ""))
    called(f"arguments: [program, {items}]\n{rest}", recorder, **arguments)
    return list(recorder.arguments[1:])


@pytest.mark.parametrize("text", ["a b", "; rm -rf /", "$HOME", "a\nb", "'", '"', "", "{text}", "*", "é"])
def test_an_item_is_one_argument_whatever_it_holds(text: str) -> None:
    assert arguments_of('"{text}", "x{text}y", -n, 5, 1.5', text=text) == [text, f"x{text}y", "-n", "5", "1.5"]


@given(st.text(), st.lists(st.text()))
def test_nothing_is_ever_split_or_read_as_a_template(text: str, files: list[str]) -> None:
    assert arguments_of('--, "{text}", "{files}"', text=text, files=files) == ["--", text, *files]


def test_a_list_becomes_several_arguments_where_it_stands_alone() -> None:
    assert arguments_of('"{files}"', files=["a", "b c"]) == ["a", "b c"]
    assert arguments_of('"{files}"', files=[]) == []
    assert arguments_of('"in {files}"', files=["a"]) == ['in ["a"]']


def test_what_was_not_given_is_its_default_or_left_out() -> None:
    assert arguments_of('"{text}", "<{text}>", "{style}", end') == ["<>", "plain", "end"]
    assert arguments_of('"{text}"', text=None) == []
    assert arguments_of('"{style}"', style="bold") == ["bold"]


def test_the_folder_of_the_tool_is_known() -> None:
    assert arguments_of('"{tool_dir}/x"') == ["/the/folder/x"]
    recorder = Recorder(CommandResult(0, "", ""))
    called('arguments: ["{tool_dir}/run.sh"]', recorder)
    assert recorder.arguments == ["/the/folder/run.sh"]


@pytest.mark.parametrize(
    ("items", "arguments"),
    [
        ('"{text}"', {"text": "-rf"}),
        ('"{text}"', {"text": "--output=/etc/passwd"}),
        ('"{text}"', {"text": "-"}),
        ('"{files}"', {"files": ["a", "-x"]}),
        ('"{text}.txt"', {"text": "-x"}),
        ('-n, "{text}"', {"text": "-x"}),
        ('"{text}", --', {"text": "-x"}),
    ],
)
def test_an_argument_that_a_caller_makes_an_option_is_refused(items: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match=r"begins with '-'.*a path can begin with \./.*allow_options: true") as caught:
        arguments_of(items, **arguments)
    assert caught.value.kind == "bad_request"


def test_an_argument_that_cannot_be_an_option_is_not() -> None:
    assert arguments_of('--, "{text}"', text="-x") == ["--", "-x"]
    assert arguments_of('"{text}"', "allow_options: true", text="-x") == ["-x"]
    assert arguments_of('"--name={text}", "-{text}"', text="-x") == ["--name=-x", "--x"]
    assert arguments_of('"{count}"', count=-5) == ["-5"]
    assert arguments_of('"{text}"', text="a-b") == ["a-b"]


def test_input_folder_variables_and_timeout() -> None:
    recorder = Recorder(CommandResult(0, "", ""))
    called(
        """
        arguments: [program]
        stdin: "{text}!"
        folder: "in/{style}"
        variables: {LANG: C.UTF-8, STYLE: "{style}", KEY: {secret: THE_KEY}, LEVEL: 3}
        timeout: 1m30s
        """,
        recorder,
        text="hello",
    )
    assert recorder.options == {
        "stdin": "hello!",
        "folder": "in/plain",
        "variables": {"LANG": "C.UTF-8", "STYLE": "plain", "KEY": "value of the key", "LEVEL": "3"},
        "timeout_s": 90.0,
    }


def test_a_secret_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolError, match="there is no secret 'OTHER'"):
        called("arguments: [program]\nvariables: {KEY: {secret: OTHER}}")


@pytest.mark.parametrize(
    ("form", "stdout", "value"),
    [
        ("text", "a\nb\n\n", "a\nb\n"),
        ("text", "", ""),
        ("lines", "a\nb\n", ["a", "b"]),
        ("lines", "", []),
        ("json", ' {"a": [1, null]}\n', {"a": [1, None]}),
        ("full", "a\n", {"exit_code": 0, "stdout": "a\n", "stderr": "e", "is_cut": False}),
    ],
)
def test_forms_of_results(form: str, stdout: str, value: Any) -> None:
    recorder = Recorder(CommandResult(0, stdout, "e"))
    assert called(f"arguments: [program]\nresult: {form}", recorder) == value


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (CommandResult(0, "Usage: x", ""), r"what 'program' printed is not JSON \(.*\); it begins: Usage: x"),
        (CommandResult(0, "", "oh no"), "'program' printed nothing, not JSON: oh no"),
        (CommandResult(0, "[1,", "", is_cut=True), "'program' printed more than is kept"),
        (CommandResult(0, "[" * 100_000, ""), "is not JSON"),
    ],
)
def test_what_is_not_json_is_an_invalid_output(result: CommandResult, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint) as caught:
        called("arguments: [program]\nresult: json", Recorder(result))
    assert caught.value.kind == "invalid_output"


def test_exit_codes() -> None:
    failed = Recorder(CommandResult(2, "out", "no such file\n"))
    with pytest.raises(ToolError, match=r"'program' ended with exit code 2: no such file$"):
        called("arguments: [program]", failed)
    with pytest.raises(ToolError, match=r"'program' ended with exit code 2: out$"):
        called("arguments: [program]", Recorder(CommandResult(2, "out", "")))
    assert called("arguments: [program]\nok_exit_codes: [0, 2]", failed) == "out"
    assert called("arguments: [program]\nok_exit_codes: any\nresult: full", failed)["exit_code"] == 2
    with pytest.raises(ToolError, match="exit code 0"):
        called("arguments: [program]\nok_exit_codes: [2]")


@pytest.mark.parametrize(
    ("section", "place", "problem"),
    [
        ("text", (), "the section is a string; write arguments: [program, ...] under command:"),
        ("{}", ("arguments",), "'arguments' is missing; write a list: the program, then one item for each argument"),
        ("arguments: []", ("arguments",), "'arguments' is empty; write a list"),
        ("arguments: ls -l", ("arguments",), "'arguments' is a string; write a list"),
        (
            "{arguments: [p], argumnts: []}",
            ("argumnts",),
            "'argumnts' is no key of a command; did you mean 'arguments'?",
        ),
        ("{arguments: [p], 1: x}", (1,), "'1' is no key of a command"),
        ("arguments: [p, '{txt}']", ("arguments", 1), "{txt} is no parameter of the tool; did you mean 'text'?"),
        ("arguments: [p, {a: b}]", ("arguments", 1), "this is a object, not text; put it in quotes"),
        ("arguments: [p, true]", ("arguments", 1), "this is a boolean, not text; put it in quotes"),
        ('arguments: [p, "a\\0b"]', ("arguments", 1), "this holds a NUL character; take it away"),
        ("arguments: ['{text}']", ("arguments", 0), "the program is an argument of the call; name the program itself"),
        ("arguments: ['']", ("arguments", 0), "the program's name is empty"),
        ("{arguments: [p], stdin: [1]}", ("stdin",), "this is a list, not text"),
        ("{arguments: [p], folder: '{x}'}", ("folder",), "{x} is no parameter of the tool"),
        ("{arguments: [p], variables: [A]}", ("variables",), "'variables' is a list; write NAME: value for each"),
        ("{arguments: [p], variables: {A-B: x}}", ("variables", "A-B"), "'A-B' is not a variable's name"),
        ("{arguments: [p], variables: {A: null}}", ("variables", "A"), "this is a null, not text"),
        ("{arguments: [p], variables: {A: {secrt: X}}}", ("variables", "A"), "write text, or {secret: NAME}"),
        ("{arguments: [p], timeout: soon}", ("timeout",), "'timeout' \"soon\" is not a duration"),
        ("{arguments: [p], timeout: 0}", ("timeout",), "'timeout' must be longer than nothing"),
        ("{arguments: [p], result: jsn}", ("result",), "'jsn' is no form of a result; did you mean 'json'?"),
        ("{arguments: [p], result: 5}", ("result",), "'5' is no form of a result; use one of: text, json, lines, full"),
        ("{arguments: [p], ok_exit_codes: 0}", ("ok_exit_codes",), "must be a list of whole numbers such as [0, 1]"),
        ("{arguments: [p], ok_exit_codes: [true]}", ("ok_exit_codes",), "must be a list of whole numbers"),
        ("{arguments: [p], allow_options: 1}", ("allow_options",), "'allow_options' is a integer; write true or false"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(section: str, place: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(KindError) as caught:
        made(section)
    assert [fault.place for fault in caught.value.faults] == [place]
    assert problem in caught.value.faults[0].problem


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(KindError) as caught:
        made("{arguments: ['{text}', '{x}'], timeout: never, result: x, unknown: 1}")
    assert {fault.place for fault in caught.value.faults} == {
        ("unknown",),
        ("arguments", 0),
        ("arguments", 1),
        ("timeout",),
        ("result",),
    }


def test_a_parameter_cannot_take_the_name_of_the_tools_folder() -> None:
    declaration = Declaration("tool", {"properties": {"tool_dir": {"type": "string"}}}, Path("/"))
    with pytest.raises(KindError, match="a parameter cannot be called 'tool_dir'"):
        command_function(declaration, {"arguments": ["p"]})


@pytest.mark.skipif(os.name != "posix", reason="there are no commands on Windows")
def test_a_real_program_is_run(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source = "import os, sys; print(sys.argv[1:], sys.stdin.read(), os.environ['KEY'])"
    section = {
        "arguments": [sys.executable, "-c", source, "{files}"],
        "stdin": "{text}",
        "variables": {"KEY": {"secret": "THE_KEY"}},
        "folder": "inner",
    }  # fmt: skip
    function = command_function(Declaration("tool", PARAMETERS, tmp_path), section)
    services = Services(commands=ProcessCommands(tmp_path, {}), secret={"THE_KEY": "opened"}.get)
    context = ToolContext("run", "key", 1, Cancellation(), services)
    assert function(**{CONTEXT: context, "files": ["a b", "$c"], "text": "read"}) == "['a b', '$c'] read opened"
