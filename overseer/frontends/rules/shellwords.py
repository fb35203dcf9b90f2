"""What a shell would do: a part that is a line for one, and what of files only a program does.

Rules run no program that nobody asked for: a person is told which line to say.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from overseer.frontends.rules.parts import Part, verb_of
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import SILENT, wordset

# What people type at a shell; as the first word, none of it asks for anything in English.
_PROGRAMS = wordset(
    """ls ll cd pwd cat grep egrep rg git head tail wc mkdir rmdir rm cp mv pip pip3 python python3 node npm npx docker
    curl wget awk sed chmod chown ps top df du ssh scp tar cargo uv apt brew echo touch tree uname whoami"""
)
_ALSO_RUN = wordset("bash sh zsh make pytest go java mvn perl ruby php gcc find sort diff zip unzip date kill ping")
_RUNNING = frozenset({"run", "execute"})
_CALLED = frozenset({"the", "this", "command", "program", "shell", "line", ":"})
_BEHIND = frozenset({"and", "then", "in", ",", ";"})
_TWO_FILES = {"rename": "mv", "move": "mv", "copy": "cp"}
_FILES = {"delete": "rm", "remove": "rm"}
_SAYS_NOTHING = SILENT | wordset("file files")


def with_lines_to_run(tokens: Sequence[Token], text: str) -> tuple[Token, ...]:
    """The tokens with one for each line that is to be run, word for word: run mv a.txt b.txt."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if found and token.start < found[-1].end:
            continue
        found.append(token)
        if token.low in _RUNNING and (line := _line_behind(tokens[at + 1 :], text)) is not None:
            found.append(line)
    return tuple(found)


def _line_behind(tokens: Sequence[Token], text: str) -> Token | None:
    at = next((at for at, token in enumerate(tokens) if token.low not in _CALLED), len(tokens))
    line = tokens[at : at + 1]
    if not line or not (line[0].text in _PROGRAMS | _ALSO_RUN or line[0].text.startswith("./")):
        return None
    for token in tokens[at + 1 :]:
        if token.low in _BEHIND or "\n" in text[line[-1].end : token.start] or _ends_sentence(token, line[-1], text):
            break
        line = (*line, token)
    start, end = line[0].start, line[-1].end
    return Token("quote", text[start:end], start, end, text[start:end])


def _ends_sentence(token: Token, before: Token, text: str) -> bool:
    """A point is one behind a word, and a folder where it stands alone."""
    return token.low == "." and token.start == before.end and not text[token.end : token.end + 1].strip()


def is_shell_line(part: Part) -> bool:
    """Whether a part can only be meant for a shell: it begins with a program and its option, or with a file for it."""
    program, *rest = part.tokens
    if program.text not in _PROGRAMS:
        return False
    if not rest:
        return True
    is_option = rest[0].text.startswith("-") and len(part.text.split()[1]) > 1
    return is_option or (rest[0].kind == "path" and len(rest) == 1)


def names_program(part: Part) -> bool:
    """Whether a part begins with what people run."""
    return part.tokens[0].text in _PROGRAMS


def line_for(part: Part) -> str | None:
    """The line that does what a part asks for with whole files; None where it asks for anything else besides."""
    verb = verb_of(part.said)
    names = [str(token.value) for token in part.said if token.kind == "path"]
    others = [token for token in part.said if token.kind != "path" and token is not verb]
    if verb is None or any("*" in name or name.startswith("-") for name in names):
        return None
    if any(token.kind != "mark" and token.low not in _SAYS_NOTHING for token in others):
        return None
    program = _TWO_FILES.get(verb.low) if len(names) == 2 else None
    program = _FILES.get(verb.low) if names and program is None else program
    return shlex.join([program, *names]) if program is not None else None
