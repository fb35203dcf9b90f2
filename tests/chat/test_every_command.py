"""Every command of the chat, whatever is typed after it: it does what it says, or says what it takes."""

from __future__ import annotations

import re

import pytest

from overseer.chat.commands import all_commands
from tests.chat.typed import Typed, typed

__all__ = ["typed"]

ALONE = [name for name, command in all_commands().items() if not command.takes]


def test_words_that_nobody_would_read_are_refused(typed: Typed) -> None:
    for name in ALONE:
        refused = f"error: /{name} takes nothing, but 'now please' follows it; write /{name} alone\n"
        assert typed.say(f"/{name} now please") == refused
        assert "takes nothing" not in typed.say(f"/{name}   ")


@pytest.mark.parametrize("rest", ["", "wrong", "wrong one two three", "日本 🎉", "x" * 5000, "'half", "-x", "a\0b"])
def test_whatever_follows_a_command_is_done_or_refused_in_few_words(typed: Typed, rest: str) -> None:
    for name in all_commands():
        if name in ("quit", "edit") or (name == "demo" and not rest):
            continue
        said = typed.say(f"/{name} {rest}")
        assert len(said) < 12_000
        assert "x" * 500 not in said
        errors = [line for line in said.splitlines() if "error" in line]
        assert [line for line in errors if not line.startswith("error: ")] == []


def test_each_tells_what_it_takes(typed: Typed) -> None:
    for name, command in all_commands().items():
        told = typed.say(f"/help {name}")
        assert told.startswith(f"{command.usage}  ")
        assert typed.say(f"/help /{name}") == told
        itself = typed.say(f"/{name} --help")
        assert itself == told or itself.startswith(f"usage: /{name} ")


def test_a_slip_in_a_name_is_taken_for_the_nearest_one_alone(typed: Typed) -> None:
    assert "did you mean '/help'?" in typed.say("/hlep")
    assert "there are: /help, /plan," in typed.say("/wrong")
    assert "/help takes the name of one COMMAND" in typed.say("/help run edit")


SLIPS = [
    ("/runs dismis", "dismiss"), ("/nodes delet x", "delete"), ("/nodes lst", "list"), ("/config trst", "trust"),
    ("/jobs cancl 1", "cancel"), ("/jobs lst", "list"), ("/sessions lst", "list"), ("/budget of", "off"),
    ("/budget request=3", "requests"), ("/doctor modl", "model"), ("/demo jok", "joke"),
    ("/tools calculat", "calculate"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "meant"), SLIPS)
def test_a_slip_in_what_follows_a_name_is_told_of_with_what_may_have_been_meant(
    typed: Typed, line: str, meant: str
) -> None:
    assert f"did you mean '{meant}'?" in typed.say(line)


def test_whatever_a_greeting_offers_works_where_it_is_said(typed: Typed) -> None:
    (typed.folder / "notes.md").write_text("so it is")
    (typed.folder / "prices.csv").write_text("name,price\na,1\n")
    said = " ".join(typed.say("hello").split())
    assert "/demo shows" in said
    for request in said.partition("such as: ")[2].split("; "):
        assert re.search(r"run \w+ succeeded: ", typed.say(request)), request


def test_what_is_about_a_run_is_about_the_last_one_whatever_else_is_said(typed: Typed) -> None:
    for line in ("/show", "/graph --ascii", "/timeline --all"):
        assert "no run has ended in this chat yet; /runs lists earlier ones" in typed.say(line)
    typed.say("calculate 6*7")
    run = typed.chat.last_run
    assert f"run {run}" in typed.say("/timeline --all")
    assert run in typed.say("/show --json")
    assert "6*7" in typed.say("/graph --ascii")
    typed.say("/timeline --html page.html")
    assert "42" in (typed.folder / "page.html").read_text()
    assert "unrecognized arguments: more; /show --help tells" in typed.say(f"/show {run} more")


def test_it_is_said_that_there_are_more_sessions_than_are_listed(typed: Typed) -> None:
    for _ in range(20):
        typed.say("hello")
        typed.say("/clear")
    assert "there are more" not in typed.say("/sessions")
    typed.say("hello")
    assert "there are more than the 20 newest; " in typed.say("/sessions")


def test_hints_are_those_of_the_chat(typed: Typed) -> None:
    for line in ("/tools", "/nodes show", "/nodes delete", "/show nothing", "/doctor", "/model", "/undo", "/history x"):
        assert "overseer " not in typed.say(line).replace("overseer chat --continue", "")
