"""Random plans in every step form, with the nastiest text there is.

They are well formed but need not make sense: their references lead nowhere.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from hypothesis import strategies as st

from overseer.errors import FAILURE_KINDS
from overseer.jsonvalue import Json
from overseer.plan.references import Ref, Template, parsed, refs_in
from overseer.plan.values import (
    AT_LIMIT,
    ON_ERROR,
    OPERATORS,
    PLAN_ON_ERROR,
    TYPE_NAMES,
    UNLIMITED,
    Action,
    Allowance,
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    Hook,
    Input,
    Mode,
    On,
    Once,
    Retry,
    Scope,
    Timer,
    Trigger,
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from tests.choices import Choices

T = TypeVar("T")

NASTY = [
    "",
    " ",
    "no",
    "On",
    "y",
    "NULL",
    "~",
    "true",
    "0o17",
    "0x1F",
    "017",
    "1_000",
    "1e5",
    "1.",
    ".5",
    ".inf",
    "-.NaN",
    "1:30",
    "1m30s",
    "5s",
    "50k",
    "0d",
    "1e5s",
    "2026-01-01",
    "<<",
    "=",
    "---",
    "...",
    "- x",
    "-",
    "? x",
    ": x",
    "x: y",
    "x:",
    "x #y",
    "#",
    "&a",
    "*a",
    "!x",
    "!!str x",
    "|",
    ">",
    "%YAML 1.1",
    "@x",
    "`x`",
    "[x]",
    "{x}",
    "a, b",
    "'",
    '"',
    "\\",
    "it's",
    'say "hi"',
    " lead",
    "trail ",
    "\ttab",
    "tab\t",
    "a\nb",
    "a\nb\n",
    "a\n\n\nb\n\n",
    "\n",
    "\na",
    "  a\nb",
    "a \nb",
    "a\n  b\n",
    "# not a comment\nx",
    "- a\n- b\n",
    "--- \nx",
    "a\r\nb",
    "\r",
    "a\x85b",
    "a\u2028b\u2029",
    "\ufeffx",
    "\x00\x07\x1b\x7f\x9f",
    "\ufffe\uffff",
    "\xa0x",
    "e\u0301é",
    "ñandú 你好 😀",
    "²",
    "１２",
    "{{",
    "}}",
    "{",
    "{{{",
    '{{"{{"}}',
    "{%x%}",
    "${x}",
]

texts = (
    st.sampled_from(NASTY)
    | st.text(st.characters(codec="utf-8"), max_size=30)
    | st.text("ab \n\t-:#'\"{}", max_size=12)
)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)

_LOWER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
_WORD = _LOWER + _LOWER.upper() + _DIGITS + "_-"
_NUMBERS = (0, 1, -1, 2**53, 2**63, -(10**20), 0.1, -0.0, 1.0, 1e16, 1e22, -1e100, 5e-324, 1.7976931348623157e308)


class Inventor(Choices):
    """Invents a plan or a part of one."""

    def perhaps(self, make: Callable[[], T]) -> T | None:
        return make() if self.is_so() else None

    # --- values

    def text(self) -> str:
        form = self.number(0, 3)
        if form < 2:
            return self.of(NASTY)
        return "".join(self.several(self._character if form == 2 else lambda: self.of("ab \n\t-:#'\"{}"), most=12))

    def _character(self) -> str:
        """Any at all, but for halves of surrogate pairs."""
        code = self.whole(3) % self.of((0x80, 0x800, 0x10000, 0x110000))
        return "?" if 0xD800 <= code < 0xE000 else chr(code)

    def filled_text(self) -> str:
        return next(text for text in (self.text(), self.text(), "x") if text.strip())

    def name(self) -> str:
        if self.number(0, 9) == 9:
            return self.of(("1", "no", "é", "0x1F"))
        between = self.several(lambda: self.of(_WORD), most=6)
        return "".join([self.of(_LOWER + _LOWER.upper() + "_"), *between, self.of(_LOWER + _DIGITS)])

    def names(self, *, most: int) -> tuple[str, ...]:
        return tuple(self.several(self.name, most=most))

    def real(self) -> float:
        """Of any size; but for what is none."""
        found: float = struct.unpack(">d", self.whole(8).to_bytes(8))[0]
        return found if math.isfinite(found) else 0.5

    def json_number(self) -> float:
        return self.of((lambda: self.of(_NUMBERS), lambda: self.whole(8) - 2**63, self.real))()

    def value(self, depth: int = 2) -> Json:
        forms: list[Callable[[], Json]] = [lambda: None, self.is_so, self.json_number, self.text]
        if depth:
            inner = partial(self.value, depth - 1)
            forms += [lambda: self.several(inner, most=4), lambda: self.members(self.text, inner, most=4)]
        return self.of(forms)()

    def members(self, make_name: Callable[[], str], make: Callable[[], T], *, most: int) -> dict[str, T]:
        return dict(self.several(lambda: (make_name(), make()), most=most))

    def duration(self) -> float:
        whole = 1 + self.whole(3) % 10**6
        return self.of((float(whole), whole / 1000, whole * math.pi))

    def limit(self) -> int:
        return self.of((1, 2, 9, 1000, 2000, UNLIMITED))

    # --- references, and what holds them

    def ref(self) -> Ref:
        return Ref(self.name(), tuple(self.several(self._part_of_a_path, most=3)))  # which may be any text at all

    def _part_of_a_path(self) -> str | int:
        return self.of((self.name, self.text, lambda: self.number(-9, 99), lambda: 999_999_999))()

    def source(self) -> str:
        """Text as somebody writes it, with references and escaped braces in it."""
        return "".join(self.several(self._piece, most=4))

    def _piece(self) -> str:
        form = self.of(("text", "reference", "wide reference", "braces"))
        if form == "text":
            text = self.text()
            return "" if "{{" in text or text.endswith("{") else text
        if form == "braces":
            return '{{"{{"}}'
        return f"{{{{{self.ref()}}}}}" if form == "reference" else f"{{{{ {self.ref()} }}}}"

    def parsed_source(self) -> Template:
        return parsed(self.source())

    def template(self, depth: int = 2) -> Template:
        forms = [lambda: None, self.is_so, self.json_number, self.ref, self.parsed_source]
        if depth:
            forms += [lambda: self.templates(depth - 1), lambda: self.args(depth - 1)]
        return self.of(forms)()

    def templates(self, depth: int = 2) -> list[Template]:
        return self.several(lambda: self.template(depth), most=3)

    def args(self, depth: int = 2) -> dict[str, Template]:
        return self.members(self.text, lambda: self.template(depth), most=3)

    def reading(self) -> Template:
        """A template with a reference in it."""
        source = self.parsed_source() if self.is_so() else None
        return source if refs_in(source) else self.ref()

    def guard(self) -> Guard:
        op: Any = self.of(OPERATORS)
        if op == "truthy":
            return Guard(self.reading())
        within = (self.templates, self.ref, self.parsed_source)
        return Guard(self.reading(), op, self.of(within)() if op == "in" else self.template())

    # --- plans

    def mode(self) -> Mode:
        return self.of((Once, self._each, self._until, self._on))()

    def _each(self) -> Each:
        width = self.perhaps(lambda: self.number(1, 9))
        if self.is_so():
            return Each(iterations=self.of((lambda: self.number(1, 99), self.ref))(), width=width)
        return Each(self.of((self.templates, self.ref))(), width=width)

    def _until(self) -> Until:
        guard, at_limit = self.perhaps(self.guard), self.of(AT_LIMIT)
        return Until(guard, guard is None or self.is_so(), self.limit(), at_limit)  # type: ignore[arg-type]

    def _on(self) -> On:
        return On(self._trigger(), self.perhaps(self.guard), self.limit(), self.number(1, 9))

    def _trigger(self) -> Trigger:
        form = self.of((Timer, FileChange, Hook))
        if form is Timer:
            return Timer(self.duration())
        if form is FileChange:
            return FileChange(self.parsed_source())
        return Hook("/" + "".join(self.several(lambda: self.of(_LOWER + _DIGITS + "/_-"), most=10)))

    def retry(self) -> Retry:
        if not self.is_so():
            return Retry()
        kinds: Any = self.several(lambda: self.of(FAILURE_KINDS), most=3)
        return Retry(self.number(1, 9), tuple(kinds), self.of((0.0, self.duration())))

    def budget(self) -> Allowance:
        counts = partial(self.of, (None, 0, 1, self.whole(5), self.whole(4) * 1000))
        parts = partial(self.of, (None, 1, (1 + self.whole(7)) / 2**56))
        cost = self.of((None, 0, 99, self.whole(5) / 7))
        return Allowance(counts(), counts(), cost, self.perhaps(self.duration), parts(), parts(), parts())

    def type_name(self) -> Any:
        return self.of(TYPE_NAMES)

    def step(self, depth: int) -> WorkflowStep:
        action, args = self._action(depth)
        is_scope = isinstance(action, Scope)
        return WorkflowStep(
            self.name(),
            action,
            self.text(),
            args,
            self.names(most=3),
            self.of((lambda: None, lambda: self.number(-9, 99), lambda: -(10**20), self.text))(),
            self.perhaps(self.guard),
            self.of(ON_ERROR),  # type: ignore[arg-type]
            self.perhaps(self.duration),
            self.retry(),
            self.perhaps(lambda: self.members(self.name, self.type_name, most=3)),
            self.perhaps(self.budget) if is_scope else None,
        )

    def _action(self, depth: int) -> tuple[Action, dict[str, Template]]:
        form = self.of(("call", "call", "code", "inline", "linked") if depth else ("call", "code"))
        if form == "call":
            return Call(self.filled_text()), self.args()
        if form == "code":
            return Code(self.filled_text(), self.names(most=2)), self.args()
        if form == "linked":
            body = self.perhaps(lambda: self.plan(depth - 1))
            return Scope(self.mode(), body, self.filled_text()), self.args()
        steps = self.several(lambda: self.step(depth - 1), least=1, most=2)
        return Scope(self.mode(), WorkflowPlan(tuple(steps), output=self.template())), {}

    def input(self) -> Input:
        if self.is_so():
            return Input(self.type_name())
        return Input("any", self.perhaps(self.value), self.is_so(), self.text())

    def plan(self, depth: int = 3) -> WorkflowPlan:
        return WorkflowPlan(
            tuple(self.several(lambda: self.step(depth), least=1, most=3)),
            self.text(),
            self.text(),
            self.members(self.name, self.input, most=2),
            self.template(),
            self.of(PLAN_ON_ERROR),  # type: ignore[arg-type]
            self.perhaps(self.budget),
        )


def _invented(make: Callable[[Inventor], T], *, most_choices: int) -> st.SearchStrategy[T]:
    return st.binary(min_size=most_choices, max_size=most_choices).map(lambda row: make(Inventor(row)))


refs = _invented(Inventor.ref, most_choices=100)
sources = _invented(Inventor.source, most_choices=200)
templates = _invented(Inventor.template, most_choices=300)
plans = _invented(Inventor.plan, most_choices=1500)
