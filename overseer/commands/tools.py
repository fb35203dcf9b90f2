"""`overseer tools`: the tools there are, what one takes, whose they are; `overseer call`: one call of one."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path

from overseer import exits
from overseer.broker.permissions import Grants
from overseer.broker.ranking import ranked_tools
from overseer.commands.output import as_typed, put_document, put_lines, put_value, refuse_json, say_if_changed
from overseer.commands.reading import read_tools
from overseer.console import say
from overseer.descriptors import kept_from_tools
from overseer.errors import UsageError
from overseer.ids import new_run_id
from overseer.jsonvalue import Json, json_text
from overseer.ownterminal import terminal_size
from overseer.plan.suggestions import did_you_mean
from overseer.registry import Entry, Registry, load_tools, tool_folders
from overseer.registry.documents import document_urls, keep_document
from overseer.registry.folders import project_tools, tool_files, trust_of
from overseer.running.engine import Engine
from overseer.settings.config import Settings
from overseer.text.brevity import shortened
from overseer.tool import EFFECTS, Cancellation, Tool, ToolContext
from overseer.trust import distrust, trust
from overseer.wiring import document_fetcher, make_broker, require_known, take_secrets


def tools(options: Namespace, settings: Settings) -> int:
    """List the tools, or show one; trust or distrust those of the project."""
    if options.trust or options.distrust or options.fetch:
        refuse_json(options)
    if options.trust or options.distrust:
        return _change_trust(is_wanted=options.trust)
    if options.fetch:
        return _fetch(options, settings)
    take_secrets(settings)  # before any tool file is read, which is to be carried out
    with kept_from_tools():
        registry = load_tools(tool_folders(Path.cwd(), options.tools))
    if options.name is not None and options.name not in registry.entries:
        _say_what_is_not_read(as_typed(options, "tools --trust"))
        help = did_you_mean(options.name, registry.entries, "there are")
        raise UsageError(f"there is no tool '{options.name}'; {help}")
    chosen = _chosen(registry, options)
    if options.json:
        put_document(_document(chosen, registry))
        return exits.OK
    if options.name is not None:
        put_lines(_details(registry.entries[options.name]))
    else:
        put_lines(_table(chosen, as_typed(options, "tools NAME")))
        _say_what_is_left_out(registry, as_typed(options, "tools --trust"))
    return exits.OK


def call(options: Namespace, settings: Settings) -> int:
    """Call one tool, through the same door as every step of a plan."""
    secrets = take_secrets(settings)
    registry = read_tools(options.tools, Path.cwd())
    if options.name not in registry.tools:
        _say_what_is_not_read(as_typed(options, "tools --trust"))
    with kept_from_tools():
        require_known(settings, registry.tools)
        args = _arguments(registry, options.name, options.arguments)
        broker = make_broker(settings, secrets, Path.cwd(), options.tools)
        engine = Engine(registry.tools.values(), settings=settings.for_engine(), broker=broker)
        door = engine.door(Grants(classes=options.approve))
        context = ToolContext(new_run_id(time.time()), "call", 1, Cancellation())  # by which it can be undone
        result = door.call(options.name, args, context, keeps_time=True)
    if options.json:
        failure = None if result.failure is None else result.failure.to_json()
        put_document({"schema": "overseer.call/1", "tool": options.name, "value": result.value, "error": failure})
    elif result.failure is not None:
        say(f"{result.failure.kind}: {result.failure.message}")
    else:
        put_value(result.value)
    return exits.OK if result.failure is None else exits.of_run("failed", [result.failure])


def _arguments(registry: Registry, name: str, given: list[str]) -> dict[str, Json]:
    """Arguments from the command line, each read as the type that the tool takes."""
    tool = registry.tools.get(name)
    known = tool.parameters.get("properties", {}) if tool is not None else {}
    args: dict[str, Json] = {}
    for pair in given:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UsageError(f"{pair!r} is no argument; write it as name=value")
        args[key] = _value(known.get(key, {}), text)
    return args


def _value(schema: Mapping[str, Json], text: str) -> Json:
    """Text where the tool takes text, else what the text is as JSON."""
    options = schema.get("anyOf", [schema])
    if any(
        option.get("type") == "string" or all(isinstance(v, str) for v in option.get("enum", [0])) for option in options
    ):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fetch(options: Namespace, settings: Settings) -> int:
    """Fetch the documents that tool files name by URL."""
    fetch = document_fetcher(settings)
    urls = sorted({url for folder in tool_folders(Path.cwd(), options.tools) for url in document_urls(folder.path)})
    for url in urls:
        keep_document(url, fetch)
        put_lines([f"fetched {url}"])
    if not urls:
        put_lines(["no tool file names a document by URL"])
    return exits.OK


def _chosen(registry: Registry, options: Namespace) -> list[Entry]:
    if options.name is not None:
        return [registry.entries[options.name]]
    if options.search:
        return [registry.entries[tool.name] for _, tool in ranked_tools(options.search, list(registry.tools.values()))]
    order = {effect: place for place, effect in enumerate(EFFECTS)}
    return sorted(registry.entries.values(), key=lambda entry: (order[entry.tool.effect], entry.tool.name))


def _change_trust(*, is_wanted: bool) -> int:
    folder = project_tools(Path.cwd())
    if not is_wanted and distrust(Path.cwd() / "tools"):  # it may be gone, or hold no tools any more
        put_lines([f"the tools in {Path.cwd() / 'tools'} are not read from here on"])
        return exits.OK
    if folder is None:
        raise UsageError(f"{Path.cwd()} has no folder 'tools' with tools in it")
    if is_wanted:
        trust(folder, tool_files(folder))
    put_lines([f"the tools in {folder} are {'read' if is_wanted else 'not read'} from here on"])
    return exits.OK


def _say_what_is_left_out(registry: Registry, to_trust: str) -> None:
    for problem in registry.problems:
        say(f"left out: {problem}")
    _say_what_is_not_read(to_trust)
    say_if_changed(Path.cwd())


def _say_what_is_not_read(to_trust: str) -> None:
    folder = project_tools(Path.cwd())
    if folder is not None and trust_of(folder) == "none":
        say(f"not read: the tools of this project in {folder}; to trust them: {to_trust}")


# --- as text


def _table(entries: list[Entry], to_see_one: str) -> Iterator[str]:
    width = max((len(entry.tool.name) for entry in entries), default=0)
    room = max(40, terminal_size().columns)
    for entry in entries:
        origin = "" if entry.layer == "built-in" else f"  [{entry.layer}]"
        yield shortened(f"{entry.tool.name:<{width}}  {entry.tool.effect:<7}  {_summary(entry.tool)}{origin}", room)
    yield f"{len(entries)} tool{'' if len(entries) == 1 else 's'}; one of them: {to_see_one}"


def _summary(tool: Tool) -> str:
    return tool.description.split("\n")[0]


def _details(entry: Entry) -> Iterator[str]:
    tool = entry.tool
    yield f"{tool.name}: {tool.description}"
    yield f"  class: {', '.join(tool.effects)}" + ("" if tool.idempotent else ", not to be repeated without asking")
    if tool.writes:
        yield f"  writes: {', '.join(tool.writes)}"
    if tool.timeout_s is not None:
        yield f"  timeout: {tool.timeout_s:g} s"
    yield from _parameters(tool)
    for example in tool.examples[:3]:
        yield f"  example: {example.get('request', '')}  {json_text(example.get('args', {}))}"
    yield f"  from: {tool.origin} ({entry.layer})"
    for hidden in entry.hides:
        yield f"  in place of: {hidden}"


def _parameters(tool: Tool) -> Iterator[str]:
    properties: Mapping[str, Json] = tool.parameters.get("properties", {})
    if not properties:
        yield "  takes no arguments"
    for name, schema in properties.items():
        facts = [_type(schema)]
        if "default" in schema:
            facts.append(f"default {json_text(schema['default'])}")
        elif name not in tool.parameters.get("required", ()):
            facts.append("may be left out")
        meaning = f": {schema['description']}" if schema.get("description") else ""
        yield f"  {name} ({', '.join(facts)}){meaning}"


def _type(schema: Mapping[str, Json]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(option) for option in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


# --- as JSON


def _document(entries: list[Entry], registry: Registry) -> dict[str, Json]:
    return {
        "schema": "overseer.tools/1",
        "tools": [_record(entry) for entry in entries],
        "problems": [problem.to_json() for problem in registry.problems],
    }


def _record(entry: Entry) -> dict[str, Json]:
    tool = entry.tool
    return {
        "name": tool.name,
        "description": tool.description,
        "kind": tool.kind,
        "class": tool.effect,
        "also": list(tool.also),
        "parameters": dict(tool.parameters),
        "output": None if tool.output is None else dict(tool.output),
        "writes": list(tool.writes),
        "idempotent": tool.idempotent,
        "timeout_s": tool.timeout_s,
        "tags": list(tool.tags),
        "examples": [dict(example) for example in tool.examples],
        "origin": {"layer": entry.layer, "file": tool.origin, "hides": list(entry.hides)},
    }
