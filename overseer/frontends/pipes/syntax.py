"""The text of pipes, taken apart: definitions, and stages that follow each other or stand side by side.

def report(name: str) -> str = read_file(name) as raw | [text_statistics, text_case("upper")] | pack(raw, $$)
report | write_file("out.txt", $$)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from overseer.frontends.pipes.values import Block, Data, Definition, Named, Parameter, Pipe, Stage, Value
from overseer.jsonvalue import Json
from overseer.plan.faults import Fault


class NotPipes(Exception):
    """Text that is not pipes; `fault` says where and why."""

    def __init__(self, problem: str, help: str = "", line: int | None = None) -> None:
        super().__init__(problem)
        self.fault = Fault(problem, help, line=line)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word, text, mark, comment or end
    text: str
    line: int


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r]+)|(?P<comment>#[^\n]*)|(?P<newline>\n)|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<mark>[|,(){}\[\]=])|(?P<word>[^\s|,(){}\[\]=\"'#]+)"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_CONSTANTS: dict[str, Json] = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_NAME = re.compile(r"[^\W\d]\w*")
_NAMED = re.compile(r"\$?([^\W\d]\w*|\$)((?:\.\w+)*)")
_DEEPEST = 50


def parsed(text: str) -> tuple[Definition, ...]:
    """The definitions in a text; NotPipes with the line where it is none."""
    found: list[Definition] = []
    for statement in _statements(text.removeprefix("\ufeff")):
        found.append(_Parser(statement).definition())
    return tuple(found)


def _statements(text: str) -> list[list[_Token]]:
    """The tokens of each statement. A line goes on within brackets, before a `|` and after one."""
    statements: list[list[_Token]] = [[]]
    line, position, depth = 1, 0, 0
    is_new = False  # whether a line has ended that could be the last of a statement
    comments: list[_Token] = []  # above the statement that comes next
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise NotPipes(f"{text[position : position + 20].splitlines()[0]!r} has no closing quote", line=line)
        kind, token, position = found.lastgroup or "", found.group(), found.end()
        if kind == "newline":
            line += 1
            is_new = depth == 0
        if kind == "comment":
            comments = [*comments, _Token(kind, token, line)] if is_new or not statements[-1] else []
        if kind in ("newline", "blank", "comment"):
            continue
        before = statements[-1][-1].text if statements[-1] else ""
        if is_new and statements[-1] and token != "|" and before not in ("|", "="):
            statements.append([])
        if not statements[-1]:
            statements[-1] += comments
        comments, is_new = [], False
        depth += (token in "([{" and kind == "mark") - (token in ")]}" and kind == "mark")
        statements[-1].append(_Token(kind, token, line))
    return [statement for statement in statements if statement]


@dataclass(slots=True)
class _Parser:
    """One statement, read from left to right."""

    tokens: list[_Token]
    at: int = 0
    depth: int = 0
    end: _Token = field(init=False)

    def __post_init__(self) -> None:
        self.end = _Token("end", "the end", self.tokens[-1].line)

    def definition(self) -> Definition:
        comment = " ".join(token.text.lstrip("# ") for token in self.tokens if token.kind == "comment")
        self.tokens = [token for token in self.tokens if token.kind != "comment"]
        line = self.tokens[0].line
        name = ""
        parameters: tuple[Parameter, ...] = ()
        if self._peek().text == "def" and self._peek(1).kind == "word":
            self._next()
            name, parameters = self._name("the name of what is defined"), self._parameters()
            if self._peek().text == "->":
                self._next()
                self._name("the type of the result")
            self._expect("=")
        elif self._peek(1).text == "=":
            name = self._name("the name of what is defined")
            self._next()
        pipe = self._pipe()
        if self._peek().kind != "end":
            raise self._refuse(f"'|' or the end must come here, not '{self._peek().text}'")
        return Definition(name, parameters, pipe, line, comment)

    def _parameters(self) -> tuple[Parameter, ...]:
        self._expect("(")
        found: list[Parameter] = []
        while self._peek().text != ")":
            if found:
                self._expect(",")
            word = self._word("a parameter")
            if word.endswith(":"):
                word += self._word("a type")
            name, _, kind = word.partition(":")
            default, has_default = None, self._peek().text == "="
            if has_default:
                self._next()
                default = _plain(self._value(), self._peek().line)
            found.append(Parameter(name, kind, default, has_default))
        self._next()
        return tuple(found)

    # --- pipes

    def _pipe(self) -> Pipe:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._refuse(f"the brackets are more than {_DEEPEST} deep")
        stages: list[Stage | Block | Data] = [self._stage(is_first=True)]
        while self._peek().text == "|" and self._peek().kind == "mark":
            self._next()
            stages.append(self._stage(is_first=False))
        self.depth -= 1
        return tuple(stages)

    def _stage(self, *, is_first: bool) -> Stage | Block | Data:
        token = self._peek()
        if token.kind == "mark" and token.text in "[{" and not self._is_data():
            return self._block()
        if token.kind == "text" or token.text in ("[", "{") or _is_constant(token.text):
            value = _plain(self._value(), token.line)
            if not is_first:
                raise NotPipes(f"{token.text} is a value, not a tool", "a value can only come first", token.line)
            return Data(value, self._capture(), token.line)
        if token.kind == "end":
            raise self._refuse("something is missing at the end")
        if token.kind != "word":
            raise self._refuse(f"a tool must come here, not '{token.text}'")
        if token.text in ("lambda", "lambda:"):
            raise self._refuse("there is no lambda", "make it a tool, or a step with 'code' in a YAML plan")
        name = self._name("the name of a tool")
        args, named = self._in_brackets() if self._peek().text == "(" else self._words()
        return Stage(name, args, named, self._capture(), token.line)

    def _block(self) -> Block:
        opening = self._next()
        closing = "]" if opening.text == "[" else "}"
        branches: list[Pipe] = []
        while self._peek().text != closing:
            if branches:
                self._expect(",")
            branches.append(self._pipe())
        self._next()
        if len(branches) < 2:
            raise NotPipes("a block needs two branches or more", "take the brackets away", opening.line)
        return Block(tuple(branches), self._capture(), opening.line)

    def _is_data(self) -> bool:
        """Whether a bracket begins a value rather than a block."""
        inside = self._peek(1)
        return inside.kind == "text" or inside.text in ("[", "]", "}") or _is_constant(inside.text)

    def _capture(self) -> str:
        if self._peek().text != "as":
            return ""
        self._next()
        return self._name("a name for the result")

    # --- arguments

    def _in_brackets(self) -> tuple[tuple[Value, ...], dict[str, Value]]:
        self._expect("(")
        args: list[Value] = []
        named: dict[str, Value] = {}
        while self._peek().text != ")":
            if args or named:
                self._expect(",")
            if self._peek(1).text == "=":
                self._take_named(named)
            elif named:
                raise self._refuse("an argument without a name comes after one with a name")
            else:
                args.append(self._value())
        self._next()
        return tuple(args), named

    def _words(self) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """Arguments as a shell has them: words without brackets, which are texts."""
        args: list[Value] = []
        named: dict[str, Value] = {}
        while (token := self._peek()).kind in ("word", "text") and token.text != "as":
            if self._peek(1).text == "=":
                self._take_named(named, is_word=True)
            else:
                args.append(self._value(is_word=True))
        return tuple(args), named

    def _take_named(self, named: dict[str, Value], *, is_word: bool = False) -> None:
        name = self._name("the name of an argument")
        if name in named:
            raise self._refuse(f"the argument '{name}' is there twice")
        self._next()
        named[name] = self._value(is_word=is_word)

    def _value(self, *, is_word: bool = False) -> Value:
        token = self._next()
        if token.kind == "text":
            return _unquoted(token)
        if token.kind == "word":
            return _value_of(token, is_word=is_word)
        if token.text == "[":
            items: list[Value] = []
            while self._peek().text != "]":
                if items:
                    self._expect(",")
                items.append(self._value())
            self._next()
            return items
        if token.text == "{":
            return self._object()
        raise NotPipes(f"a value must come here, not '{token.text}'", line=token.line)

    def _object(self) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        while self._peek().text != "}":
            if entries:
                self._expect(",")
            key = self._next()
            if key.kind != "text":
                raise NotPipes(f"a key in quotes must come here, not '{key.text}'", line=key.line)
            self._expect(":")
            entries[_unquoted(key)] = self._value()
        self._next()
        return entries

    # --- tokens

    def _peek(self, ahead: int = 0) -> _Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else self.end

    def _next(self) -> _Token:
        token = self._peek()
        if token.kind == "end":
            raise self._refuse("something is missing at the end")
        self.at += 1
        return token

    def _word(self, what: str) -> str:
        token = self._next()
        if token.kind != "word":
            raise NotPipes(f"{what} must come here, not '{token.text}'", line=token.line)
        return token.text

    def _name(self, what: str) -> str:
        token = self._peek()
        text = self._word(what)
        if not _NAME.fullmatch(text):
            raise NotPipes(f"{what} must come here, not '{text}'", line=token.line)
        return text

    def _expect(self, text: str) -> None:
        token = self._next()
        if token.text != text:
            raise NotPipes(f"'{text}' must come here, not '{token.text}'", line=token.line)

    def _refuse(self, problem: str, help: str = "") -> NotPipes:
        return NotPipes(problem, help, self._peek().line)


def _is_constant(word: str) -> bool:
    return word in _CONSTANTS or _NUMBER.fullmatch(word) is not None


def _value_of(token: _Token, *, is_word: bool) -> Value:
    word = token.text
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if number := _NUMBER.fullmatch(word):
        return float(word) if any(number.groups()) else int(word)
    named = _NAMED.fullmatch(word)
    if named and (word.startswith("$") or not is_word):
        return Named("$$" if named.group(1) == "$" else named.group(1), named.group(2))
    if is_word:
        return word
    raise NotPipes(f"'{word}' is no value", "put text in quotes", token.line)


def _unquoted(token: _Token) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found.group(1), found.group(1)), token.text[1:-1])


def _plain(value: Value, line: int) -> Json:
    """A value that reads nothing."""
    if isinstance(value, Named):
        raise NotPipes(f"'{value.name}' has no value here", "write a plain value", line)
    if isinstance(value, list):
        return [_plain(item, line) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, line) for key, item in value.items()}
    return value
