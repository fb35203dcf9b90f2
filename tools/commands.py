"""Tools that start other programs."""

from __future__ import annotations

import re
from typing import Any

from overseer.tool import ToolContext, ToolError, tool


@tool(
    effect="exec",
    tags=["commands"],
    output={
        "type": "object",
        "properties": {
            "exit_code": {"type": "integer"},
            "stdout": {"type": "string"},
            "stderr": {"type": "string"},
            "is_cut": {"type": "boolean"},
        },
        "required": ["exit_code", "stdout", "stderr", "is_cut"],
    },
    examples=[
        {"request": "show the last five commits", "args": {"command": ["git", "log", "--oneline", "-n", "5"]}},
        {
            "request": "run the tests in the folder project",
            "args": {"command": "python -m pytest -q", "folder": "project", "check": True},
        },
    ],
)
def run_command(
    command: list[str] | str,
    context: ToolContext,
    *,
    folder: str = ".",
    stdin: str = "",
    timeout_s: float = 60.0,
    check: bool = False,
) -> dict[str, Any]:
    """Run one program and report its exit code and what it printed. There is no shell: no pipes, no wildcards.

    Args:
        command: the program and its arguments, best as a list; a text is split at blanks, quotes hold words together
        folder: where it runs, inside the workspace
        stdin: what it reads
        timeout_s: after so many seconds it is ended, with everything it started
        check: whether an exit code other than 0 is an error
    """
    arguments = _split(command) if isinstance(command, str) else command
    ended = context.run_command(arguments, stdin=stdin, folder=folder, timeout_s=timeout_s)
    if check and ended.exit_code:
        said = (ended.stderr.strip() or ended.stdout.strip())[-2000:]
        raise ToolError(f"'{arguments[0]}' ended with exit code {ended.exit_code}{': ' if said else ''}{said}")
    return {"exit_code": ended.exit_code, "stdout": ended.stdout, "stderr": ended.stderr, "is_cut": ended.is_cut}


# What a shell would act upon, outside of quotes and within double ones; `~` and `#` only where a word begins.
_SHELL_SIGNS = {
    "|": "a pipe",
    "&": "'&'",
    ";": "';'",
    "<": "a redirect",
    ">": "a redirect",
    "(": "brackets",
    ")": "brackets",
    "*": "a wildcard",
    "?": "a wildcard",
    "[": "a wildcard",
    "\n": "a second line",
}
_ALSO_QUOTED = {"$": "a variable", "`": "a command in a command"}
_AT_WORD_START = {"~": "a home folder", "#": "a comment"}


class _Words:
    """Words as they are put together letter by letter: one in quotes may be empty, so none is not the same."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._letters: list[str] | None = None

    @property
    def is_between(self) -> bool:
        return self._letters is None

    def add(self, letters: str) -> None:
        self._letters = self._letters or []
        self._letters.append(letters)

    def end(self) -> None:
        if self._letters is not None:
            self.done.append("".join(self._letters))
        self._letters = None


def _split(command: str) -> list[str]:
    """The words of a command as a shell would read them; ToolError for whatever only a shell could do."""
    words = _Words()
    quote = ""
    letters = iter(command.strip())
    for letter in letters:
        if quote != "'" and letter == "\\":
            following = next(letters, "")
            is_kept = quote == '"' and following not in '$`"\\'
            words.add(f"\\{following}" if is_kept else following)
        elif quote and letter == quote:
            quote = ""
        elif sign := _sign(letter, quote, words):
            raise _refusal(sign)
        elif quote:
            words.add(letter)
        elif letter in "'\"":
            quote = letter
            words.add("")
        elif letter in " \t\r":
            words.end()
        else:
            words.add(letter)
    words.end()
    if quote:
        raise ToolError(f"the quote {quote} is not closed; close it, or give the command as a list", kind="bad_request")
    if words.done and re.match(r"[A-Za-z_]\w*=", words.done[0]):
        problem = f"the command starts with a variable; put 'env' before it, as in env {words.done[0]} program"
        raise ToolError(problem, kind="bad_request")
    return words.done


def _sign(letter: str, quote: str, words: _Words) -> str | None:
    """What a shell would take this letter for, if not for itself."""
    if quote:
        return _ALSO_QUOTED.get(letter) if quote == '"' else None
    if words.is_between and letter in _AT_WORD_START:
        return _AT_WORD_START[letter]
    return _SHELL_SIGNS.get(letter) or _ALSO_QUOTED.get(letter)


def _refusal(sign: str) -> ToolError:
    return ToolError(
        f"the command holds {sign}, and there is no shell; put it in quotes if it is meant as it stands, use one step "
        'for each program, or say ["sh", "-c", "..."] if it must be a shell',
        kind="bad_request",
    )
