"""YAML files with tools in them: one tool, or several under `tools:`.

What all kinds share is read here; the section that makes the kind is left to the kind. Everything
wrong with a file is found at once, each fault with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overseer.jsonvalue import Json
from overseer.kinds import CONTEXT, Declaration, KindError
from overseer.plan.document import read_document
from overseer.plan.faults import Fault
from overseer.plan.fields import Fields, Findings, Place
from overseer.plan.files import NoText, read_text
from overseer.plan.grammar import Key, Keys
from overseer.registry.documents import cached_document
from overseer.registry.findings import FileContent, Problem
from overseer.registry.folders import Layer
from overseer.registry.schemachecks import schema_faults
from overseer.registry.seedform import from_seed_form
from overseer.registry.workflowtools import workflow_parts
from overseer.tool import EFFECTS, REPEATABLE, Effect, Kind, Tool, tool_faults

KINDS: Keys = {
    "llm": Key("text", "a language model is asked"),
    "command": Key("text", "a program is run"),
    "http": Key("text", "a request is sent"),
    "openapi": Key("text", "every operation of an API becomes a tool"),
    "workflow": Key("text", "a saved plan is carried out"),
}

TOOL_KEYS: Keys = {
    "name": Key("text", "what plans call it; the name of the file, if left out"),
    "description": Key("text", "what it does, in one sentence"),
    "parameters": Key(
        "inputs", "its arguments by name, each a type or a JSON Schema; one with a default may be left out"
    ),
    "effect": Key("text", f"what it does to the world: {', '.join(EFFECTS)}"),
    "writes": Key("texts", "what it changes, named after its arguments, such as file:{path}"),
    "idempotent": Key("flag", "whether calling it twice is as good as once"),
    "timeout": Key("duration", "how long a call may take"),
    "output": Key("value", "the JSON Schema of its result"),
    "tags": Key("texts", "words to find it by"),
    "examples": Key("value", "requests that it serves, with their arguments"),
    **KINDS,
}

# What an OpenAPI document says of each of its operations.
_OF_ONE_TOOL = ("name", "parameters", "effect", "writes", "idempotent", "output", "examples")

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_DEFAULT_EFFECTS: Mapping[str, Effect] = {"llm": "model", "command": "exec", "http": "network"}

# What a file may at least say of a kind. Whether a program does less than any program could is for the user to
# say, or us: what comes with a project says it of itself.
_LEAST: Mapping[str, Effect] = {"llm": "model", "http": "network"}
_LEAST_OF_A_PROJECT: Mapping[str, Effect] = {**_LEAST, "command": "exec"}

_PROMPT: Mapping[str, Json] = {"prompt": {"type": "string", "description": "what is wanted"}}


def read_yaml(path: Path, layer: Layer = "user") -> FileContent:
    """The tools that a file declares, and everything that is wrong with it."""
    try:
        document = read_document(read_text(path), syntax="yaml")
    except NoText as error:
        return FileContent(problems=(_problem(path, error.fault),))
    findings = Findings(document.lines, list(document.faults))
    tools: list[Tool] = []
    if not document.is_broken:
        for at, value in _declared(document.value, findings):
            faults_before = len(findings.faults)
            found = _tools(path, at, value, findings)
            for tool in found:
                _check_effect(tool, layer, at, findings)
            if len(findings.faults) == faults_before:
                tools += found
    return FileContent(tuple(tools), tuple(_problem(path, fault) for fault in findings.faults))


def _problem(path: Path, fault: Fault) -> Problem:
    return Problem(path, f"{fault.problem}; {fault.help}" if fault.help else fault.problem, fault.line)


def _check_effect(tool: Tool, layer: Layer, at: Place, findings: Findings) -> None:
    least = (_LEAST_OF_A_PROJECT if layer == "project" else _LEAST).get(tool.kind, "pure")
    if EFFECTS.index(tool.effect) < EFFECTS.index(least):
        whose = " of a project" if layer == "project" and tool.kind == "command" else ""
        problem = f"the effect of a tool of the kind {tool.kind}{whose} is at least '{least}', not '{tool.effect}'"
        findings.fault(at / "effect", problem, "say so, or leave 'effect' out")


def _declared(value: Json, findings: Findings) -> Iterator[tuple[Place, Mapping[str, Json]]]:
    """Each tool of a file, and where it is."""
    at = Place()
    if isinstance(value, dict) and set(value) == {"tools"} and not isinstance(value["tools"], list):
        findings.fault(at / "tools", "'tools' must be a list of tools", "begin each with '- name:'")
    elif isinstance(value, dict) and set(value) == {"tools"}:
        for index, item in enumerate(value["tools"]):
            if isinstance(item, dict):
                yield at / "tools" / index, item
            else:
                findings.fault(
                    at / "tools" / index, "this is not a tool", "write a mapping with name, description and kind"
                )
    elif isinstance(value, dict):
        yield at, value
    else:
        findings.fault(at, "this is not a tool", "write a mapping with name, description and a kind such as llm:")


def _tools(path: Path, at: Place, value: Mapping[str, Json], findings: Findings) -> list[Tool]:
    value = from_seed_form(value)
    fields = Fields(value, at, TOOL_KEYS, findings)
    kinds = fields.given(KINDS)
    if len(kinds) != 1:
        given = " and ".join(f"'{kind}'" for kind in kinds) or "no kind"
        findings.fault(at, f"a tool is of one kind, and this one has {given}", f"give it one of: {', '.join(KINDS)}")
        return []
    kind = kinds[0]
    section = fields.get(kind)
    name = fields.text("name") or path.stem
    try:
        return _MAKERS[kind](path, name, fields, section)
    except KindError as error:
        for fault in error.faults:
            place = at / kind
            for part in fault.place:
                place = place / part
            findings.fault(place, f"{kind}: {fault.problem}")
    return []


# --- kinds


def _llm(path: Path, name: str, fields: Fields, section: Json) -> list[Tool]:
    from overseer.kinds.llm import llm_function

    output = fields.get("output")
    declaration = _declaration(path, name, fields)
    return _tool("llm", path, declaration, fields, llm_function(declaration, _mapping(section), output))


def _command(path: Path, name: str, fields: Fields, section: Json) -> list[Tool]:
    from overseer.kinds.command import command_function

    declaration = _declaration(path, name, fields)
    return _tool("command", path, declaration, fields, command_function(declaration, _mapping(section)))


def _http(path: Path, name: str, fields: Fields, section: Json) -> list[Tool]:
    from overseer.kinds.http import http_function, is_repeatable

    declaration = _declaration(path, name, fields)
    function = http_function(declaration, _mapping(section))
    return _tool("http", path, declaration, fields, function, repeatable=is_repeatable(section))


def _openapi(path: Path, name: str, fields: Fields, section: Json) -> list[Tool]:
    from overseer.kinds.openapi import openapi_tools

    for key in fields.given(_OF_ONE_TOOL):  # which of the many should it be about?
        fields.fault(key, f"'{key}' is said by the document itself", "take it away")
    made = openapi_tools(section, path.parent, cached_document)
    return [replace(tool, origin=str(path), tags=(*tool.tags, *fields.texts("tags"))) for tool in made]


def _workflow(path: Path, name: str, fields: Fields, section: Json) -> list[Tool]:
    parts = workflow_parts(path.parent, section)
    declaration = Declaration(name, parts.parameters, path.parent)
    return _tool("workflow", path, declaration, fields, parts.function, plan=parts.plan)


_MAKERS = {"llm": _llm, "command": _command, "http": _http, "openapi": _openapi, "workflow": _workflow}


def _mapping(section: Json) -> Mapping[str, Json]:
    from overseer.kinds import SectionFault

    if not isinstance(section, dict):
        raise KindError([SectionFault((), "must be a mapping of keys to values")])
    return section


def _declaration(path: Path, name: str, fields: Fields) -> Declaration:
    return Declaration(name, _parameters(fields), path.parent)


def _tool(
    kind: Kind,
    path: Path,
    declaration: Declaration,
    fields: Fields,
    function: Any,
    *,
    repeatable: bool = False,
    plan: Any = None,
) -> list[Tool]:
    effect: Effect = fields.choice("effect", EFFECTS, _DEFAULT_EFFECTS.get(kind, "pure"))
    output = fields.get("output")
    made = Tool(
        name=declaration.name,
        function=function,
        description=fields.filled_text("description"),
        parameters=declaration.parameters,
        effect=effect,
        writes=fields.texts("writes"),
        idempotent=fields.flag("idempotent", repeatable or effect in REPEATABLE),
        timeout_s=fields.duration("timeout"),
        output=output if isinstance(output, dict) else None,
        tags=fields.texts("tags"),
        examples=tuple(item for item in fields.listing("examples") if isinstance(item, dict)),
        origin=str(path),
        kind=kind,
        context_parameter=CONTEXT,
        plan=plan,
    )
    if "description" not in fields:
        fields.fault(None, "a tool needs a description", "say in one sentence what it does")
    if output is not None and not isinstance(output, dict):
        fields.misfit("output", "a JSON Schema")
    for index, example in enumerate(fields.listing("examples")):
        if not isinstance(example, dict):
            fields.findings.misfit(fields.at / "examples" / index, "a mapping with request and args", example)
    _check_schema(fields, "parameters", declaration.parameters)
    if isinstance(output, dict):
        _check_schema(fields, "output", output)
    for fault in tool_faults(made):
        fields.fault(None, fault)
    return [made]


# --- parameters


def _parameters(fields: Fields) -> dict[str, Json]:
    """The JSON Schema of the arguments; a tool that declares none takes a prompt."""
    if "parameters" not in fields and not fields.has("parameters"):
        return _schema(dict(_PROMPT), ["prompt"])
    given = fields.mapping("parameters")
    if _is_one_schema(given):
        return dict(given)
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, described in given.items():
        schema = _parameter(name, described, fields)
        properties[name] = schema
        if "default" not in schema:
            required.append(name)
    return _schema(properties, required)


def _is_one_schema(given: Mapping[str, Json]) -> bool:
    """Whether it is one schema of all arguments, and not one for each."""
    return given.get("type") == "object" and isinstance(given.get("properties", {}), dict)


def _check_schema(fields: Fields, key: str, schema: Mapping[str, Json]) -> None:
    """Tell what is wrong with a schema, where it stands in the file."""
    is_by_name = key == "parameters" and not _is_one_schema(fields.mapping(key))
    for where, problem in schema_faults(schema):
        place = fields.at / key
        for part in where[1:] if is_by_name and where[:1] == ("properties",) else where:
            place = place / part
        fields.findings.fault(place, f"'{place.label}': {problem}")


def _schema(properties: dict[str, Json], required: list[str]) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter(name: str, described: Json, fields: Fields) -> dict[str, Json]:
    at = fields.at / "parameters" / name
    if isinstance(described, str) and described in _TYPES:
        return {"type": described}
    if not isinstance(described, dict):
        fields.findings.misfit(at, f"one of {', '.join(_TYPES)}, or a JSON Schema", described)
        return {}
    schema = {key: value for key, value in described.items() if key != "required" or not isinstance(value, bool)}
    if described.get("required") is False:  # as OpenAPI and the first tool files say it
        schema.setdefault("default", None)
    return schema
