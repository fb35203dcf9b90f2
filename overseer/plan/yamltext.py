"""YAML read event by event, without recursion and without the surprises of YAML 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from overseer.jsonvalue import Json
from overseer.plan.assembly import Assembly
from overseer.plan.complaints import complaint
from overseer.plan.scalars import NotAValue, finite, plain_value

# What YAML does not allow to stand in a text as it is.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_CORE = "tag:yaml.org,2002:"


def assemble_yaml(text: str, assembly: Assembly) -> None:
    """Feed the events of a YAML text to an assembly; Unparsable where the text cannot be parsed."""
    import yaml

    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        code = f"U+{ord(found.group()):04X}"
        raise assembly.refuse(
            line, f"the character {code} is not allowed", "take it away, or escape it in double quotes"
        )
    documents = 0
    try:
        for event in _events(text):
            line = event.start_mark.line + 1
            match event:
                case yaml.ScalarEvent():
                    _take_scalar(event, line, assembly)
                case yaml.MappingStartEvent():
                    _check_tag(event, line, assembly, f"{_CORE}map")
                    assembly.open({}, line, event.anchor)
                case yaml.SequenceStartEvent():
                    _check_tag(event, line, assembly, f"{_CORE}seq")
                    assembly.open([], line, event.anchor)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    assembly.close()
                case yaml.AliasEvent():
                    assembly.alias(str(event.anchor), line)
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise assembly.refuse(line, "a second document starts here", "keep one plan in a file")
    except yaml.YAMLError as error:
        raise assembly.refuse(*complaint(error, text)) from None
    if not documents:
        raise assembly.refuse(1, "there is nothing in it")


def _events(text: str) -> Iterator[Any]:
    import yaml

    # Events are all that is taken: no tag is ever resolved and nothing is constructed.
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    events: Iterator[Any] = yaml.parse(text, Loader=loader)
    return events


def _take_scalar(event: Any, line: int, assembly: Assembly) -> None:
    if assembly.awaits_key:
        if event.value == "<<" and event.implicit[0]:
            assembly.bad_key(line, "merge keys ('<<') are not supported", "write the entries out")
        else:
            assembly.key(event.value, line)
        return
    try:
        value = _value(event)
    except NotAValue as error:
        assembly.fault(line, str(error))
        value = event.value
    assembly.scalar(value, line, event.anchor)


def _value(event: Any) -> Json:
    if event.tag is None:
        return plain_value(event.value) if event.implicit[0] else event.value
    if event.tag in ("!", f"{_CORE}str"):
        return event.value
    kind = event.tag.removeprefix(_CORE)
    if kind not in _TAGGED:
        raise NotAValue(f"the tag '{_short(event.tag)}' is not supported; write plain text, numbers, lists or mappings")
    value = plain_value(event.value) if event.value else None
    if kind == "float" and type(value) is int:
        value = finite(str(value))
    if type(value) not in _TAGGED[kind]:
        raise NotAValue(f"'{event.value}' is not what its tag '!!{kind}' says")
    return value


_TAGGED: dict[str, tuple[type, ...]] = {"null": (type(None),), "bool": (bool,), "int": (int,), "float": (float,)}


def _check_tag(event: Any, line: int, assembly: Assembly, fitting: str) -> None:
    if event.tag not in (None, "!", fitting):
        assembly.fault(line, f"the tag '{_short(event.tag)}' is not supported", "take it away")


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag
