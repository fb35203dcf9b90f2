"""Answers of models for a terminal: the marks of Markdown become styles, and what is meant to be copied stays as it is.

An answer that still comes is shown block by block: a paragraph, a list, a table or a piece of code once it is
complete. The parser is that of rich; rich's own rendering draws frames around code and hides where links lead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from overseer.terminal.flow import broken, table
from overseer.terminal.style import Line, Marks, Span, text_of
from overseer.text.cells import cells as width_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_WIDEST = 100  # cells; longer lines of text are hard to read
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_STYLES = {"strong_open": "strong", "em_open": "emphasis", "s_open": "quiet"}


class Markdown:
    """Turns an answer that comes in pieces into lines, each block of it once it is complete."""

    def __init__(self, *, columns: Callable[[], int], marks: Marks, shown: Callable[[str], str]) -> None:
        self._columns = columns
        self._marks = marks
        self._shown = shown
        self._parser: MarkdownIt | None = None
        self._rest = ""  # of a line
        self._block: list[str] = []
        self._fence = ""  # that the block's code ends with
        self._is_first = True

    @property
    def open_text(self) -> str:
        """What is not complete yet, as it was written."""
        return "\n".join([*self._block, *([self._rest] if self._rest else [])])

    def feed(self, piece: str) -> list[Line]:
        """Take the next piece; the lines of the blocks that it completes."""
        *lines, self._rest = (self._rest + piece).split("\n")
        return [shown for line in lines for shown in self._add(line)]

    def close(self) -> list[Line]:
        """No more comes: the lines of the last block."""
        last, self._rest = self._rest, ""
        return [*(self._add(last) if last else []), *self._end()]

    def _add(self, line: str) -> list[Line]:
        line = line.removesuffix("\r")
        if self._fence:
            self._block.append(line)
            if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
                self._fence = ""
                return [] if self._is_list() else self._end()
            return []
        done: list[Line] = []
        if self._block and not self._block[-1].strip() and line.strip() and not self._goes_on(line):
            done = self._end()
        if fence := _FENCE.match(line if not self._is_list() else line.lstrip()):
            done += [] if self._is_list() else self._end()
            self._fence = fence[1]
        if line.strip():
            self._block.append(line)
        elif self._is_list():
            self._block.append("")  # what follows may still belong to it
        else:
            done += self._end()
        return done

    def _is_list(self) -> bool:
        return bool(self._block) and _ITEM.match(self._block[0]) is not None

    def _goes_on(self, line: str) -> bool:
        """Whether a line after an empty one belongs to the same list."""
        return self._is_list() and (line[0] in " \t" or _ITEM.match(line) is not None)

    def _end(self) -> list[Line]:
        block, self._block, self._fence = "\n".join(self._block).strip("\n"), [], ""
        if not block.strip():
            return []
        lines = self._rendered(block)
        if lines and not self._is_first:
            lines.insert(0, ())
        self._is_first = False
        return lines

    # --- blocks

    def _rendered(self, block: str) -> list[Line]:
        if self._parser is None:
            from markdown_it import MarkdownIt

            self._parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        tokens = self._parser.parse(self._shown(block))
        return self._blocks(tokens, min(_WIDEST, self._columns() - 1))

    def _blocks(self, tokens: Sequence[Token], cells: int, *, is_tight: bool = False) -> list[Line]:
        lines: list[Line] = []
        at = 0
        while at < len(tokens):
            end = _end_of(tokens, at)
            found = self._one(tokens[at : end + 1], max(10, cells))
            if found and lines and not is_tight:
                lines.append(())
            lines += found
            at = end + 1
        return lines

    def _one(self, tokens: Sequence[Token], cells: int) -> list[Line]:
        """One block, with those inside it."""
        first = tokens[0]
        match first.type:
            case "heading_open":
                return broken([("heading", text_of(tuple(_spans(tokens[1]))))], cells)
            case "paragraph_open":
                return broken(_spans(tokens[1]), cells)
            case "fence" | "code_block":
                code = first.content.removesuffix("\n")
                return [(("code", line),) if line else () for line in code.split("\n")]
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens, cells)
            case "blockquote_open":
                bar: Span = ("quiet", f"{self._marks.bar} ")
                return [(bar, *line) for line in self._blocks(tokens[1:-1], cells - 2)]
            case "table_open":
                head, *rows = _cells(tokens)
                return table(head, rows, cells, self._marks.rule)
            case "hr":
                return [(("quiet", self._marks.rule * min(40, cells)),)]
            case _:
                return broken([("", first.content)], cells) if first.content else []

    def _list(self, tokens: Sequence[Token], cells: int) -> list[Line]:
        lines: list[Line] = []
        number = int(tokens[0].attrGet("start") or 1)
        is_tight = any(token.hidden and token.level == tokens[0].level + 2 for token in tokens)
        at = 1
        while at < len(tokens) - 1:
            end = _end_of(tokens, at)
            mark = f"{self._marks.running} " if tokens[0].type == "bullet_list_open" else f"{number}. "
            inner = self._blocks(tokens[at + 1 : end], cells - width_of(mark), is_tight=is_tight) or [()]
            indent = " " * width_of(mark)
            lines.append((("", mark), *inner[0]))
            lines += [(("", indent), *line) if line else () for line in inner[1:]]
            number, at = number + 1, end + 1
        return lines


def _end_of(tokens: Sequence[Token], at: int) -> int:
    """Where the block that begins there ends."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += tokens[end].nesting
        if depth <= 0:
            return end
    return len(tokens) - 1


def _cells(tokens: Sequence[Token]) -> list[list[list[Span]]]:
    """The rows of a table, the head first."""
    rows: list[list[list[Span]]] = []
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "th_open":
            rows[-1].append([("heading", text_of(tuple(_spans(tokens[at + 1]))))])
        elif token.type == "td_open":
            rows[-1].append(_spans(tokens[at + 1]))
    return rows


def _spans(inline: Token) -> list[Span]:
    """The text of a block in its styles; where a link leads stands behind it."""
    spans: list[Span] = []
    styles = [""]
    links: list[tuple[str, int]] = []
    for token in inline.children or []:
        match token.type:
            case "text" | "html_inline":
                spans.append((styles[-1], token.content))
            case "code_inline":
                spans.append(("code", token.content))
            case "softbreak" | "hardbreak":  # who writes lines for a terminal means them
                spans.append(("", "\n"))
            case "image":
                spans.append(("link", f"[{token.content or 'image'}] ({token.attrGet('src')})"))
            case "link_open":
                links.append((str(token.attrGet("href") or ""), len(spans)))
                styles.append("link")
            case "link_close":
                address, start = links.pop()
                styles.pop()
                if address not in (said := text_of(tuple(spans[start:])), f"mailto:{said}"):
                    spans.append(("", f" ({address})"))
            case "strong_close" | "em_close" | "s_close":
                styles.pop()
            case kind if kind in _STYLES:
                styles.append(_STYLES[kind])
    return spans
