"""A chat's terminal is for the chat alone: what jobs start gets no keys from it and writes nothing to it by itself."""

from __future__ import annotations

import re
import termios
from pathlib import Path

import pytest

from tests.chat.conftest import CTRL, AtChat, Chats

# A job that does each of these once it may, and tells by a file that it has.
STRAY = '''
import ctypes, multiprocessing, subprocess, sys, time
from pathlib import Path
from overseer.tool import tool

def forked():
    print("\\033[2Jforked")

def child():
    subprocess.run(["sh", "-c", "printf '\\\\033[2J\\\\033[31mred\\\\n'; test -t 0 || echo has no keys; cat"])
    subprocess.run(["sh", "-c", "printf '\\\\033[2Jerror\\\\n' >&2"], stdin=None)

def library():
    ctypes.CDLL(None).dprintf(1, b"\\033[2Jby a library\\n")

def fork():
    process = multiprocessing.get_context("fork").Process(target=forked)
    process.start()
    process.join()

def read():
    Path("read").write_text(repr(sys.stdin.readline()))

def crash():
    ctypes.string_at(0)

def bug():
    from overseer.chat.reader import Reader

    def request(reader, prompt):
        raise LookupError("a fault of its own")

    Reader.request = request

@tool(effect="pure")
def strays(name: str) -> str:
    """Do it, once it may."""
    Path(f"begun-{name}").touch()
    while not Path(f"go-{name}").exists():
        time.sleep(0.005)
    globals()[name]()
    Path(f"done-{name}").touch()
    return name
'''
EDITOR = """#!/bin/sh
test -t 0 && test -t 1 && test -t 2 && touch all-there
echo in the editor
while ! test -e close; do sleep 0.01; done
echo edited > "$1"
"""


@pytest.fixture
def stray(chats: Chats) -> Chats:
    (chats.folder / "own" / "stray.py").write_text(STRAY)
    (chats.folder / "stray.yaml").write_text(
        'inputs: {name: {type: string}}\nsteps: [{step_id: s, tool: strays, args: {name: "{{inputs.name}}"}}]'
    )
    (chats.folder / "editor").write_text(EDITOR)
    (chats.folder / "editor").chmod(0o700)
    return chats


def waiting(chats: Chats, *names: str, **environ: str) -> AtChat:
    """A chat with a job for each, which waits."""
    chat = chats.begin(environ={"EDITOR": str(chats.folder / "editor"), **environ})
    for name in names:
        chat.say(f"/run stray.yaml name={name} &", "goes on in the background")
        chat.wait_until((chats.folder / f"begun-{name}").exists)
    return chat


def let(folder: Path, name: str) -> None:
    (folder / f"go-{name}").touch()


def test_what_a_job_starts_between_two_prompts_writes_nothing_to_it(stray: Chats) -> None:
    chat = waiting(stray, "child", "library", "fork")
    chat.enter("/edit something")
    chat.wait_for_text("in the editor")
    for name in ("child", "library", "fork"):
        let(stray.folder, name)
        chat.wait_until((stray.folder / f"done-{name}").exists)
    assert (stray.folder / "all-there").exists()
    assert "red" not in chat.text(), "an editor has the terminal alone"
    (stray.folder / "close").touch()
    chat.wait_for_prompt()
    chat.wait_until(lambda: chat.text().count("succeeded") == 3)
    lines = chat.all_lines()
    said = ("\\x1b[2Jred", "has no keys", "\\x1b[2Jerror", "\\x1b[2Jby a library", "\\x1b[2Jforked")
    assert [lines.count(line) for line in said] == [1] * len(said)
    assert b"\x1b[2J" not in chat.raw


def test_no_keys_are_taken_from_the_prompt(stray: Chats) -> None:
    chat = waiting(stray, "child", "read")
    chat.type("half")
    let(stray.folder, "child")
    let(stray.folder, "read")
    chat.wait_until(lambda: chat.text().count("succeeded") == 2)
    chat.type(" of")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of")
    assert (stray.folder / "read").read_text() == "''"


def test_where_a_library_crashed_is_seen(stray: Chats) -> None:
    chat = waiting(stray, "crash")
    let(stray.folder, "crash")
    assert chat.ended() < 0
    assert "Segmentation fault" in chat.text()
    assert re.search(r'stray.py", line \d+ in crash', chat.text())


def test_the_traceback_of_a_fault_of_its_own_is_seen_and_the_terminal_is_as_it_was(stray: Chats) -> None:
    chat = waiting(stray, "bug")
    let(stray.folder, "bug")
    chat.wait_for_text("job 1 succeeded")
    chat.enter()  # there is no next prompt
    assert chat.ended() == 1
    assert "LookupError: a fault of its own" in chat.text()
    assert termios.tcgetattr(chat.inner) == chat.before


def test_the_terminal_that_others_do_not_see_is_as_wide_as_it_is(stray: Chats) -> None:
    chat = stray.begin(columns=100)
    chat.say("/doctor terminal", "100 columns, 40 lines (stdin, stdout, stderr)")
    chat.press(CTRL["d"])
    assert chat.ended() == 0
