"""Texts with arguments in them, as tool files write them: `Translate to {language}: {text}`.

A name in braces stands for an argument. Doubled braces stand for single ones; a brace that does not
enclose a plain name stays as it is, so that JSON can be quoted in a prompt. What an argument holds is
never read as a template again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from overseer.jsonvalue import Json, as_text
from overseer.plan.suggestions import did_you_mean

_PIECES = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")


class TemplateError(ValueError):
    """A template names something that is no parameter."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text, cut at its placeholders: texts at even places, names at odd ones."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, known: Sequence[str]) -> Template:
        """The template that a text is; TemplateError if it names what is not among `known`."""
        pieces = [""]
        end = 0
        for found in _PIECES.finditer(text):
            pieces[-1] += text[end : found.start()]
            end = found.end()
            name = found.group(1)
            if name is None:
                pieces[-1] += found.group()[0]
            elif name not in known:
                raise TemplateError(f"{{{name}}} is no parameter of the tool; {did_you_mean(name, known)}")
            else:
                pieces += [name, ""]
        pieces[-1] += text[end:]
        return cls(tuple(pieces))

    @property
    def names(self) -> tuple[str, ...]:
        return self.pieces[1::2]

    def whole(self) -> str | None:
        """The parameter that this is nothing but a placeholder for, if so."""
        return self.pieces[1] if len(self.pieces) == 3 and not (self.pieces[0] or self.pieces[2]) else None

    def fill(self, arguments: Mapping[str, Json], *, on_own_lines: Callable[[str], str] = str) -> str:
        """The text with the arguments in place; one that was not given is empty.

        Those that have a line for themselves, in a text that says more, go through `on_own_lines`.
        """
        texts = [as_text(arguments.get(piece)) if place % 2 else piece for place, piece in enumerate(self.pieces)]
        for place in range(1, len(texts), 2):
            if texts[place] and self._has_own_line(place):
                texts[place] = on_own_lines(texts[place])
        return "".join(texts)

    def _has_own_line(self, place: int) -> bool:
        before, after = self.pieces[place - 1], self.pieces[place + 1]
        begins_line = before.endswith("\n") or (place == 1 and not before)
        ends_line = after.startswith("\n") or (place == len(self.pieces) - 2 and not after)
        return begins_line and ends_line and self.whole() is None
