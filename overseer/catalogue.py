"""The parts of the documentation that are made from what they tell of: tables of tools, keys, settings and commands.

    python -m overseer.catalogue < docs/tools.md

prints the page with these parts made anew. Each stands between `<!-- made: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterable, Mapping
from textwrap import wrap
from typing import Final

from overseer.chat.commands import all_commands
from overseer.chat.slash import SlashCommand
from overseer.commands.arguments import parser
from overseer.errors import UsageError
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.registry.yamlfiles import KINDS, TOOL_KEYS
from overseer.settings.layers import default_settings
from overseer.tool import EFFECTS, Tool
from overseer.workspace import NEVER_WRITTEN

_BAR_IN_A_CELL = "\\|"
_PART = re.compile(r"(<!-- made: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_made_anew(page: str) -> str:
    """The page with what the code says today between its markers; UsageError if a marker names nothing."""
    return _PART.sub(_part_made_anew, page)


def _part_made_anew(found: re.Match[str]) -> str:
    start, name, end = found.groups()
    if name not in PARTS:
        raise UsageError(f"there is no part '{name}' to be made; there are: {', '.join(PARTS)}")
    return "\n".join([start, *PARTS[name](), "", end])


def tool_table() -> list[str]:
    """The tools that come along: by class, and within one by name."""
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools.values()
    order = {effect: place for place, effect in enumerate(EFFECTS)}
    rows = sorted(tools, key=lambda tool: (order[tool.effect], tool.name))
    cells = ((f"`{tool.name}`", ", ".join(tool.effects), _first_sentence(tool)) for tool in rows)
    return _table(("name", "class", "what it does"), cells)


def _first_sentence(tool: Tool) -> str:
    sentence, ends, _ = tool.description.split("\n")[0].partition(". ")
    return f"{sentence}." if ends else sentence


def tool_key_table() -> list[str]:
    """The keys that all kinds of YAML tools share."""
    keys = {name: key for name, key in TOOL_KEYS.items() if name not in KINDS}
    return _table(("key", "meaning"), ((f"`{name}`", key.meaning) for name, key in keys.items()))


_SETTING = re.compile(r"( *)(\w+):(?: +(\S.*?))??(?: +# (.*))?")


def settings_table() -> list[str]:
    """The settings with their defaults, as the commented file of defaults has them."""
    rows: list[tuple[str, str, str]] = []
    above: list[str] = []
    for line in default_settings().read_text(encoding="utf-8").splitlines():
        if found := _SETTING.fullmatch(line):
            above = [*above[: len(found[1]) // 2], found[2]]
            if found[3]:
                rows.append((f"`{'.'.join(above)}`", f"`{found[3]}`", found[4] or ""))
    return _table(("setting", "default", "meaning"), rows)


def never_written() -> list[str]:
    """The names of files that no tool may write."""
    names = ", ".join(f"`{name}`" for name in NEVER_WRITTEN)
    return wrap(names, width=110, break_long_words=False, break_on_hyphens=False)


def command_table() -> list[str]:
    """The commands of the chat."""
    rows = ((f"`{command.usage}`", " ".join(filter(None, _sentences(command)))) for command in all_commands().values())
    return _table(("command", "what it does"), rows)


def _sentences(command: SlashCommand) -> tuple[str, str]:
    return f"{command.summary[0].upper()}{command.summary[1:]}.", command.more


def command_line_table() -> list[str]:
    """The commands of the shell, as the first lines of their help have them."""
    every = parser()
    (listed,) = (action for action in every._actions if isinstance(action, _SubParsersAction))
    rows = ((f"`{_usage(line.dest, every.commands[line.dest])}`", line.help or "") for line in listed._get_subactions())
    return _table(("command", "what it does"), rows)


def _usage(name: str, command: ArgumentParser) -> str:
    return " ".join(["overseer", name, *(_place(each) for each in _actions(command) if not each.option_strings)])


def _place(action: Action) -> str:
    name = str(action.metavar or "|".join(action.choices or ()))
    several = f"{name}…" if action.nargs in ("+", "*") else name
    return f"[{several}]" if action.nargs in ("?", "*") else several


def option_table() -> list[str]:
    """The options of the shell's commands: each with its meaning and the commands that take it, shared ones first."""
    every = parser()
    found: dict[tuple[str, str], list[str]] = {}
    for name, command in every.commands.items():
        for action in _actions(command):
            if action.option_strings:
                found.setdefault((_option(action), action.help or ""), []).append(name)
    shared_first = sorted(found.items(), key=lambda each: len(each[1]) == 1)
    rows = ((f"`{option}`", _takers(names, list(every.commands)), meaning) for (option, meaning), names in shared_first)
    return _table(("option", "of", "meaning"), rows)


def _option(action: Action) -> str:
    value = [] if action.nargs == 0 else [_place(action)]
    return " ".join([", ".join(action.option_strings), *value])


def _takers(names: list[str], every: list[str]) -> str:
    others = [name for name in every if name not in names]
    if len(others) < 2:
        return " ".join(["all", *(f"but `{name}`" for name in others)])
    return ", ".join(f"`{name}`" for name in names)


def _actions(command: ArgumentParser) -> list[Action]:
    return [action for action in command._actions if action.dest != "help"]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', _BAR_IN_A_CELL) for cell in cells)} |"


PARTS: Final[Mapping[str, Callable[[], list[str]]]] = {
    "tools": tool_table,
    "tool keys": tool_key_table,
    "settings": settings_table,
    "never written": never_written,
    "commands": command_table,
    "command line": command_line_table,
    "options": option_table,
}


if __name__ == "__main__":
    sys.stdout.write(page_made_anew(sys.stdin.read()))
