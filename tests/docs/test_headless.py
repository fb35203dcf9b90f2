"""The page about requests without a chat: what it says needs no model needs none, and no option is forgotten."""

from __future__ import annotations

import re

import pytest

from overseer.commands.arguments import parser
from overseer.frontends.draft import Planned
from overseer.frontends.earlier import Earlier
from overseer.frontends.rules import plan_by_rules
from overseer.registry import ToolFolder, load_tools, our_tools
from tests.pages import command_lines, page, section

PAGE = page("headless.md")
OF_A_CHAT = {"--demo", "--help"}


@pytest.mark.parametrize("begins", ["only the lines", "fetch"])
def test_what_is_said_to_need_no_model_needs_none(begins: str) -> None:
    (request,) = (task for option, task, *_ in command_lines(PAGE) if option == "-p" and task.startswith(begins))
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    given = {"stdin": Earlier("ok\nan error\n", "what was given on standard input", came_along=True)}
    assert isinstance(plan_by_rules(request, tools, earlier=given), Planned)


def test_every_option_of_a_request_is_told() -> None:
    table = PAGE.split("| option |")[1].split("\n\n")[0]
    known = {name for name in parser().commands["chat"]._option_string_actions if name.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", table)) == known - OF_A_CHAT - {"--prompt"}


def test_the_exit_codes_are_linked_to() -> None:
    assert section(PAGE, "Exit codes")
