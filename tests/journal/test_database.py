"""The file itself: made safely, refused when it is not ours, explained when it fails."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier

import pytest

from overseer.errors import JournalError
from overseer.journal.database import APPLICATION_ID, Database
from tests.processes import NOBODY
from tests.program import LoadedChild

OPEN = """
import sys, os
from pathlib import Path
from overseer.journal.database import Database
from overseer.errors import JournalError
from overseer.journal.schema import MIGRATIONS
if os.name == "posix" and os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
print("ready", flush=True)
sys.stdin.readline()
try:
    database = Database(Path(sys.argv[1]), MIGRATIONS)
    with database.reading() as connection:
        print(connection.execute("SELECT count(*) FROM runs").fetchone()[0], flush=True)
    if "stay" in sys.argv:
        sys.stdin.readline()
    database.close()
except JournalError as error:
    print(error, flush=True)
"""


def make_notes(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE notes(text TEXT)")


def add_colours(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE notes ADD COLUMN colour TEXT")
    connection.execute("UPDATE notes SET colour = 'grey'")


def stumble(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE notes")
    raise RuntimeError("stumbled")


FIRST = ((1, make_notes),)
SECOND = (*FIRST, (2, add_colours))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that an ordinary user can reach, and owns."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def fill(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def notes_in(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM notes").fetchall()


def refusal(path: Path, migrations=FIRST) -> str:
    with pytest.raises(JournalError) as caught:
        Database(path, migrations, busy_timeout_s=0.05).close()
    assert str(path) in str(caught.value)
    return str(caught.value)


# --- making and changing


def test_a_new_file_is_marked_as_ours_and_writes_ahead(path):
    Database(path, SECOND).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_everything_made_is_for_this_user_alone(tmp_path):
    path = tmp_path / "new" / "journal.db"
    database = Database(path, FIRST)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == dict.fromkeys(
        ("journal.db", "journal.db-wal", "journal.db-shm"), 0o600
    )
    database.close()


def test_an_older_file_is_brought_to_the_newest_schema_with_its_content(path):
    Database(path, FIRST).close()
    fill(path, "INSERT INTO notes VALUES ('kept')")
    Database(path, SECOND).close()
    assert notes_in(path) == [("kept", "grey")]
    Database(path, SECOND).close()
    assert notes_in(path) == [("kept", "grey")]


def test_a_change_that_fails_changes_nothing(path):
    Database(path, FIRST).close()
    fill(path, "INSERT INTO notes VALUES ('kept')")
    with pytest.raises(RuntimeError, match="stumbled"):
        Database(path, (*SECOND, (3, stumble)))
    assert notes_in(path) == [("kept",)]
    Database(path, SECOND).close()
    assert notes_in(path) == [("kept", "grey")]


def test_a_new_file_that_was_never_finished_is_finished(path):
    path.touch()
    Database(path, FIRST).close()
    assert notes_in(path) == []


def test_many_processes_may_make_the_file_at_once(public_folder):
    with ExitStack() as stack:
        children = [stack.enter_context(LoadedChild(OPEN, public_folder / "new" / "journal.db")) for _ in range(6)]
        assert [child.hear() for child in children] == ["ready"] * 6
        for child in children:
            child.tell()
        assert [child.hear() for child in children] == ["0"] * 6


def test_many_may_bring_it_to_the_newest_schema_at_once_and_one_does(path):
    Database(path, FIRST).close()
    together, changed = Barrier(6), []

    def change(connection: sqlite3.Connection) -> None:
        changed.append(1)
        add_colours(connection)

    def run() -> None:
        together.wait()
        Database(path, (*FIRST, (2, change))).close()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(run) for _ in range(6)]:
            done.result()
    assert changed == [1]


# --- refusing


def test_a_file_of_a_newer_version_is_left_alone(path):
    Database(path, SECOND).close()
    before = path.read_bytes()
    assert "a newer Overseer wrote it (schema 2, this one knows 1); upgrade Overseer, or set OVERSEER_HOME" in refusal(
        path
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statements",
    [["CREATE TABLE songs(title)"], ["PRAGMA application_id = 7"], ["PRAGMA user_version = 1"]],
    ids=["tables", "application id", "version"],
)
def test_a_database_of_another_program_is_left_alone(path, statements):
    fill(path, *statements)
    before = path.read_bytes()
    assert "it belongs to another program; move it away" in refusal(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_bytes(b"Dear diary, " * 1000)
    message = refusal(path)
    assert "it is not an SQLite file" in message
    assert "move it away" in message
    assert "set OVERSEER_HOME" in message
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_truncated_file_is_called_damaged(path):
    Database(path, FIRST).close()
    fill(path, *["INSERT INTO notes VALUES (zeroblob(9000))"] * 5)
    path.write_bytes(path.read_bytes()[:6000])
    before = path.read_bytes()
    assert "the file is damaged" in refusal(path)
    assert path.read_bytes() == before


def test_a_folder_in_its_place_is_named(path):
    path.mkdir()
    assert "it is a folder; move it away, or set OVERSEER_HOME" in refusal(path)


def test_a_file_in_the_place_of_its_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    assert "a file is where its folder should be" in refusal(tmp_path / "file" / "journal.db")
    assert "a file is where its folder should be" in refusal(tmp_path / "file" / "deep" / "journal.db")


def test_a_file_that_another_program_locks_is_waited_for_and_then_named(path):
    Database(path, FIRST).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "another program keeps it locked" in refusal(path)
    Database(path, FIRST).close()


# --- permissions, as a user whom they bind


def answer(path: Path) -> str:
    with LoadedChild(OPEN, path) as child:
        assert child.hear() == "ready"
        child.tell()
        [line] = child.hear_all()
        return line


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
class TestPermissions:
    def test_a_folder_that_may_not_be_made(self, public_folder):
        public_folder.chmod(0o555)
        said = answer(public_folder / "new" / "journal.db")
        assert said.startswith(
            f"cannot open the journal {public_folder / 'new' / 'journal.db'}: it may not be written to"
        )
        assert said.endswith("or set OVERSEER_HOME to another folder")

    def test_a_file_that_may_not_be_made(self, public_folder):
        public_folder.chmod(0o555)
        assert "it may not be written to; change its permissions" in answer(public_folder / "journal.db")

    def test_a_file_in_a_folder_that_may_not_be_written(self, public_folder):
        assert answer(public_folder / "journal.db") == "0"
        public_folder.chmod(0o555)
        said = answer(public_folder / "journal.db")
        assert "it may not be written to" in said
        assert "or those of its folder, or set OVERSEER_HOME" in said

    def test_a_file_that_may_not_be_written(self, public_folder):
        assert answer(public_folder / "journal.db") == "0"
        (public_folder / "journal.db").chmod(0o400)
        assert "it may not be written to" in answer(public_folder / "journal.db")

    def test_a_file_that_may_not_be_written_beside_what_a_killed_process_left(self, public_folder):
        with LoadedChild(OPEN, public_folder / "journal.db", "stay") as child:
            assert child.hear() == "ready"
            child.tell()
            assert child.hear() == "0"
            child.kill()
        assert (public_folder / "journal.db-wal").exists()
        (public_folder / "journal.db").chmod(0o400)
        assert "it may not be written to" in answer(public_folder / "journal.db")

    def test_a_file_that_may_not_be_read(self, public_folder):
        assert answer(public_folder / "journal.db") == "0"
        (public_folder / "journal.db").chmod(0)
        assert "it cannot be opened for writing" in answer(public_folder / "journal.db")


# --- while it is open


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be moved elsewhere")
def test_a_file_that_vanishes_or_is_replaced_is_noticed_and_may_come_back(path):
    database = Database(path, FIRST)
    path.rename(path.with_name("moved"))
    with pytest.raises(JournalError, match="was removed or replaced while in use; put the file back"):
        database.connect()
    assert not path.exists()
    path.touch()
    with pytest.raises(JournalError, match="was removed or replaced"), database.reading():
        pass
    path.with_name("moved").rename(path)
    with database.reading() as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == []
    database.close()


def test_a_mistake_of_ours_is_not_blamed_on_the_file(path):
    def blunder() -> None:
        with database.reading() as connection:
            connection.close()
            connection.execute("SELECT 1")

    with closing(Database(path, FIRST)) as database, pytest.raises(sqlite3.ProgrammingError):
        blunder()


def test_a_path_with_any_characters_will_do(tmp_path):
    path = tmp_path / "what? 100% #1 é" / "journal.db"
    Database(path, FIRST).close()
    assert notes_in(path) == []
