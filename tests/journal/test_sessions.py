"""Sessions in the journal file: appended turn by turn, found again, and safe however the process ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from overseer.errors import JournalError, RunNotFound
from overseer.journal.journal import Journal
from overseer.journal.sessions import Turn


def test_turns_come_back_in_order_and_whole(tmp_path: Path) -> None:
    turns = [
        Turn("request", "Grüße an 世界 \U0001f600", 1.0),
        Turn("run", "did it", 2.0, "run1", {"results": {"joke": "joke"}}),
        Turn("answer", "x" * 100_000, 3.0, body={"partial": True}),
    ]
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.sessions.begin("s1", folder="/srv/a", at=0.5)
        for turn in turns:
            journal.sessions.add("s1", turn)
    with Journal.open(tmp_path / "journal.db") as journal:
        assert journal.sessions.turns("s1") == turns


def test_what_the_requests_of_a_session_took_is_summed_up_and_no_turn(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        sessions = journal.sessions
        sessions.begin("s1", folder="/srv/a", at=0.5)
        sessions.add("s1", Turn("request", "hello", 1.0))
        for at in (2.0, 3.0):
            sessions.took("s1", {"requests": 1, "tokens": 100, "cost": 0.1}, at)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO turns(session, at, kind, text, body) VALUES (1, 4.0, 'cost', '', '{x')")
        (listed,) = sessions.newest()
        assert listed.spent == {"requests": 2, "tokens": 200, "cost": 0.2}
        assert listed.turns == len(sessions.turns("s1")) == 1


@pytest.mark.parametrize("body", ["{x", "[]", ""])
def test_a_damaged_session_is_named_and_others_still_read(body: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        for session_id in ("s1", "s2"):
            journal.sessions.begin(session_id, folder="/srv/a", at=0.5)
            journal.sessions.add(session_id, Turn("request", f"about {session_id}", 1.0))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE turns SET body = ? WHERE text = 'about s2'", (body,))
        with pytest.raises(JournalError, match=r"session s2 in .*journal\.db is damaged"):
            journal.sessions.turns("s2")
        assert [turn.text for turn in journal.sessions.turns("s1")] == ["about s1"]
        assert len(journal.sessions.newest()) == 2


def test_the_newest_session_is_the_one_used_last_and_empty_ones_are_not_listed(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        sessions = journal.sessions
        for number, name in enumerate(("aa", "ab", "cc", "dd")):
            sessions.begin(name, folder="/srv/b" if name == "cc" else "/srv/a", at=number)
        sessions.add("ab", Turn("note", "began", 5))
        sessions.add("ab", Turn("request", "second\n  " + "word " * 50, 6))
        sessions.add("aa", Turn("request", "first", 9))
        sessions.add("cc", Turn("request", "third", 8))
        listed = sessions.newest()
        assert [session.session_id for session in listed] == ["aa", "cc", "ab"]
        assert [session.session_id for session in sessions.newest(folder="/srv/a")] == ["aa", "ab"]
        assert (listed[2].turns, listed[2].used, listed[2].created) == (2, 6, 1)
        assert listed[2].title.startswith("second word")
        assert len(listed[2].title) == 60


def test_a_session_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        sessions = journal.sessions
        with pytest.raises(RunNotFound, match="there is none yet"):
            sessions.meant("a")
        for name in ("abc1", "abd1"):
            sessions.begin(name, folder="/", at=1)
            sessions.add(name, Turn("request", f"about {name}", 1))
        assert sessions.meant("ABC") == "abc1"
        with pytest.raises(RunNotFound, match=r"several sessions.*abd1, abc1"):
            sessions.meant("ab")
        with pytest.raises(RunNotFound, match="about abd1"):
            sessions.meant("zz")


def test_text_that_utf8_cannot_hold_is_kept_as_far_as_it_can_be(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.sessions.begin("s", folder="/srv/\udcff", at=1)
        journal.sessions.add("s", Turn("request", "a\udcffb", 1))
        assert journal.sessions.turns("s")[0].text == "a?b"


def test_what_was_said_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from overseer.journal.journal import Journal\n"
        "from overseer.journal.sessions import Turn\n"
        "from pathlib import Path\n"
        "journal = Journal.open(Path(sys.argv[1]))\n"
        "journal.sessions.begin('s', folder='/', at=0)\n"
        "for number in range(5):\n"
        "    journal.sessions.add('s', Turn('request', str(number), number))\n"
        "    print(number, flush=True)\n"
        "sys.stdin.read()\n"
    )
    path = tmp_path / "journal.db"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "4":
            pass
        os.kill(child.pid, signal.SIGKILL)
    with Journal.open(path) as journal:
        assert [turn.text for turn in journal.sessions.turns("s")] == ["0", "1", "2", "3", "4"]


def test_a_journal_of_the_first_schema_gets_its_tables(tmp_path: Path) -> None:
    from overseer.journal.database import Database
    from overseer.journal.schema import MIGRATIONS

    Database(tmp_path / "journal.db", MIGRATIONS[:1]).close()
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.sessions.begin("s", folder="/", at=1)
        assert journal.sessions.turns("s") == []


def test_a_journal_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.sessions.begin("s", folder="/", at=1)
        path.rename(tmp_path / "moved.db")
        with pytest.raises(JournalError, match="removed or replaced"):
            journal.sessions.add("s", Turn("request", "hello", 1))
