"""Journals that are only read: wherever they are, nothing is written there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from overseer.errors import JournalError, RunNotFound
from overseer.journal.journal import Journal
from overseer.kernel.events import RunFinished, RunStarted, StepSucceeded
from tests.processes import NOBODY, ROOT
from tests.program import LoadedChild

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")

# Carries out a command as a user whom permissions bind, but who has the program loaded.
ASK = """
import fcntl, os, sys
from overseer.commands import arguments
from overseer.settings import config
from overseer.commands import runs
options = arguments.parsed(sys.argv[1:])
settings = config.load_settings()
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
print(getattr(runs, options.command)(options, settings), flush=True)
"""

WRITER = """
import fcntl, os, sys
from pathlib import Path
from overseer.journal.journal import Journal
from overseer.kernel.events import RunStarted, StepSucceeded
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
journal = Journal.open(Path(sys.argv[1]))
plan = '{"steps":[{"step_id":"a","tool":"t"}]}'
log = journal.begin("r2", name="second", plan=plan, steps=1, inputs={}, options={}, at=2.0)
log.append([RunStarted(2.0, "r2", {}), StepSucceeded(2.5, "a", 42)])
print("written", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that an ordinary user can reach, and owns, with a journal in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    with Journal.open(folder / "journal.db") as journal:
        plan = '{"name":"first","steps":[{"step_id":"a","tool":"t"}]}'
        with journal.begin("r1", name="first", plan=plan, steps=1, inputs={}, options={}, at=1.0) as log:
            log.append([RunStarted(1.0, "r1", {}), StepSucceeded(1.5, "a", 7), RunFinished(1.6, "succeeded", 7)])
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    monkeypatch.setenv("OVERSEER_HOME", str(folder))
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def close_to_writers(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def asked(*arguments: str) -> str:
    with LoadedChild(ASK, *arguments) as child:
        *said, code = child.hear_all()
    assert code == "0", said
    return "\n".join(said)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_shows_first_run() -> None:
    assert [run["run_id"] for run in json.loads(asked("runs", "--json"))["runs"]] == ["r1"]
    assert json.loads(asked("show", "r1", "--json"))["output"] == 7


def test_a_journal_in_a_folder_that_may_not_be_written_can_be_read(folder: Path) -> None:
    close_to_writers(folder)
    before = files_of(folder)
    assert_shows_first_run()
    assert files_of(folder) == before


def test_a_journal_that_may_not_be_written_can_be_read_from_a_folder_that_may(folder: Path) -> None:
    (folder / "journal.db").chmod(0o444)
    assert_shows_first_run()


def test_what_a_killed_process_left_unfinished_can_be_read(folder: Path) -> None:
    with LoadedChild(WRITER, folder / "journal.db") as writer:
        assert writer.hear() == "written"
        writer.kill()
    close_to_writers(folder)
    before = files_of(folder)
    assert [(run["run_id"], run["status"]) for run in json.loads(asked("runs", "--json"))["runs"]] == [
        ("r2", "interrupted"),
        ("r1", "succeeded"),
    ]
    assert json.loads(asked("show", "r2", "--json"))["steps"][0]["value"] == 42
    assert files_of(folder) == before


def test_what_is_being_written_can_be_read(folder: Path) -> None:
    with LoadedChild(WRITER, folder / "journal.db") as writer:
        assert writer.hear() == "written"
        close_to_writers(folder)
        runs = json.loads(asked("runs", "--json"))["runs"]
        assert [(run["run_id"], run["status"], run["is_owned"]) for run in runs] == [
            ("r2", "running", True),
            ("r1", "succeeded", False),
        ]
        folder.chmod(0o755)


def test_a_log_that_cannot_be_taken_into_account_is_named(folder: Path) -> None:
    with LoadedChild(WRITER, folder / "journal.db") as writer:
        assert writer.hear() == "written"
        writer.kill()
    (folder / "journal.db-shm").unlink()
    close_to_writers(folder)
    with LoadedChild(
        "import os, sys\nfrom overseer.journal.journal import Journal\nfrom overseer.errors import JournalError\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Journal.open(read_only=True)\nexcept JournalError as error: print(error, flush=True)\n"
    ) as child:
        [said] = child.hear_all()
    assert said.startswith(f"cannot read the journal {folder}/journal.db: what was written last is still in")
    assert "journal.db-wal" in said
    assert said.endswith("and set OVERSEER_HOME to that folder")


def test_where_no_journal_is_none_is_made(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "home" / "journal.db", read_only=True) as journal:
        assert journal.runs() == []
        with pytest.raises(RunNotFound, match="holds no run yet"):
            journal.run("r1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(JournalError, match=r"cannot read the journal .* a file is where its folder should be"):
        Journal.open(tmp_path / "home" / "journal.db", read_only=True)


def test_a_file_that_was_never_finished_holds_no_runs(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    with Journal.open(tmp_path / "journal.db", read_only=True) as journal:
        assert journal.runs() == []
    assert files_of(tmp_path) == {"journal.db": b""}


def test_what_is_only_read_cannot_be_written(folder: Path) -> None:
    with (
        Journal.open(folder / "journal.db", read_only=True) as journal,
        pytest.raises(JournalError, match="it may not be written to"),
    ):
        journal.begin("r3", name="", plan='{"steps":[]}', steps=0, inputs={}, options={}, at=3.0)


@pytest.fixture
def frozen_disk(folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A file system with a journal on it, mounted so that not even root may write."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root may mount a disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount a disk")
    shutil.copy(folder / "journal.db", disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_journal_on_a_disk_that_cannot_be_written_can_be_read(
    frozen_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(frozen_disk))
    for arguments in (["runs"], ["show", "r1"]):
        ended = subprocess.run(
            [sys.executable, str(ROOT / "chat_cli.py"), *arguments], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "r1" in ended.stdout


def test_a_journal_of_an_older_schema_is_brought_up_to_date_where_that_is_possible(tmp_path: Path) -> None:
    from overseer.journal.database import Database
    from tests.journal.test_database import FIRST, SECOND, notes_in

    path = tmp_path / "journal.db"
    Database(path, FIRST).close()
    Database(path, SECOND, read_only=True).close()
    assert notes_in(path) == []
    with pytest.raises(JournalError, match="a newer Overseer wrote it"):
        Database(path, FIRST, read_only=True)
