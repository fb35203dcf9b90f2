"""JSON read token by token into an assembly: any depth, lines for all values, strict."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from overseer.jsonvalue import Json
from overseer.plan.assembly import Assembly, Unparsable
from overseer.plan.scalars import NotAValue, finite, whole

_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"([^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*)"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[\w.+-]+")
_CONSTANTS: dict[str, Json] = {"null": None, "true": True, "false": False}
_SURROGATE = re.compile("[\ud800-\udfff]")


def assemble_json(text: str, assembly: Assembly) -> None:
    """Feed the events of a JSON text to an assembly; Unparsable where the text is not JSON."""
    _Tokens(text, assembly).take_document()


@dataclass(slots=True)
class _Tokens:
    """A position in a text, moving from token to token."""

    text: str
    assembly: Assembly
    at: int = 0
    line: int = 1
    ends: list[str] = field(default_factory=list)  # the brackets that are to come
    is_fresh: bool = False  # whether nothing has come yet after the last opening bracket

    def take_document(self) -> None:
        self._skip_blanks()
        if self.at == len(self.text):
            raise self.assembly.refuse(1, "there is nothing in it")
        self._take_value()
        while self.ends:
            self._skip_blanks()
            if self._peek() == self.ends[-1]:
                self._take_end()
            else:
                self._take_entry()
        self._skip_blanks()
        if self.at < len(self.text):
            raise self._refuse(f"there is something after the end: {self._seen()}")

    def _take_end(self) -> None:
        self.at += 1
        self.ends.pop()
        self.is_fresh = False
        self.assembly.close()

    def _take_entry(self) -> None:
        """The next item of a list, or the next key and value of a mapping."""
        end = self.ends[-1]
        if not self.is_fresh:
            self._expect(",", f"a comma or '{end}'")
            if self._peek() == end:
                raise self._refuse(f"there is a comma right before '{end}'", "take the comma away")
        if end == "}":
            self._take_key()
        self._take_value()

    def _take_key(self) -> None:
        if self._peek() != '"':
            raise self._refuse(f"a key in double quotes must come here, not {self._seen()}")
        line = self.line
        self.assembly.key(self._string(), line)
        self._skip_blanks()
        self._expect(":", "a colon after the key")

    def _take_value(self) -> None:
        """A scalar, or the start of a list or mapping."""
        letter = self._peek()
        self.is_fresh = letter in ("{", "[")
        if self.is_fresh:
            self.at += 1
            self.assembly.open({} if letter == "{" else [], self.line)
            self.ends.append("}" if letter == "{" else "]")
        else:
            self.assembly.scalar(self._string() if letter == '"' else self._word(), self.line)

    def _string(self) -> str:
        found = _STRING.match(self.text, self.at)
        if found is None:
            raise self._refuse(
                "there is text without its closing quote, or with a line break in it", "write \\n for a line break"
            )
        inside = found.group(1)
        if "\\" in inside:
            try:
                inside = json.loads(found.group())
            except json.JSONDecodeError:
                raise self._refuse("there is a backslash before a letter that it cannot escape", "write \\\\") from None
        if not inside.isascii() and _SURROGATE.search(inside):
            raise self._refuse("there is half of a surrogate pair, which is no character")
        self.at = found.end()
        return inside

    def _word(self) -> Json:
        """A number or one of null, true and false."""
        found = _WORD.match(self.text, self.at)
        word = found.group() if found else ""
        if word in _CONSTANTS:
            self.at += len(word)
            return _CONSTANTS[word]
        number = _NUMBER.fullmatch(word)
        if number is None:
            raise self._refuse(f"a value must come here, not {self._seen()}", _help(word or self._peek()))
        self.at += len(word)
        try:
            return finite(word) if any(number.groups()) else whole(word)
        except NotAValue as error:
            self.assembly.fault(self.line, str(error))
            return None

    def _expect(self, letter: str, expected: str) -> None:
        if self._peek() != letter:
            raise self._refuse(f"{expected} must come here, not {self._seen()}", _help(self._peek()))
        self.at += 1
        self._skip_blanks()

    def _skip_blanks(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        assert blank is not None  # it matches even nothing
        self.line += self.text.count("\n", self.at, blank.end())
        self.at = blank.end()

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _seen(self) -> str:
        if self.at >= len(self.text):
            return "the end of the text"
        word = _WORD.match(self.text, self.at)
        return f"'{word.group()[:30] if word else self._peek()}'"

    def _refuse(self, problem: str, help: str = "") -> Unparsable:
        return self.assembly.refuse(self.line, f"this is not JSON: {problem}", help)


def _help(word: str) -> str:
    if word.lower().lstrip("-") in ("nan", "infinity"):
        return "JSON has no such number; write null"
    if word in ("None", "True", "False"):
        return f"write {'null' if word == 'None' else word.lower()}"
    if word in ("/", "#"):
        return "JSON has no comments"
    return "put text in double quotes" if word[:1].isalpha() or word[:1] == "'" else ""
