"""Running programs: what they are given, what is kept of what they print, and why some cannot be started."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from overseer.processes import CommandTimeout, ProcessCommands
from overseer.tool import Cancellation, CommandResult, ToolError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no commands on Windows")


@pytest.fixture
def commands(tmp_path: Path) -> ProcessCommands:
    return ProcessCommands(tmp_path, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}, limit_bytes=10_000)


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def test_a_command_says_how_it_ended_and_what_it_printed(commands: ProcessCommands) -> None:
    result = commands.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert result == CommandResult(3, "out\n", "err\n")


def test_a_command_that_was_killed_has_a_negative_exit_code(commands: ProcessCommands) -> None:
    assert commands.run(["sh", "-c", "kill -9 $$"]).exit_code == -9


def test_arguments_arrive_as_they_are(commands: ProcessCommands) -> None:
    given = ["a b", "$HOME", "*", "; rm -rf /", "it's", '"', "\\", "", "é\n", "--", "-x", "\udcff"]
    result = commands.run(python("import sys; print(ascii(sys.argv[1:]))", *given))
    assert result.stdout == f"{given!a}\n"


def test_input_and_output_larger_than_any_pipe_pass_without_a_deadlock(tmp_path: Path) -> None:
    text = "né\n" * 500_000
    commands = ProcessCommands(tmp_path, {"PYTHONUTF8": "1"}, limit_bytes=10_000_000)
    result = commands.run(
        python("import sys\nfor line in sys.stdin: sys.stderr.write(line); sys.stdout.write(line)"), stdin=text
    )
    assert result.stdout == text
    assert result.stderr == text


def test_input_that_is_not_read_does_no_harm(commands: ProcessCommands) -> None:
    assert commands.run(["true"], stdin="x" * 1_000_000).exit_code == 0


def test_without_input_there_is_none_to_wait_for(commands: ProcessCommands) -> None:
    assert commands.run(["cat"]).stdout == ""


@pytest.mark.parametrize("size", [9_999, 10_000, 10_001, 45_000, 1_000_000])
def test_the_beginning_and_the_end_of_a_long_output_are_kept(commands: ProcessCommands, size: int) -> None:
    result = commands.run(python(f"print('a' + 'x' * {size - 2} + 'z', end='')"))
    assert result.is_cut is (size > 10_000)
    assert result.stdout[0] == "a"
    assert result.stdout[-1] == "z"
    assert result.stdout.count("x") == min(size, 10_000) - 2
    assert (f"\n[... {size - 10_000} bytes left out ...]\n" in result.stdout) is result.is_cut


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("letter", ["é", "€", "😀"])
def test_a_cut_leaves_no_half_characters(commands: ProcessCommands, letter: str, shift: int) -> None:
    source = f"import sys; sys.stdout.buffer.write(('x' * {shift} + {letter!r} * 9000).encode())"
    result = commands.run(python(source))
    assert result.is_cut
    assert "\ufffd" not in result.stdout


def test_bytes_that_are_no_text_are_marked(commands: ProcessCommands) -> None:
    assert commands.run(["printf", r"a\377b"]).stdout == "a\ufffdb"


def test_a_command_gets_the_environment_it_is_given_and_no_other(
    commands: ProcessCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_OURS", "1")
    printed = commands.run(["env"], variables={"GREETING": "hé"}).stdout.splitlines()
    names = {line.partition("=")[0] for line in printed}
    assert names == {"PATH", "LANG", "GREETING", "PWD", "OVERSEER_COMMAND"}
    assert "GREETING=hé" in printed


def test_a_command_starts_with_default_signals_and_nothing_open_but_its_streams(commands: ProcessCommands) -> None:
    source = (
        "import os, signal\n"
        "print([s.name for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN])\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n"
        "print(sorted(fd for fd in range(100) if os.path.exists(f'/dev/fd/{fd}'))[:4])\n"
    )
    # Python itself ignores SIGPIPE, and SIGXFSZ where there is one.
    ignored, blocked, opened = commands.run(python(source)).stdout.splitlines()
    assert ignored in ("['SIGPIPE', 'SIGXFSZ']", "['SIGXFSZ', 'SIGPIPE']")
    assert blocked == "set()"
    assert opened == "[0, 1, 2]"


def test_a_command_works_in_its_folder(commands: ProcessCommands, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("inner")
    for folder in ("inner", "link", "inner/../inner", str(tmp_path / "inner")):
        result = commands.run(["sh", "-c", "pwd -P; echo $PWD"], folder=folder)
        assert result.stdout == f"{tmp_path.resolve()}/inner\n" * 2


@pytest.mark.parametrize(
    ("folder", "complaint", "kind"),
    [
        ("..", "folder '..' lies outside the workspace", "denied"),
        ("/", "folder '/' lies outside the workspace", "denied"),
        ("out", "folder 'out' lies outside the workspace", "denied"),
        ("../other", "folder '../other' lies outside the workspace", "denied"),
        ("none", "folder 'none' does not exist; make it first", "bad_request"),
        ("file", "folder 'file' is not a folder", "bad_request"),
        ("x" * 5000, "cannot be used|does not exist", "bad_request"),
        ("a\0b", r"folder 'a\\x00b' cannot be used", "bad_request"),
        ("loop", "cannot be used|does not exist", "bad_request"),
    ],
)
def test_folders_outside_or_missing_are_refused(tmp_path: Path, folder: str, complaint: str, kind: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    (root / "file").touch()
    with pytest.raises(ToolError, match=complaint) as caught:
        ProcessCommands(root, {}).run(["true"], folder=folder)
    assert caught.value.kind == kind


def test_a_workspace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"folder '\.' does not exist"):
        ProcessCommands(tmp_path / "gone", {}).run(["true"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-such-program"], "there is no program 'no-such-program' on the PATH; check its name, or install it"),
        (["./no-such-program"], "there is no program './no-such-program' in /"),
        (["ls -l"], "there is no program 'ls -l'; the program and each of its arguments must be list items"),
        (["./plain.txt"], "'./plain.txt' may not be executed; make it executable"),
        (["./folder"], "'./folder' is a folder, not a program"),
        (["./plain.txt/x"], "there is no program './plain.txt/x'"),
        (["./no-interpreter"], "'./no-interpreter' is there, but the interpreter that its first line names is not"),
        (["./no-program"], "'./no-program' is neither a program for this machine nor a script that starts with '#!'"),
        (["echo", "x" * 3_000_000], "the 2 arguments of 'echo' are too long: 3000006 bytes, the longest 3000000"),
        (["echo", "a\0b"], r"the argument 'a\\x00b' holds a NUL character"),
        (["echo", "\ud800"], "argument 1 of 'echo' holds a character that cannot be encoded"),
        (["echo", 1], "argument 1 of 'echo' is a int, not text"),
        ([], "there is no command"),
        ([""], "there is no command"),
        ("ls -l", r"the arguments must be a list such as \['ls', '-l'\], not text"),
    ],
)
def test_what_cannot_be_started_is_named_with_a_remedy(
    commands: ProcessCommands, tmp_path: Path, arguments: Any, complaint: str
) -> None:
    (tmp_path / "plain.txt").touch(mode=0o600)
    (tmp_path / "folder").mkdir()
    for name, content in (("no-interpreter", "#!/no/such/interpreter\n"), ("no-program", "just words\n")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o700)
    with pytest.raises(ToolError, match=complaint) as caught:
        commands.run(arguments)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("variables", [{"": "x"}, {"A=B": "x"}, {"A": "x\0"}, {"A\0": "x"}])
def test_impossible_variables_are_refused(commands: ProcessCommands, variables: dict[str, str]) -> None:
    with pytest.raises(ToolError, match=r"the variable .* has an empty name"):
        commands.run(["true"], variables=variables)


def test_programs_of_the_working_folder_are_not_found_by_their_bare_names(tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho impostor\n")
    (tmp_path / "git").chmod(0o700)
    for path in (".", "", ":.:", "/nowhere:"):
        with pytest.raises(ToolError, match=r"no program 'git'|'git' is there"):
            ProcessCommands(tmp_path, {"PATH": path}).run(["git"])
    assert ProcessCommands(tmp_path, {}).run(["./git"]).stdout == "impostor\n"


def test_a_program_found_second_is_run_although_the_first_may_not_be(tmp_path: Path) -> None:
    for folder, mode in (("closed", 0o600), ("open", 0o700)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "greet").write_text("#!/bin/sh\necho hello\n")
        (tmp_path / folder / "greet").chmod(mode)
    path = f"{tmp_path}/missing:{tmp_path}/closed:{tmp_path}/open"
    assert ProcessCommands(tmp_path, {"PATH": path}).run(["greet"]).stdout == "hello\n"


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_timeout_must_be_longer_than_nothing(commands: ProcessCommands, timeout_s: float) -> None:
    with pytest.raises(ToolError, match="give a number of seconds above 0"):
        commands.run(["true"], timeout_s=timeout_s)


def test_a_command_that_was_cancelled_before_never_begins(commands: ProcessCommands, tmp_path: Path) -> None:
    cancellation = Cancellation()
    cancellation.ask()
    with pytest.raises(ToolError, match="was cancelled before it began"):
        commands.run(["touch", "trace"], cancellation=cancellation)
    assert not (tmp_path / "trace").exists()


def test_a_timeout_tells_the_end_of_what_was_printed_and_keeps_the_rest(commands: ProcessCommands) -> None:
    with pytest.raises(CommandTimeout, match=r"stderr:\nabout to hang$") as caught:
        commands.run(["sh", "-c", "seq 3000; echo about to hang >&2; sleep 60"], timeout_s=1.0)
    printed = caught.value.printed
    assert printed.stdout.startswith("1\n2\n")
    assert printed.stdout.endswith("3000\n")
    assert printed.is_cut
    with pytest.raises(CommandTimeout, match=r"'sleep' was ended after 0\.2 s; it had printed nothing"):
        commands.run(["sleep", "60"], timeout_s=0.2)


def test_a_cancellation_is_forgotten_once_the_command_has_ended(commands: ProcessCommands) -> None:
    cancellation = Cancellation()
    assert commands.run(["true"], cancellation=cancellation).exit_code == 0
    cancellation.ask()
