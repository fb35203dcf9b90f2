"""What a shell would do: a part that is a line for one, and what of files only a program does.

Rules run no program that nobody asked for: a person is told which line to say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise

from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import wordset

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
# Requests that are about whole files and nothing else, with P for each of them.
_ANOTHER = r"(?:the )?(?:file )?P"
_FILES = re.compile(rf"(?:please )?(?:delete|remove) (?:the )?(?:files? )?P(?: (?:,|and|, and) {_ANOTHER})*(?: \.)?")
_TO_ANOTHER = re.compile(rf"(?:please )?(?P<verb>rename|move|copy) {_ANOTHER} (?:to|into|as) {_ANOTHER}(?: \.)?")


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
    is_behind_word = token.start == before.end and (text[before.end - 1].isalnum() or text[before.end - 1] in "'\")")
    return token.low == "." and is_behind_word and not text[token.end : token.end + 1].strip()


def shell_line(said: str) -> str | None:
    """What is said, where it can only be meant for a shell: a program with its options, or with files."""
    program, *rest = said.split()
    if program.casefold() not in _PROGRAMS or "\n" in said or not {"and", "then"}.isdisjoint(rest):
        return None
    is_line = all(map(_LIKE_A_FILE.fullmatch, rest)) or (rest[0].startswith("-") and len(rest[0]) > 1)
    return program.casefold() + said[len(program) :] if is_line else None


_LIKE_A_FILE = re.compile(r"[\w~*-]*[./*~][\w./~*-]*")


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
    begin = part.tokens[0].start
    gaps = [part.text[one.end - begin : two.start - begin] for one, two in pairwise(part.tokens)]
    shape = " ".join("P" if token.kind == "path" else token.low or "?" for token in part.tokens)
    names = [str(token.value) for token in part.tokens if token.kind == "path"]
    if any(gap.strip() for gap in gaps) or any("*" in name or name.startswith("-") for name in names):
        return None
    if _FILES.fullmatch(shape):
        return shlex.join(["rm", *names])
    said = _TO_ANOTHER.fullmatch(shape)
    return shlex.join([_TWO_FILES[said["verb"]], *names]) if said is not None else None
