"""`overseer undo` and `overseer redo` on the command line: what is shown and asked, and how they exit."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer import exits
from overseer.home import changes_path
from overseer.undo.store import ChangeStore
from tests.program import carried_out

ROOT = Path(__file__).parent.parent.parent
KEY = "".join(reversed("v4YtR7fPm2Wkx8qZ"))

Call = Callable[..., tuple[int, str, str]]

PLAN = """
name: two-files
steps:
  - {step_id: old, tool: write_file, args: {path: notes.txt, text: "one\\nTWO\\n"}}
  - {step_id: new, tool: write_file, args: {path: sub/new.txt, text: "made"}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "notes.txt").write_text("one\ntwo\n")
    return folder


@pytest.fixture
def overseer(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = chat_cli.main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def run_plan(overseer: Call, text: str = PLAN, *more: str) -> str:
    """The id of a run."""
    Path("plan.yaml").write_text(text)
    code, out, err = overseer("run", "plan.yaml", "--approve", "write,exec", "--json", *more)
    assert code == exits.OK, err
    return str(json.loads(out)["run_id"])


def test_a_run_is_shown_undone_and_redone(overseer: Call, here: Path) -> None:
    run_id = run_plan(overseer)
    code, out, _ = overseer("undo", "--preview")
    assert code == exits.OK
    assert out.splitlines()[1:] == [
        "  notes.txt: would be put back, 8 bytes become 8 bytes (write_file)",
        "    --- notes.txt (as it is)",
        "    +++ notes.txt (as it would be)",
        "    @@ -1,2 +1,2 @@",
        "     one",
        "    -TWO",
        "    +two",
        "  sub/new.txt: would be deleted, 4 bytes (it did not exist before) (write_file)",
    ]
    assert (here / "notes.txt").read_text() == "one\nTWO\n", "a preview changes nothing"
    code, out, _ = overseer("undo", run_id[:12], "--yes")
    assert (code, out.splitlines()[0]) == (exits.OK, f"undone: 2 files of run {run_id}")
    assert (here / "notes.txt").read_text() == "one\ntwo\n"
    assert not (here / "sub").exists()
    assert overseer("redo", "--yes")[0] == exits.OK
    assert (here / "sub" / "new.txt").read_text() == "made"


def test_nobody_to_ask_and_no_yes_changes_nothing(overseer: Call, here: Path) -> None:
    run_id = run_plan(overseer)
    for more in ((), ("--json",)):
        code, _, err = overseer("undo", *more)
        assert code == exits.APPROVAL
        assert f"to undo run {run_id} needs a yes" in err or more
    assert (here / "sub" / "new.txt").exists()


def test_a_conflict_is_told_and_left_with_its_own_exit_code(overseer: Call, here: Path) -> None:
    run_id = run_plan(overseer)
    (here / "notes.txt").write_text("mine\n")
    code, out, _ = overseer("undo", "--yes")
    assert code == exits.STEP_FAILED
    assert "left as it is: notes.txt: it was changed since, by somebody else" in out
    assert f"overseer undo {run_id} --force" in out
    assert (here / "notes.txt").read_text() == "mine\n"
    assert overseer("undo", run_id, "--yes", "--force")[0] == exits.OK
    assert (here / "notes.txt").read_text() == "one\ntwo\n"


def test_as_a_document(overseer: Call) -> None:
    run_id = run_plan(overseer)
    document: Any = json.loads(overseer("undo", "--yes", "--json")[1])
    assert (document["schema"], document["run"], document["direction"]) == ("overseer.undo/1", run_id, "undo")
    assert [(file["path"], file["action"]) for file in document["files"]] == [
        ("notes.txt", "change"),
        ("sub/new.txt", "remove"),
    ]
    assert document["outcome"] == {"done": ["notes.txt", "sub/new.txt"], "left": [], "failed": []}
    preview: Any = json.loads(overseer("redo", "--preview", "--json")[1])
    assert preview["outcome"] is None


def test_nothing_to_undo_is_no_success(overseer: Call, tmp_path: Path) -> None:
    code, _, err = overseer("undo", "--preview")
    assert code == exits.USAGE
    assert "there is nothing to undo" in err
    assert not changes_path().exists(), "a look makes no file"
    assert overseer("redo", "--yes")[0] == exits.USAGE
    assert overseer("undo", "nosuchrun", "--yes")[0] == exits.USAGE


def test_what_a_command_changed_is_said_to_stay(overseer: Call, here: Path) -> None:
    Path("make.py").write_text("open('x', 'w').close()")
    command = json.dumps([sys.executable, "make.py"])
    run_plan(overseer, f"{PLAN}  - {{step_id: c, tool: run_command, args: {{command: {command}}}}}\n")
    _, out, _ = overseer("undo", "--preview")
    assert "note: run_command was called in this run; what it changed by itself is not seen, and stays as it is" in out
    overseer("undo", "--yes")
    assert (here / "x").exists()


def test_a_run_that_leaves_no_trace_keeps_nothing(overseer: Call) -> None:
    run_plan(overseer, PLAN, "--no-journal")
    assert not changes_path().exists()
    assert overseer("undo", "--yes")[0] == exits.USAGE


def test_a_call_can_be_undone(overseer: Call, here: Path) -> None:
    code, _, err = overseer("call", "append_file", "path=notes.txt", "text=three", "--approve", "write")
    assert code == exits.OK, err
    assert (here / "notes.txt").read_text() != "one\ntwo\n"
    assert overseer("undo", "--yes")[0] == exits.OK
    assert (here / "notes.txt").read_text() == "one\ntwo\n"


def test_what_a_program_called_can_be_undone(overseer: Call, here: Path) -> None:
    Path("node.py").write_text(
        "from node_runtime import call_tool\n"
        "def main(given):\n"
        "    call_tool('write_file', path='notes.txt', text='by a node')\n"
        "    return call_tool('write_file', path='other.txt', text='by a node')\n"
    )
    code, out, err = overseer("node", "node.py", "--grant", "write_file")
    assert code == exits.OK, out + err
    assert (here / "notes.txt").read_text() == "by a node"
    assert overseer("undo", "--yes")[1].startswith("undone: 2 files")
    assert (here / "notes.txt").read_text() == "one\ntwo\n"


def test_pruned_runs_take_what_was_kept_along(overseer: Call) -> None:
    run_id = run_plan(overseer)
    overseer("call", "write_file", "path=b.txt", "text=b", "--approve", "write")
    assert overseer("runs", "--prune", "1d")[0] == exits.OK
    with ChangeStore(read_only=True) as store:
        assert len(store.runs(str(Path.cwd()))) == 2
    assert overseer("runs", "--prune", "0s")[0] == exits.OK
    code, _, err = overseer("undo", run_id, "--yes")
    assert (code, "is known to have changed files" in err) == (exits.USAGE, True)
    with ChangeStore(read_only=True) as store:
        assert store.runs(str(Path.cwd())) == []
    assert b"two" not in changes_path().read_bytes()


def test_what_cannot_be_kept_is_not_changed(overseer: Call, here: Path) -> None:
    changes_path().parent.mkdir(parents=True)
    changes_path().write_bytes(b"this is not SQLite" * 100)
    code, _, err = overseer("call", "write_file", "path=notes.txt", "text=x", "--approve", "write")
    assert code == exits.STEP_FAILED
    assert "left as it is, since that cannot be kept for undo" in err
    assert "the store of changed files" in err
    assert (here / "notes.txt").read_text() == "one\ntwo\n"
    assert overseer("undo", "--yes")[0] == exits.ERROR


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no permission bits")
def test_what_is_kept_is_for_nobody_else(overseer: Call) -> None:
    run_plan(overseer)
    assert changes_path().stat().st_mode & 0o077 == 0
    assert changes_path().parent.stat().st_mode & 0o077 == 0


def test_differences_show_no_secret(here: Path) -> None:
    (here / "notes.txt").write_text(f"key {KEY}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NOTES_API_KEY": KEY}
    for arguments in (
        ["call", "write_file", "path=notes.txt", "text=gone", "--approve", "write"],
        ["undo", "--preview"],
        ["undo", "--preview", "--json"],
        ["undo", "--yes"],
    ):
        done = carried_out(*arguments, environment=environment)
        assert done.returncode == 0, done.stderr
        assert KEY.encode() not in done.stdout + done.stderr
    assert "[secret NOTES_API_KEY]" in (done.stdout + done.stderr).decode()
    assert (here / "notes.txt").read_text() == f"key {KEY}\n", "the file itself has it again"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", exits.OK, "one\ntwo\n"), ("\n", exits.APPROVAL, "one\nTWO\n")]
)
def test_somebody_at_the_terminal_is_asked(overseer: Call, here: Path, answer: str, code: int, left: str) -> None:
    run_plan(overseer)
    shown, ended = at_terminal(["undo"], answer)
    assert "-TWO" in shown
    assert "Undo this? [y/N]" in shown
    assert ended == code
    assert (here / "notes.txt").read_text() == left


def at_terminal(arguments: list[str], answer: str) -> tuple[str, int]:
    """What a command shows to somebody who answers its question, and its exit code."""
    terminal, other = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "chat_cli.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    shown, is_answered, give_up_at = b"", False, time.monotonic() + 60
    while time.monotonic() < give_up_at:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side has gone
            break
        if not piece:
            break
        shown += piece
        if b"[y/N]" in shown and not is_answered:
            os.write(terminal, answer.encode())
            is_answered = True
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n"), child.wait(60)


def test_where_there_is_nothing_to_be_done_that_is_said_and_no_file_is_counted(overseer: Call) -> None:
    run_id = run_plan(overseer)
    idle = {
        "redo": f"there is nothing to redo of run {run_id}: nothing of it was undone\n",
        "undo": f"there is nothing to undo of run {run_id}: all its 2 files are as they were before it\n",
    }
    assert overseer("redo", run_id) == (exits.OK, idle["redo"], "")
    assert overseer("undo", "--yes")[0] == exits.OK
    for more in ((), ("--yes",), ("--preview",)):
        assert overseer("undo", run_id, *more) == (exits.OK, idle["undo"], "")
    Path("notes.txt").write_text("mine\n")
    Path("sub").mkdir()
    Path("sub/new.txt").write_text("mine too")
    code, out, _ = overseer("redo", "--yes")
    assert (code, out.splitlines()[0]) == (exits.STEP_FAILED, f"nothing was redone of run {run_id}:")
