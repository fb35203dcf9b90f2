"""References such as `{{joke.title[0]}}`: parsed once to values, never replaced inside strings.

A string that is one reference becomes a `Ref` and keeps the type of what it reads. A string with
references in it becomes a `Text`, rendered piece by piece. `{{"{{"}}` writes literal braces. A
result that happens to contain `{{x}}` stays text, because only plans are parsed, never values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from overseer.jsonvalue import Json, as_text, kind_of

Template: TypeAlias = Any  # Json whose leaves may also be Ref or Text

# What a reference may start with besides a step's id.
CONTEXT_NAMES = ("inputs", "item", "index", "last", "event")

NAME = r"\w(?:[\w-]*\w)?"
_QUOTED = r"\"((?:[^\"\\]|\\.)*)\""
_NAME = re.compile(NAME)
_HEAD = re.compile(rf"\s*({NAME})")
_STEP = re.compile(rf"\.({NAME})|\[(-?\d{{1,9}})\]|\[{_QUOTED}\]", re.DOTALL)
_LITERAL = re.compile(rf"\s*{_QUOTED}\s*\}}\}}", re.DOTALL)
_LITERAL_HINT = 'for literal braces write {{"{{"}}'
_TAIL = re.compile(r"\s*\}\}")


class BadReference(ValueError):
    """Text between `{{` and `}}` that is not a reference."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A place to read: a step's result, an input or the current round, and a path into it."""

    name: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return self.name + "".join([_written_step(step) for step in self.path]) if self.path else self.name


@dataclass(frozen=True, slots=True)
class Text:
    """Text with references in it."""

    parts: tuple[str | Ref, ...]


class Unreadable(Exception):
    """A reference whose path does not exist in the value it reads."""


def is_name(text: str) -> bool:
    """Whether a reference can start with this text."""
    return _NAME.fullmatch(text) is not None


def parse(source: str) -> str | Ref | Text:
    """`source` as plain text, one reference, or text with references; BadReference if malformed."""
    if "{{" not in source:
        return source
    parts: list[str | Ref] = []
    literal = ""
    position = 0
    while (found := source.find("{{", position)) >= 0:
        literal += source[position:found]
        if quoted := _LITERAL.match(source, found + 2):
            literal += _unescaped(quoted.group(1))
            position = quoted.end()
            continue
        ref, position = _reference(source, found + 2)
        parts += [literal, ref] if literal else [ref]
        literal = ""
    if literal := literal + source[position:]:
        parts.append(literal)
    if len(parts) == 1:
        return parts[0]
    return Text(tuple(parts)) if parts else ""


def _reference(source: str, position: int) -> tuple[Ref, int]:
    """The reference whose inside starts at `position`, and the position after its `}}`."""
    head = _HEAD.match(source, position)
    if head is None:
        raise BadReference(_complaint(source, position))
    path: list[str | int] = []
    position = head.end()
    while step := _STEP.match(source, position):
        name, number, quoted = step.groups()
        path.append(name if name is not None else int(number) if number is not None else _unescaped(quoted))
        position = step.end()
    tail = _TAIL.match(source, position)
    if tail is None:
        raise BadReference(_complaint(source, head.start()))
    return Ref(head.group(1), tuple(path)), tail.end()


def _complaint(source: str, position: int) -> str:
    end = source.find("}}", position)
    if end < 0:
        return f"'{{{{{source[position : position + 30]}' has no closing '}}}}'; {_LITERAL_HINT}"
    return (
        f"'{{{{{source[position:end]}}}}}' is not a reference; "
        f"write {{{{step}}}}, {{{{step.field}}}}, {{{{step[0]}}}} or {{{{inputs.name}}}}; {_LITERAL_HINT}"
    )


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


def _written_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if is_name(step):
        return f".{step}"
    return f"[{_quoted(step)}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parsed(value: Json) -> Template:
    """A JSON value with every string in it parsed."""
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, list | tuple):
        return [parsed(item) for item in value]
    if isinstance(value, Mapping):
        return {key: parsed(item) for key, item in value.items()}
    return value


def written(template: Template) -> Json:
    """The JSON value that `parsed` would read as `template`."""
    # The commonest first: every recorded run writes all arguments of its plan.
    if isinstance(template, str):
        return _BRACES.sub(_as_literal, template) if "{{" in template else template
    if isinstance(template, Ref):
        return f"{{{{{template!s}}}}}"
    if isinstance(template, dict | Mapping):
        return {key: written(item) for key, item in template.items()}
    if isinstance(template, list | tuple):
        return [written(item) for item in template]
    if isinstance(template, Text):
        return "".join(_written_part(part) for part in template.parts)
    return template


def _written_part(part: str | Ref) -> str:
    if isinstance(part, Ref):
        return f"{{{{{part}}}}}"
    # A brace at the end of the text would run into the braces of the reference after it.
    return _BRACES_OR_LAST.sub(_as_literal, part)


def _as_literal(braces: re.Match[str]) -> str:
    return f"{{{{{_quoted(braces.group())}}}}}"


_BRACES = re.compile(r"\{{2,}")
_BRACES_OR_LAST = re.compile(r"\{{2,}|\{\Z")


def refs_in(template: Template) -> list[Ref]:
    """Every reference in a template, in reading order."""
    found: list[Ref] = []
    _collect(template, found)
    return found


def _collect(template: Template, found: list[Ref]) -> None:
    # Written out for speed: every start of a run walks all arguments of its plan.
    kind = type(template)
    if kind is dict or kind is list or kind is tuple:
        for item in template.values() if kind is dict else template:
            inner = type(item)
            if inner is Ref:
                found.append(item)
            elif inner is not str:
                _collect(item, found)
    elif kind is Ref:
        found.append(template)
    elif kind is Text:
        found += [part for part in template.parts if type(part) is Ref]


def rendered(template: Template, lookup: Callable[[Ref], Json]) -> Json:
    """The template with every reference replaced by the value that `lookup` gives for it."""
    kind = type(template)
    if kind is str:
        return template
    if kind is Ref:
        return lookup(template)
    if kind is dict:
        # Written out for the commonest leaves: this runs for every argument of every step.
        return {
            key: item if type(item) is str else lookup(item) if type(item) is Ref else rendered(item, lookup)
            for key, item in template.items()
        }
    if kind is Text:
        return "".join(p if type(p) is str else as_text(lookup(p)) for p in template.parts)
    if kind is list or kind is tuple:
        return [rendered(item, lookup) for item in template]
    return template


def read_path(value: Json, ref: Ref) -> Json:
    """The part of `value` that the path of `ref` leads to; Unreadable says what there is instead."""
    if value is None:
        # A skipped step is null, and so is everything read from it: a join need not guard each field.
        return None
    for depth, step in enumerate(ref.path):
        try:
            value = _entered(value, step)
        except (KeyError, IndexError, TypeError, ValueError):
            seen = Ref(ref.name, ref.path[:depth])
            raise Unreadable(f"'{ref}' does not exist; {_offer(seen, value)}") from None
        if value is None and depth + 1 < len(ref.path):
            return None
    return value


def _entered(value: Json, step: str | int) -> Json:
    if isinstance(value, dict):
        return value[str(step)]
    if isinstance(value, list):
        return value[int(step)]
    raise TypeError


def _offer(ref: Ref, value: Json) -> str:
    if isinstance(value, dict):
        names = ", ".join(sorted(map(str, value))[:12])
        return f"'{ref}' offers: {names}" if names else f"'{ref}' is an empty object"
    if isinstance(value, list):
        return f"'{ref}' is a list of {len(value)}"
    return f"'{ref}' is {'an' if kind_of(value)[0] in 'aeiou' else 'a'} {kind_of(value)}"
