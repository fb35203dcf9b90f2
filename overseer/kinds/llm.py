"""Tools that ask a language model: a prompt with arguments in it, and what the answer must look like.

    llm:
      system: You translate.
      prompt: "Translate to {target_lang}: {text}"
      role: translator          # which model that is, the user's settings say
      temperature: 0.2
      max_tokens: 2000
      without_fence: true       # a Markdown fence around the whole answer is no part of it
      choices: labels           # the answer is one of the texts that this argument lists
      fields: fields            # the answer is an object with the fields that this argument describes

What an argument holds may come from anywhere. Where it has a line of the prompt for itself, it stands there
between fences that it cannot close, as others' texts do in all prompts; within a line it is put as it is.

The result is the answer's text. It is JSON where the tool has an `output` schema, or where `choices`
or `fields` make one from the arguments.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from overseer.jsonvalue import Json, kind_of
from overseer.kinds.declaration import CONTEXT, Declaration, KindError, SectionFault
from overseer.kinds.template import Template, TemplateError
from overseer.models.promptfiles import fenced
from overseer.plan.suggestions import did_you_mean
from overseer.tool import Question, ToolContext, ToolError

_log = logging.getLogger(__name__)

Schema = Mapping[str, Json]

_KEYS = ("system", "prompt", "role", "temperature", "max_tokens", "without_fence", "choices", "fields")


def llm_function(declaration: Declaration, section: Json, output: Schema | None) -> Callable[..., Json]:
    """What the tool calls; KindError with everything that is wrong with the section."""
    reading = _Reading(declaration)
    asking = reading.asking(section, output)
    if asking is None or reading.faults:
        raise KindError(reading.faults)
    return asking.ask


@dataclass(frozen=True, slots=True)
class _Asking:
    """A tool's question, before it has arguments."""

    name: str
    system: Template
    prompt: Template
    role: str
    temperature: float | None
    max_tokens: int | None
    without_fence: bool
    schema: Callable[[Mapping[str, Json]], Schema | None]
    defaults: Mapping[str, Json]

    def ask(self, **given: Any) -> Json:
        context: ToolContext = given.pop(CONTEXT)
        arguments = {**self.defaults, **given}
        schema = self.schema(arguments)
        reply = context.ask_model(
            Question(
                prompt=self.prompt.fill(arguments, on_own_lines=fenced),
                system=self.system.fill(arguments, on_own_lines=fenced),
                role=self.role,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
                schema=schema,
            )
        )
        for warning in reply.warnings:
            _log.warning("tool '%s': %s", self.name, warning)
        if schema is not None:
            return reply.value
        if reply.is_cut:  # the steps after this one would take half of it for the whole
            raise ToolError(
                f"{reply.model} was cut off after {reply.output_tokens} tokens; raise max_tokens, or ask for less",
                kind="invalid_output",
            )
        text = (_within_fence(reply.text) if self.without_fence else reply.text).strip()
        if not text:
            raise ToolError(f"{reply.model} answered with nothing", kind="invalid_output")
        return text


_FENCE = re.compile(r"\s*(`{3,})[^\n`]*\n(.*?)\n?[ \t]*\1\s*", re.DOTALL)


def _within_fence(text: str) -> str:
    """What is inside of a Markdown fence, where that encloses all of a text."""
    fenced = _FENCE.fullmatch(text)
    return fenced.group(2) if fenced and f"\n{fenced.group(1)}" not in f"\n{fenced.group(2)}" else text


class _Reading:
    """Reads a section, and collects what is wrong with it."""

    def __init__(self, declaration: Declaration) -> None:
        self.faults: list[SectionFault] = []
        self._declaration = declaration

    def asking(self, section: Json, output: Schema | None) -> _Asking | None:
        if not isinstance(section, dict):
            self._fault((), f"must hold keys and values, such as prompt, not a {kind_of(section)}")
            return None
        for key in section:
            if key not in _KEYS:
                self._fault((key,), f"there is no key '{key}'; {did_you_mean(str(key), _KEYS)}")
        if "prompt" not in section:
            self._fault((), "has no prompt; say what the model is asked, with arguments in braces")
        parameters = self._declaration.parameters.get("properties", {})
        return _Asking(
            name=self._declaration.name,
            system=self._template("system", section),
            prompt=self._template("prompt", section),
            role=self._text("role", section.get("role", "generator")),
            temperature=self._number("temperature", section, least=0, most=2),
            max_tokens=self._whole("max_tokens", section),
            without_fence=self._flag("without_fence", section),
            schema=self._schema(section, output),
            defaults={name: described["default"] for name, described in parameters.items() if "default" in described},
        )

    def _schema(
        self, section: Mapping[str, Json], output: Schema | None
    ) -> Callable[[Mapping[str, Json]], Schema | None]:
        choices, fields = self._parameter("choices", section), self._parameter("fields", section)
        if choices is not None and fields is not None:
            self._fault(("fields",), "there are choices as well; an answer can be only one of both")
        if choices is not None:
            return lambda arguments: choices_schema(choices, arguments.get(choices))
        if fields is not None:
            return lambda arguments: fields_schema(fields, arguments.get(fields))
        return lambda _: output

    def _parameter(self, key: str, section: Mapping[str, Json]) -> str | None:
        if key not in section:
            return None
        name, known = section[key], self._declaration.names
        if isinstance(name, str) and name in known:
            return name
        remedy = did_you_mean(str(name), known, "there are") or "the tool has none"
        self._fault((key,), f"must be the name of a parameter of the tool, not {name!r}; {remedy}")
        return None

    def _template(self, key: str, section: Mapping[str, Json]) -> Template:
        try:
            return Template.parse(self._text(key, section.get(key, "")), self._declaration.names)
        except TemplateError as error:
            self._fault((key,), str(error))
            return Template(("",))

    def _text(self, key: str, value: Json) -> str:
        if isinstance(value, str):
            return value
        self._fault((key,), f"must be text, not a {kind_of(value)}")
        return ""

    def _number(self, key: str, section: Mapping[str, Json], *, least: float, most: float) -> float | None:
        value = section.get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most):
            return value
        self._fault((key,), f"must be a number from {least:g} to {most:g}, not {value!r}")
        return None

    def _whole(self, key: str, section: Mapping[str, Json]) -> int | None:
        value = section.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self._fault((key,), f"must be a whole number above 0, not {value!r}")
        return None

    def _flag(self, key: str, section: Mapping[str, Json]) -> bool:
        value = section.get(key, False)
        if not isinstance(value, bool):
            self._fault((key,), f"must be true or false, not {value!r}")
        return value is True

    def _fault(self, place: tuple[str | int, ...], problem: str) -> None:
        self.faults.append(SectionFault(place, problem))


def choices_schema(name: str, options: Json) -> Schema:
    """The schema of one of some texts."""
    if not isinstance(options, list) or not options or not all(isinstance(each, str) and each for each in options):
        raise ToolError(f"'{name}' must list the texts to choose from, at least one", kind="bad_request")
    return {"type": "string", "enum": list(dict.fromkeys(options))}


_TYPES = ("string", "number", "integer", "boolean", "array", "object")
_ANY_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def fields_schema(name: str, fields: Json) -> Schema:
    """The schema of an object, from the names of its fields, from what each is, or from a whole schema.

    A field that is only named or described may be null, so that a model need not make one up.
    """
    if isinstance(fields, dict) and fields.get("type") == "object" and isinstance(fields.get("properties"), dict):
        return fields
    if isinstance(fields, list) and all(isinstance(each, str) and each for each in fields):
        fields = dict.fromkeys(fields, "")
    if not isinstance(fields, dict) or not fields:
        raise ToolError(
            f"'{name}' must list the names of the fields, or say of each name what it is", kind="bad_request"
        )
    properties = {field: _field_schema(f"{name}.{field}", what) for field, what in fields.items()}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _field_schema(place: str, what: Json) -> Schema:
    if isinstance(what, dict):
        return what
    if not isinstance(what, str):
        raise ToolError(f"'{place}' must be a description, a type or a schema, not {what!r}", kind="bad_request")
    if what in _TYPES:
        return {"type": [what, "null"]}
    return {**_ANY_SCALAR, "description": what} if what else _ANY_SCALAR
