"""What a reply gives away before it has ended: the steps of its plan, or the beginning of its answer.

Only what `read_reply` would read in the same way is given, in the same order; where that is doubtful it is
left to be read at the end. Whether the reply can be used at all is certain only then, too. Each letter is
looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

from overseer.frontends.loosejson import OPENING, pieces
from overseer.frontends.slices import Kind, Slicer
from overseer.frontends.spoken import Doubtful, Spoken, Stripped
from overseer.plan.reading import Draft, read_plan
from overseer.plan.values import WorkflowPlan, WorkflowStep

# Text without a bracket or a fence in so many letters is taken for an answer; a plan begins within this many.
_SURELY_PROSE = 400
_LONGEST_PREFACE = 4000
_LONGEST_KEY = 100

_NOT_PROSE = re.compile(r"[{\[`~]")
_YAML = re.compile(r"(?:`{3}|~{3})[ \t]*ya?ml")
_THOUGHT = "<think>"
_CLOSING = {"{": "}", "[": "]"}

OnStep: TypeAlias = Callable[[WorkflowPlan, WorkflowStep], None]
Stage: TypeAlias = Literal["before", "prose", "object", "over"]


class Arriving:
    """A reply that is still arriving."""

    def __init__(self, *, on_step: OnStep, on_answer: Callable[[str], None]) -> None:
        """`on_step` is given every step, and the plan without steps as far as it was told before its first one."""
        self._on_step = on_step
        self._on_answer = on_answer
        self._stage: Stage = "before"
        self._before = ""
        self._prose = Stripped()
        self._object: _Object | None = None

    def add(self, piece: str) -> None:
        if self._stage == "before":
            self._begin(self._before + piece)
        elif self._stage == "prose":
            self._say(piece)
        elif self._object is not None:
            self._go_on(self._object, piece)

    def _begin(self, text: str) -> None:
        """Find out what kind of reply it is."""
        self._before = text
        text = text.lstrip().lstrip("\ufeff").lstrip()
        if not text or (len(text) < len(_THOUGHT) and _THOUGHT.startswith(text)):
            self._stage = "before" if len(self._before) <= _LONGEST_PREFACE else "over"
        elif text[0] == "[" or text.startswith(_THOUGHT):
            self._stage = "over"
        elif text[0] == "{":
            self._open(text)
        elif len(text) >= _SURELY_PROSE and not _NOT_PROSE.search(text, 0, _SURELY_PROSE):
            self._stage = "prose"
            self._say(text)
        elif found := OPENING.search(text, 0, _LONGEST_PREFACE):
            start = found.start()
            if text[start] == "[" or _YAML.search(text, 0, start):
                self._stage = "over"
            else:
                self._open(text[start:])
        elif len(text) >= _LONGEST_PREFACE:
            self._stage = "over"

    def _say(self, piece: str) -> None:
        end = _NOT_PROSE.search(piece)
        if said := self._prose.add(piece[: end.start()] if end else piece):
            self._on_answer(said)
        if end:
            self._stage = "over"

    def _open(self, text: str) -> None:
        self._stage, self._before = "object", ""
        self._object = _Object(self._on_step, self._on_answer)
        self._go_on(self._object, text)

    def _go_on(self, opened: _Object, piece: str) -> None:
        try:
            opened.add(piece)
        except Doubtful:
            self._stage, self._object = "over", None


# What may come next in the object itself and between its steps, and what is expected after that. Blanks and
# comments may come anywhere, and anything else means that it is better to wait for the end.
_NEXT: dict[tuple[str, Kind], str] = {
    ("key", "quote"): "key in quotes",
    ("key in quotes", "text"): "key in quotes",
    ("key in quotes", "unquote"): "colon",
    ("key", "word"): "more of the key",
    ("more of the key", "word"): "more of the key",
    ("more of the key", "blank"): "colon",
    ("more of the key", "colon"): "value",
    ("colon", "colon"): "value",
    ("value", "quote"): "value in quotes",
    ("value in quotes", "text"): "value in quotes",
    ("value in quotes", "unquote"): "comma",
    ("value", "word"): "more of the value",
    ("more of the value", "word"): "more of the value",
    ("more of the value", "blank"): "comma",
    ("more of the value", "comma"): "key",
    ("value", "open"): "comma",
    ("comma", "comma"): "key",
    ("step", "open"): "comma after a step",
    ("comma after a step", "comma"): "step",
}


class _Object:
    """The object of a reply, from its opening bracket on; Doubtful where it is better to wait for its end."""

    def __init__(self, on_step: OnStep, on_answer: Callable[[str], None]) -> None:
        self._on_step = on_step
        self._on_answer = on_answer
        self._slicer = Slicer()
        self._ends: list[str] = []  # the brackets that are to come
        self._expects = "key"
        self._key = ""
        self._seen: set[str] = set()
        self._is_in_steps = False
        self._written: list[str] = []  # the object up to its first step; after that, the step that arrives
        self._plan: WorkflowPlan | None = None  # without steps
        self._spoken: Spoken | None = None

    def add(self, piece: str) -> None:
        for kind, text in self._slicer.tokens(piece):
            self._take(kind, text)

    def _take(self, kind: Kind, text: str) -> None:
        depth = len(self._ends)
        if not self._is_in_steps or depth > 2 or text == "{":
            self._written.append(text)
        if kind == "broken" or (kind == "close" and text != self._ends[-1]):
            raise Doubtful
        if kind == "close":
            self._close(depth)
            return
        if depth == 1 or (depth == 2 and self._is_in_steps):
            self._turn(kind, text)
        if kind == "open":
            self._open(text, depth)

    def _turn(self, kind: Kind, text: str) -> None:
        """What the next token means in the object itself, or between its steps."""
        before = self._expects
        after = _NEXT.get((before, kind))
        if after is not None:
            self._expects = after
        elif kind not in ("blank", "comment"):
            raise Doubtful
        if after in ("more of the key", "key in quotes") and kind != "quote":
            self._key += text
            if len(self._key) > _LONGEST_KEY:
                raise Doubtful
        elif after == "key":
            self._key = ""
        elif after == "value":
            self._begin_value()
        elif kind == "text" and self._spoken is not None and (said := self._spoken.add(text)):
            self._on_answer(said)

    def _begin_value(self) -> None:
        if self._key in self._seen or "\\" in self._key:
            raise Doubtful
        self._seen.add(self._key)
        self._spoken = Spoken() if self._key == "answer" and self._plan is None else None

    # --- brackets

    def _open(self, bracket: str, depth: int) -> None:
        self._ends.append(_CLOSING[bracket])
        if depth == 1 and self._key == "steps" and bracket == "[":
            self._is_in_steps, self._expects = True, "step"
        elif depth == 2 and self._is_in_steps and bracket == "[":
            raise Doubtful

    def _close(self, depth: int) -> None:
        self._ends.pop()
        if depth == 3 and self._is_in_steps:
            self._read_step()
        elif depth == 2 and self._is_in_steps:
            self._is_in_steps, self._expects = False, "comma"
        elif depth == 1:
            raise Doubtful  # what comes now is no part of it

    # --- steps

    def _read_step(self) -> None:
        """Read the step that has ended as the final reader does."""
        written = "".join(self._written)
        draft = _read(f"{written}]}}" if self._plan is None else f'{{"steps": [{written}]}}')
        self._written.clear()
        if self._plan is None:
            # The output may speak of steps that are not there yet.
            self._plan = replace(draft.plan, steps=(), output=None)
        for step in draft.plan.steps:
            self._on_step(self._plan, step)


def _read(text: str) -> Draft:
    """The plan in a text that is nothing else; Doubtful where it has faults."""
    piece = next(pieces(text))
    draft = read_plan(piece.json, syntax="json")
    if draft.faults or not piece.is_closed:
        raise Doubtful
    return draft
