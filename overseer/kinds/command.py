"""The kind `command`: a tool that runs a program.

    command:
      arguments: [pandoc, --from, markdown, --to, "{format}", --, "{files}"]
      stdin: "{text}"
      folder: drafts
      variables: {LANG: C.UTF-8, API_KEY: {secret: PANDOC_KEY}}
      timeout: 30s
      result: text            # or json, lines, full
      ok_exit_codes: [0]      # or any

Each item of `arguments` is one argument, whatever it holds: nothing is ever split or read by a shell. An item
that is a placeholder and nothing else becomes as many arguments as its list has items, and none if it
was not given. `{tool_dir}` is the folder of the tool's file.

An argument that begins with "-" could be taken for an option, so one that a caller made so is refused, unless
`--` comes before it or the tool says `allow_options: true`. Numbers may be negative.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from overseer.jsonvalue import Json, as_text, kind_of
from overseer.kinds.declaration import CONTEXT, Declaration, KindError, Place, SectionFault
from overseer.kinds.template import Template, TemplateError
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean
from overseer.tool import CommandResult, ToolContext, ToolError

TOOL_DIR = "tool_dir"

ResultForm = Literal["text", "json", "lines", "full"]

_KEYS = ("arguments", "stdin", "folder", "variables", "timeout", "result", "ok_exit_codes", "allow_options")
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TOLD_CHARACTERS = 2_000


def command_function(declaration: Declaration, section: Json) -> Callable[..., Json]:
    """What a tool with this section does when it is called; KindError says all that is wrong with it."""
    reading = _Reading(declaration)
    command = reading.command(section) if reading.is_section(section) else None
    if command is None or reading.faults:
        raise KindError(reading.faults)
    return command.run


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable's value that is a secret of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """A section, read."""

    arguments: tuple[Template, ...]
    constants: Mapping[str, Json]  # the tool's folder, and the parameters' defaults
    stdin: Template
    folder: Template
    variables: Mapping[str, Template | Secret]
    timeout_s: float
    result: ResultForm
    ok_exit_codes: tuple[int, ...] | None  # None: any
    allow_options: bool

    def run(self, **given: Any) -> Json:
        context: ToolContext = given.pop(CONTEXT)
        values = {**self.constants, **given}
        arguments = self._filled(values)
        ended = context.run_command(
            arguments,
            stdin=self.stdin.fill(values),
            folder=self.folder.fill(values),
            variables={
                name: context.secret(value.name) if isinstance(value, Secret) else value.fill(values)
                for name, value in self.variables.items()
            },
            timeout_s=self.timeout_s,
        )
        if self.ok_exit_codes is not None and ended.exit_code not in self.ok_exit_codes:
            raise ToolError(f"'{arguments[0]}' ended with exit code {ended.exit_code}{_said(ended)}")
        return _value(ended, self.result, arguments[0])

    def _filled(self, values: Mapping[str, Json]) -> list[str]:
        arguments: list[str] = []
        is_guarded = self.allow_options
        for template in self.arguments:
            if template.pieces == ("--",):
                is_guarded = True
            for argument, value in _arguments(template, values):
                is_made_option = argument.startswith("-") and not template.pieces[0]
                if is_made_option and not is_guarded and not _is_number(value):
                    raise _option_refused(template, argument)
                arguments.append(argument)
        return arguments


def _arguments(template: Template, values: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """The arguments that an item becomes, each with the value it was made of."""
    name = template.whole()
    if name is None:
        return [(template.fill(values), None)]
    value = values.get(name)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [(as_text(item), item) for item in items]


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float)


def _option_refused(template: Template, argument: str) -> ToolError:
    return ToolError(
        f"the argument '{argument[:80]}' for {{{template.pieces[1]}}} begins with '-', so the program could take it "
        "for an option; give one that does not (a path can begin with ./), or let the tool's file have '--' before "
        "it or say allow_options: true",
        kind="bad_request",
    )


def _value(ended: CommandResult, form: ResultForm, program: str) -> Json:
    match form:
        case "text":
            return ended.stdout.removesuffix("\n")
        case "lines":
            return ended.stdout.splitlines()
        case "json":
            return _parsed(ended, program)
        case "full":
            return {
                "exit_code": ended.exit_code,
                "stdout": ended.stdout,
                "stderr": ended.stderr,
                "is_cut": ended.is_cut,
            }


def _parsed(ended: CommandResult, program: str) -> Json:
    try:
        return json.loads(ended.stdout)
    except (ValueError, RecursionError) as error:
        if ended.is_cut:
            problem = f"'{program}' printed more than is kept, so it cannot be read as JSON"
        elif not ended.stdout.strip():
            problem = f"'{program}' printed nothing, not JSON{_said(ended)}"
        else:
            problem = f"what '{program}' printed is not JSON ({error}); it begins: {ended.stdout[:200]}"
        raise ToolError(problem, kind="invalid_output") from None


def _said(ended: CommandResult) -> str:
    said = (ended.stderr.strip() or ended.stdout.strip())[-_TOLD_CHARACTERS:]
    return f": {said}" if said else ""


class _Reading:
    """Reads a section and collects what is wrong with it."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._known = (*declaration.names, TOOL_DIR)
        self.faults: list[SectionFault] = []

    def is_section(self, section: Json) -> bool:
        if isinstance(section, dict):
            return True
        self._fault((), f"the section is a {kind_of(section)}; write arguments: [program, ...] under command:")
        return False

    def command(self, section: Mapping[str, Json]) -> Command:
        for key in section:
            if key not in _KEYS:
                self._fault((key,), f"'{key}' is no key of a command; {did_you_mean(str(key), _KEYS)}")
        if TOOL_DIR in self._declaration.names:
            self._fault(
                (), f"a parameter cannot be called '{TOOL_DIR}', which stands for the folder of the tool's file"
            )
        return Command(
            arguments=self._arguments(section.get("arguments")),
            constants=self._constants(),
            stdin=self._text(section.get("stdin", ""), ("stdin",)),
            folder=self._text(section.get("folder", "."), ("folder",)),
            variables=self._variables(section.get("variables", {})),
            timeout_s=self._timeout(section.get("timeout", 60)),
            result=self._result(section.get("result", "text")),
            ok_exit_codes=self._exit_codes(section.get("ok_exit_codes", [0])),
            allow_options=self._flag(section.get("allow_options", False), "allow_options"),
        )

    def _constants(self) -> dict[str, Json]:
        properties = self._declaration.parameters.get("properties", {})
        defaults = {name: schema["default"] for name, schema in properties.items() if _has_default(schema)}
        return {**defaults, TOOL_DIR: str(self._declaration.folder)}

    def _arguments(self, items: Json) -> tuple[Template, ...]:
        if not isinstance(items, list) or not items:
            has = "is missing" if items is None else "is empty" if items == [] else f"is a {kind_of(items)}"
            self._fault(
                ("arguments",), f"'arguments' {has}; write a list: the program, then one item for each argument"
            )
            return ()
        templates = tuple(self._text(item, ("arguments", place)) for place, item in enumerate(items))
        if any(name != TOOL_DIR for name in templates[0].names):
            self._fault(("arguments", 0), "the program is an argument of the call; name the program itself here")
        elif not any(templates[0].pieces):
            self._fault(("arguments", 0), "the program's name is empty")
        return templates

    def _text(self, item: Json, place: Place) -> Template:
        if isinstance(item, int | float) and not isinstance(item, bool):
            item = as_text(item)
        if not isinstance(item, str):
            self._fault(place, f"this is a {kind_of(item)}, not text; put it in quotes")
            return Template(("",))
        if "\0" in item:
            self._fault(place, "this holds a NUL character; take it away")
        try:
            return Template.parse(item, self._known)
        except TemplateError as error:
            self._fault(place, str(error))
            return Template(("",))

    def _variables(self, members: Json) -> dict[str, Template | Secret]:
        if not isinstance(members, dict):
            self._fault(("variables",), f"'variables' is a {kind_of(members)}; write NAME: value for each")
            return {}
        variables: dict[str, Template | Secret] = {}
        for name, value in members.items():
            place = ("variables", name)
            if not _VARIABLE.fullmatch(name):
                self._fault(place, f"'{name}' is not a variable's name; use letters, digits and '_'")
            if isinstance(value, dict):
                variables[name] = self._secret(value, place)
            else:
                variables[name] = self._text(value, place)
        return variables

    def _secret(self, value: Mapping[str, Json], place: Place) -> Secret:
        name = value.get("secret")
        if list(value) != ["secret"] or not isinstance(name, str) or not name:
            self._fault(place, "write text, or {secret: NAME} for a secret of that name")
            return Secret("")
        return Secret(name)

    def _timeout(self, value: Json) -> float:
        try:
            return seconds_of(value)
        except ValueError as error:
            self._fault(("timeout",), f"'timeout' {error}")
            return 0.0

    def _result(self, value: Json) -> ResultForm:
        forms: Sequence[ResultForm] = get_args(ResultForm)
        for form in forms:
            if value == form:
                return form
        remedy = (
            did_you_mean(value, forms, "there are") if isinstance(value, str) else f"use one of: {', '.join(forms)}"
        )
        self._fault(("result",), f"'{as_text(value)}' is no form of a result; {remedy}")
        return "text"

    def _exit_codes(self, value: Json) -> tuple[int, ...] | None:
        if value == "any":
            return None
        if not isinstance(value, list) or not value or not all(type(code) is int for code in value):
            self._fault(("ok_exit_codes",), "'ok_exit_codes' must be a list of whole numbers such as [0, 1], or any")
            return ()
        return tuple(value)

    def _flag(self, value: Json, key: str) -> bool:
        if not isinstance(value, bool):
            self._fault((key,), f"'{key}' is a {kind_of(value)}; write true or false")
        return value is True

    def _fault(self, place: Place, problem: str) -> None:
        self.faults.append(SectionFault(place, problem))


def _has_default(schema: Json) -> bool:
    return isinstance(schema, dict) and "default" in schema
