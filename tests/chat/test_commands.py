"""The list of commands and what is made of it: finding one, help, the page, completion, `@`."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from overseer.catalogue import page_made_anew
from overseer.chat.commands import all_commands
from overseer.chat.completing import ChatCompleter
from overseer.chat.files import with_paths
from overseer.chat.slash import Candidate, SlashCommand, found, help_lines, is_command, is_request, registry
from overseer.errors import UsageError
from tests.pages import page

RUNS = (Candidate("one run"), Candidate("other"))
COMMANDS = registry(
    SlashCommand(name, f"about {name}", lambda chat, rest: None)
    for name in ("help", "history", "run", "runs", "resume")
)


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("/help", "help", ""),
        ("/HELP me ", "help", "me"),
        ("/run", "run", ""),  # although /runs begins with it
        ("/res 1x", "resume", "1x"),
        ("/run a\nb", "run", "a\nb"),
        ("/run\tfile", "run", "file"),
    ],
)
def test_a_command_is_found_by_its_name_or_the_only_beginning(line: str, name: str, rest: str) -> None:
    command, said = found(COMMANDS, line)
    assert (command.name, said) == (name, rest)


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("/hlep", "did you mean '/help'"),
        ("/h", "it could be /help, /history"),
        ("/", "there are: /help"),
        ("/§$%", "there are"),
    ],
)
def test_one_that_there_is_not_is_told_what_there_is(line: str, help: str) -> None:
    with pytest.raises(UsageError, match=help):
        found(COMMANDS, line)


@given(some.text())
def test_any_line_is_a_command_or_a_mistake_that_is_told(text: str) -> None:
    try:
        command, rest = found(COMMANDS, f"/{text}")
    except UsageError:
        return
    assert command.name in COMMANDS
    assert rest == rest.strip()


def test_a_request_may_begin_with_the_path_of_a_file() -> None:
    assert not is_command("/srv/data.csv has how many lines?")
    assert is_command("/help /srv/data.csv")
    assert not is_command("")


def test_what_lies_at_the_root_begins_a_request_unless_a_command_is_called_so() -> None:
    at_root = {"/srv", "/help", "/res"}
    assert is_request(COMMANDS, "/srv is how large?", at_root.__contains__)
    assert is_request(COMMANDS, "/srv, is it large?", at_root.__contains__)
    assert is_request(COMMANDS, "how large is /help?", at_root.__contains__)
    assert is_request(COMMANDS, "/srv/data.csv has how many lines?", at_root.__contains__)
    assert not is_request(COMMANDS, "/help /srv", at_root.__contains__)
    assert not is_request(COMMANDS, "/res", at_root.__contains__)  # the beginning of one
    assert not is_request(COMMANDS, "/hlep", at_root.__contains__)
    assert not is_request(COMMANDS, "/", lambda path: True)


def test_the_page_has_every_command_and_is_up_to_date() -> None:
    text = page("commands.md")
    assert page_made_anew(text) == text
    assert [name for name in all_commands() if f"`/{name}" not in text] == []


@pytest.mark.parametrize("columns", [20, 60, 100, 200])
def test_help_names_every_command_and_stays_within_the_terminal(columns: int) -> None:
    lines = help_lines(all_commands(), columns)
    assert max(map(len, lines)) <= max(40, columns)
    assert [name for name in all_commands() if not any(line.startswith(f"  /{name}") for line in lines)] == []


# --- completion


def completed(typed: str, folder: Path, **of_chat: Any) -> list[str]:
    """The lines that Tab would offer."""
    commands = registry(
        [
            SlashCommand("help", "", lambda chat, rest: None),
            SlashCommand("history", "", lambda chat, rest: None),
            SlashCommand("show", "", lambda chat, rest: None, "", lambda chat, words: () if words else RUNS),
        ]
    )
    chat: Any = SimpleNamespace(commands=commands, bench=SimpleNamespace(root=folder), **of_chat)
    found = ChatCompleter(chat).get_completions(Document(typed), CompleteEvent())
    return [typed[: len(typed) + each.start_position] + each.text for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("notes.txt", "my notes.txt", ".hidden", "sub/deep.txt", "sub/more deep.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/h", ["/help", "/history"]),
        ("/show o", ["/show 'one run'", "/show other"]),
        ("/show 'o", ["/show 'one run'", "/show other"]),
        ('/show "one r', ["/show 'one run'"]),
        ("/show 'one run' o", []),
        ("/SH", ["/show"]),
        ("/show other ", []),
        ("/nothing x", []),
        ("/show 'half", []),
        ("hello", []),
        ("look at @no", ["look at @notes.txt"]),
        ("look at @my", ['look at @"my notes.txt"']),
        ('look at @"my n', ['look at @"my notes.txt"']),
        ("@su", ["@sub/"]),
        ("@sub/", ["@sub/deep.txt", '@"sub/more deep.txt"']),
        ("@.h", ["@.hidden"]),
        ("@nothing/", []),
        ("mail@no", []),
        ("@\0", []),
    ],
)
def test_what_is_offered(folder: Path, typed: str, offered: list[str]) -> None:
    assert completed(typed, folder) == offered


@given(some.text(max_size=40))
def test_whatever_is_typed_tab_does_no_harm(text: str) -> None:
    completed(text, Path(os.devnull))
    completed(f"@{text}", Path(os.devnull))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("count the lines of @notes.txt, please", "count the lines of notes.txt, please"),
        ('read @"my notes.txt" aloud', 'read "my notes.txt" aloud'),
        ("@sub/deep.txt", "sub/deep.txt"),
        ("ask @somebody about a@notes.txt", "ask @somebody about a@notes.txt"),
        ('@"notes', '@"notes'),
        ("@" + "x" * 5000, "@" + "x" * 5000),
        ("@\0", "@\0"),
    ],
)
def test_a_file_that_is_there_is_named_by_its_path(folder: Path, typed: str, said: str) -> None:
    assert with_paths(typed, folder) == said
