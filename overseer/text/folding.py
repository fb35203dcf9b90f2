"""Long lines as a terminal shows them well: broken between words, the further ones indented below the first.

A word that is longer than a line, such as an address, gets no line break from here, so that it can be copied
as it is: the terminal breaks it. Whatever is no terminal gets every line in one piece.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

from overseer.text.cells import cells

_NARROWEST = 20  # columns; with fewer, breaking between words makes nothing better

_CODE = re.compile(r"\x1b\[[0-9;:]*m")  # that colours what follows
_COLOURS_END = "\x1b[0m"
_PARTS = re.compile(r"\n|[ \t]+|[^ \t\n]+")
_MARK = re.compile(r"[-*+•✓✗–■]|\d{1,9}[.)]")  # of a list, below whose text the further lines stand
_FENCES = ("```", "~~~")
_QUOTED_PATH = re.compile(r"(?<![^\s(])'[^'\n]*/[^'\n]*'(?![^\s.,:;)])")
_KEPT_BLANK = "\x00"  # is never shown: whoever writes to a terminal takes such letters out


def fitted(text: str, stream: TextIO) -> str:
    """The text as it is written to a stream: its lines folded, if that is a terminal."""
    columns = columns_of(stream)
    if columns is None:
        return text
    return "\n".join(piece for line in text.split("\n") for piece in folded(line, columns))


def columns_of(stream: TextIO) -> int | None:
    """How wide the terminal is that a stream leads to; None if it leads to none. One that draws by itself says so."""
    with suppress(OSError, ValueError):
        if isinstance(columns := getattr(stream, "columns", None), int):
            return columns or 80
        if stream.isatty():
            return os.get_terminal_size(stream.fileno()).columns or 80
    return None


def folded(line: str, columns: int) -> list[str]:
    """One line in as many as it takes."""
    plain = _without_codes(line)
    if cells(plain.expandtabs() if "\t" in plain else plain) <= columns:
        return [line]
    folding = Folding(columns, has_code=False)
    kept = _QUOTED_PATH.sub(lambda path: path.group().replace(" ", _KEPT_BLANK), line)
    return (folding.feed(kept) + folding.close()).replace(_KEPT_BLANK, " ").split("\n")


class Folding:
    """Folds a text that comes in pieces, each word of it once it is complete.

    With `has_code`, what stands between the fences of Markdown stays as it is.
    """

    def __init__(self, columns: int, *, has_code: bool = True) -> None:
        self._columns = columns
        self._has_code = has_code
        self._fence = ""  # that the code ends with
        self._colour = ""
        self._word = ""  # as far as it has come
        self._begin_line()

    def feed(self, piece: str) -> str:
        """Take the next piece; what can be shown by then."""
        if self._columns < _NARROWEST:
            return piece
        return "".join(said for part in _PARTS.findall(piece) for said in self._add(part))

    def close(self) -> str:
        """No more comes."""
        return "".join(self._end_word())

    def _begin_line(self) -> None:
        self._used = 0  # cells
        self._gap = ""  # since the last word
        self._words = 0
        self._hanging = 2  # blanks before what has no room in the first line
        self._has_mark = False

    def _add(self, part: str) -> Iterator[str]:
        if part == "\n":
            yield from self._end_word()
            yield f"{self._gap if self._fence else ''}\n"
            self._begin_line()
        elif part[0] in " \t":
            yield from self._end_word()
            self._gap += part
        else:
            self._word += part

    def _end_word(self) -> Iterator[str]:
        word, self._word = self._word, ""
        plain = _without_codes(word)
        if not plain:
            yield self._coloured(word)
            return
        self._words += 1
        if self._words == 1:
            self._look_at_first(plain)
        elif self._words == 2 and self._has_mark:
            self._hang(self._used + self._gap_cells())
        took = cells(plain)
        whole = took <= self._columns or self._fence
        for chunk in [word] if whole else _chunks(word):
            yield from self._placed(chunk)

    def _look_at_first(self, plain: str) -> None:
        """What the beginning of a line says about the rest of it."""
        self._has_mark = _MARK.fullmatch(plain) is not None
        self._hang(self._gap_cells() + 2)
        if self._fence:
            self._fence = "" if plain.startswith(self._fence) else self._fence
        elif self._has_code and plain.startswith(_FENCES):
            self._fence = plain[:3]

    def _hang(self, blanks: int) -> None:
        self._hanging = blanks if blanks <= self._columns // 2 else 2

    def _placed(self, word: str) -> Iterator[str]:
        """The word in this line if there is room for it, else in a further one."""
        took, before = cells(_without_codes(word)), self._gap_cells()
        gap, self._gap = self._gap, ""
        is_longer = took > self._columns  # than any line: what follows stands behind its last part
        if not self._fence and self._used and self._used + before + (1 if is_longer else took) > self._columns:
            before = max(0, min(self._hanging, self._columns - took))
            gap, self._used = f"{_COLOURS_END if self._colour else ''}\n{' ' * before}{self._colour}", 0
        yield gap + self._coloured(word)
        self._used += before + took
        if self._used > self._columns:
            self._used = self._used % self._columns or self._columns

    def _gap_cells(self) -> int:
        at = self._used
        for blank in self._gap:
            at += 8 - at % 8 if blank == "\t" else 1
        return at - self._used

    def _coloured(self, word: str) -> str:
        """The word, once it is known what colour it leaves behind."""
        for code in _CODE.findall(word) if "\x1b" in word else ():
            self._colour = "" if code in (_COLOURS_END, "\x1b[m") else self._colour + code
        return word


def _without_codes(text: str) -> str:
    return _CODE.sub("", text) if "\x1b" in text else text


def _chunks(word: str) -> Iterator[str]:
    """The parts of a word that is longer than a line, where it is of a script that has no blanks between words."""
    if word.isascii() or "/" in word or "\\" in word:  # a path is copied
        yield word
        return
    chunk, before = "", ""
    for part in re.split(r"(\x1b\[[0-9;:]*m)", word):
        for letter in [part] if part.startswith("\x1b[") else part:
            if before and _may_part(before, letter):
                yield chunk
                chunk = ""
            chunk += letter
            before = letter if len(letter) == 1 else before
    yield chunk


def _may_part(before: str, letter: str) -> bool:
    return len(letter) == 1 and _is_wide(before) and _is_wide(letter) and unicodedata.category(letter) in _BEGINNING


_BEGINNING = ("Lo", "Lu", "Ll", "Lt", "Nd", "Nl", "Ps", "Pi")  # what may begin a line


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in ("W", "F") and unicodedata.category(letter)[0] in "LNP"
