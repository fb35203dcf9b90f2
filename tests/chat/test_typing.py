"""The line that is typed: completion, several lines, paste, history, an editor, leaving, a narrower terminal."""

from __future__ import annotations

import re
import signal
import socket
import termios
from contextlib import closing
from pathlib import Path

import pytest

from tests.chat.conftest import ALT_ENTER, CTRL, AtChat, Chats

SPEAKS = '''
import os, subprocess, time
from pathlib import Path
from overseer.tool import tool

@tool(effect="pure")
def speaks() -> str:
    """Let a child print, once it may."""
    while not Path("go").exists():
        time.sleep(0.01)
    subprocess.run(["echo", "from a child"])
    os.write(2, b"by number\\n")
    return "said"
'''


def requests(chats: Chats) -> list[str]:
    from overseer.journal.journal import Journal

    with Journal.open(chats.home / "journal.db", read_only=True) as journal:
        turns = [turn for each in journal.sessions.newest() for turn in journal.sessions.turns(each.session_id)]
    return [turn.text for turn in turns if turn.kind == "request"]


def test_help_names_every_command_and_a_slip_is_told_what_it_may_be(chats: Chats) -> None:
    from overseer.chat.commands import all_commands

    chat = chats.begin(rows=60)
    chat.say("/help", "Ctrl-X Ctrl-E")
    shown = "\n".join(chat.all_lines())
    assert [name for name in all_commands() if f"  /{name}" not in shown] == []
    chat.say("/hlep", "did you mean '/help'?")


def test_tab_completes_commands_what_they_take_and_files(chats: Chats) -> None:
    (chats.folder / "my notes.txt").touch()
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.type("/hel\t")
    chat.wait_until(lambda: chat.line_of_cursor() == "> /help")
    chat.press(CTRL["c"])
    chat.type("/tools calcu\t")
    chat.wait_until(lambda: chat.line_of_cursor() == "> /tools calculate")
    chat.press(CTRL["c"])
    chat.type("/run wai\t")
    chat.wait_until(lambda: chat.line_of_cursor() == "> /run waiting.yaml")
    chat.press(CTRL["c"])
    chat.type("look at @my\t")
    chat.wait_until(lambda: chat.line_of_cursor() == '> look at @"my notes.txt"')
    chat.press(CTRL["c"])
    chat.type("/h\t")
    chat.wait_until(lambda: "/help" in chat.text() and "/history" in chat.text())


@pytest.mark.parametrize("keys", [ALT_ENTER, CTRL["j"]], ids=["alt-enter", "ctrl-j"])
def test_a_request_may_have_several_lines(chats: Chats, keys: bytes) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.type("first")
    chat.press(keys)
    chat.type("second")
    chat.wait_until(lambda: chat.line_of_cursor() == "  second")
    assert not (chats.home / "history").exists() or "first" not in (chats.home / "history").read_text()
    chat.enter()
    chat.wait_for_text("no plan could be made")
    assert requests(chats) == ["first\nsecond"]


def test_what_is_pasted_is_not_sent_before_enter(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.press(b"\x1b[200~one\rtwo\rthree\x1b[201~")
    chat.wait_until(lambda: chat.line_of_cursor() == "  three")
    chat.enter()
    chat.wait_for_text("no plan could be made")
    assert requests(chats) == ["one\ntwo\nthree"]


def test_what_is_told_above_the_prompt_is_broken_between_words(chats: Chats) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:  # which says nothing until the prompt is there
        there = f"127.0.0.1:{server.getsockname()[1]}"
        chat = chats.begin(environ={"OLLAMA_HOST": there}, columns=60)
        asked, _ = server.accept()
        chat.wait_for_prompt()
        asked.close()
    chat.wait_for_text("at work")
    told = [line for line in chat.lines() if line and not line.startswith(">")]
    words = " ".join(line.strip() for line in told)
    assert "no language model was found, so plans are made by rules; /doctor model tells" in words


def test_a_line_typed_during_a_run_is_sent_after_it(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run waiting.yaml")
    chat.wait_until((chats.folder / "begun-w").exists)
    chat.enter("/history 0")
    (chats.folder / "go-w").touch()
    chat.wait_for_text("takes how many turns")
    chat.say("/hlep", "did you mean '/help'?")


def test_lines_typed_during_a_run_are_sent_in_their_order_and_pasted_ones_wait(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run waiting.yaml")
    chat.wait_until((chats.folder / "begun-w").exists)
    chat.type("one\r\rtwo\r")
    chat.press(b"\x1b[200~three\rfour\x1b[201~")
    (chats.folder / "go-w").touch()
    chat.wait_until(lambda: chat.line_of_cursor() == "  four")
    assert requests(chats)[-2:] == ["one", "two"]
    chat.enter()
    chat.wait_until(lambda: requests(chats)[-1] == "three\nfour")


def test_lines_typed_during_a_run_that_is_broken_off_are_not_sent(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run waiting.yaml\rone\rtwo")  # read with the first of them already
    chat.wait_until((chats.folder / "begun-w").exists)
    chat.press(CTRL["c"])
    chat.wait_for_text("stopping: ")
    (chats.folder / "go-w").touch()
    chat.wait_for_text("what was typed meanwhile was left out")
    chat.say("/history 0", "takes how many turns")
    assert not {"one", "two"}.intersection(requests(chats))


def test_what_was_typed_is_found_again_but_for_what_is_nobodys_business(chats: Chats) -> None:
    key = "sk-proj-" + "a1B2c3D4" * 5
    chat = chats.begin(environ={"MY_API_KEY": "correct-horse-battery"})
    chat.say("/history 1", "nothing was said")
    chat.say(" /history 2", "nothing was said")
    chat.say(f"/history {key}", "takes how many turns")
    chat.say("/history correct-horse-battery", "takes how many turns")
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    kept = (chats.home / "history").read_text()
    assert "/history 1" in kept
    assert not any(text in kept for text in ("/history 2", key, "correct-horse"))

    again = chats.begin()
    again.wait_for_prompt()
    again.press(b"\x1b[A")
    again.wait_until(lambda: again.line_of_cursor() == "> /history 1")
    again.press(CTRL["c"])
    again.press(CTRL["r"])
    again.type("story")
    again.wait_until(lambda: any("/history 1" in line for line in again.lines()))


def test_long_requests_are_written_in_an_editor(chats: Chats) -> None:
    editor = chats.folder / "editor"
    editor.write_text("#!/bin/sh\nprintf 'written there' >> \"$1\"\n")
    editor.chmod(0o700)
    chat = chats.begin(environ={"EDITOR": str(editor)})
    chat.wait_for_prompt()
    chat.type("begun, ")
    chat.press(CTRL["x"] + CTRL["e"])
    chat.wait_until(lambda: chat.line_of_cursor() == "> begun, written there")


def test_ctrl_c_clears_then_hints_and_twice_it_leaves(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.type("something")
    chat.wait_until(lambda: chat.line_of_cursor() == "> something")
    chat.press(CTRL["c"])
    chat.wait_for_prompt()
    assert "press Ctrl-C again" not in chat.text()
    chat.press(CTRL["c"])
    chat.wait_for_text("press Ctrl-C again or Ctrl-D to leave")
    chat.press(CTRL["c"])
    assert chat.ended() == 130
    assert_sane(chat)


def test_ctrl_d_leaves_and_the_terminal_is_as_it_was(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    assert_sane(chat)
    assert "Traceback" not in chat.text()


def assert_sane(chat: AtChat) -> None:
    assert termios.tcgetattr(chat.inner) == chat.before
    assert not chat.cursor_is_hidden
    assert b"\x1b[?1049h" not in chat.raw  # it stays in the main screen
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;", chat.raw)  # of the colours, the sixteen alone


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"])
def test_who_is_told_to_end_does_and_leaves_the_terminal_as_it_was(
    chats: Chats, number: signal.Signals, code: int
) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.type("half of a li")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of a li")
    chat.hear(number)
    assert chat.ended() == code
    assert_sane(chat)


def test_a_line_is_drawn_once_whatever_the_terminal_becomes(chats: Chats) -> None:
    """The emulator cuts lines, as some terminals do; those that break them anew are looked at in test_resizing."""
    chat = chats.begin(environ={"TERM": "linux"})
    chat.wait_for_prompt()
    chat.type("short and to the point")
    for columns in (60, 40, 100):
        written = len(chat.raw)
        chat.resize(columns, 40)
        chat.wait_until(lambda written=written: b"the point" in chat.raw[written:])
        chat.wait_until(lambda: chat.line_of_cursor().endswith("the point"))
        assert sum("short and" in line for line in chat.lines()) == 1


def test_the_folder_of_the_workspace_is_where_files_are_looked_for(chats: Chats) -> None:
    place = chats.folder / "elsewhere"
    place.mkdir()
    (place / "plums.txt").touch()
    chat = chats.begin("--set", f"workspace.folder={place}")
    chat.wait_for_prompt()
    chat.type("@pl\t")
    chat.wait_until(lambda: chat.line_of_cursor() == "> @plums.txt")
    assert Path(place / "plums.txt").exists()


def test_ctrl_z_stops_it_at_the_prompt_and_fg_shows_what_was_typed(chats: Chats) -> None:
    chat = chats.begin(shell='set -m; "$@"; echo at the shell; read line; fg')
    chat.wait_for_prompt()
    chat.type("half of")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of")
    chat.press(b"\x1a")
    chat.wait_for_text("at the shell")
    shows = termios.ECHO | termios.ICANON
    assert termios.tcgetattr(chat.inner)[3] & shows == shows
    chat.press(b"\n")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of")


def test_what_a_child_prints_in_the_background_stands_above_what_is_typed(chats: Chats) -> None:
    (chats.folder / "own" / "speaks.py").write_text(SPEAKS)
    (chats.folder / "speaks.yaml").write_text("steps: [{step_id: s, tool: speaks}]")
    chat = chats.begin()
    chat.say("/run speaks.yaml &", "goes on in the background")
    chat.type("half of")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of")
    (chats.folder / "go").touch()
    chat.wait_for_text("job 1 succeeded")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of")
    shown = [line for line in chat.lines() if line]
    assert shown[-4:-2] == ["from a child", "by number"]
    assert shown[-2].startswith("job 1 succeeded")
