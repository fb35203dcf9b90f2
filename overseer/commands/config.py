"""`overseer config`: the settings in force, the files they come from, and whether a project's are read."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from overseer import exits
from overseer.checkup.configuration import file_lines, files_json
from overseer.commands import flags_of
from overseer.commands.output import put_document, put_lines, refuse_json
from overseer.console import say
from overseer.errors import SettingsError, UsageError
from overseer.jsonvalue import Json
from overseer.plan.suggestions import did_you_mean
from overseer.secrets import Redactor
from overseer.settings.entries import Entry, Findings, Origin
from overseer.settings.files import read_file
from overseer.settings.keys import GROUPS, KEYS, NAMED
from overseer.settings.layers import Layers, default_settings, read_layers
from overseer.settings.project import NAMES, distrust_settings, project_files, trust_settings
from overseer.settings.written import inline_text

_WIDEST_VALUE = 36  # longer ones push what follows aside, for their own line alone


def config(options: Namespace) -> int:
    """Show the settings or their files; trust or distrust those of the project."""
    if options.key is not None and options.action != "show":
        raise UsageError(f"config {options.action} takes no KEY, but was given {options.key!r}")
    if options.action in ("trust", "distrust"):
        refuse_json(options)
    match options.action:
        case "trust":
            return _trust()
        case "distrust":
            return _distrust()
        case "path":
            return _path(options)
        case _:
            return _show(options)


def _show(options: Namespace) -> int:
    layers = _layers(options)
    layers.require_sound()
    entries = _chosen(layers, options.key)
    if options.json:
        put_document(_document(layers, entries))
    else:
        put_lines(_lines(entries, with_origin=options.origin))
    return exits.OK


def _path(options: Namespace) -> int:
    layers = _layers(options)
    if options.json:
        put_document({"schema": "overseer.config-path/1", "files": files_json(layers.files)})
    else:
        put_lines(file_lines(layers.files))
    return exits.OK


def _layers(options: Namespace) -> Layers:
    layers = read_layers(flags_of(options), os.environ, Path.cwd())
    for warning in layers.warnings:
        say(f"warning: {warning}")
    return layers


def _chosen(layers: Layers, key: str | None) -> list[Entry]:
    entries = dict(layers.entries)
    for section in (*NAMED, "models"):  # where nothing is said about them
        if not any(name.startswith(f"{section}.") for name in entries):
            entries[section] = Entry(section, {}, {}, Origin("default", str(default_settings())))
    if key is None:
        return list(entries.values())
    chosen = [entry for name, entry in entries.items() if name == key or name.startswith(f"{key}.")]
    known = [*(group for group in GROUPS if group), *KEYS, *NAMED]
    if not chosen and key not in known:
        raise UsageError(f"there is no setting '{key}'; {did_you_mean(key, known, 'there are', most=60)}")
    return chosen


def _lines(entries: Sequence[Entry], *, with_origin: bool) -> Iterator[str]:
    redactor = Redactor()
    rows = [(entry.key, redactor.redact(inline_text(entry.given)), str(entry.origin)) for entry in entries]
    key_width = max((len(key) for key, _, _ in rows), default=0)
    width = max((len(value) for _, value, _ in rows if len(value) <= _WIDEST_VALUE), default=0)
    for (key, value, origin), entry in zip(rows, entries, strict=True):
        shown = "default" if entry.origin.layer == "default" else origin
        yield f"{key:<{key_width}}  {value:<{width}}  {shown}" if with_origin else f"{key:<{key_width}}  {value}"


def _document(layers: Layers, entries: Sequence[Entry]) -> dict[str, Json]:
    redactor = Redactor()
    return {
        "schema": "overseer.config/1",
        "settings": [
            {"key": entry.key, "value": redactor.redact_json(entry.given), "origin": entry.origin.to_json()}
            for entry in entries
        ],
        "files": files_json(layers.files),
        "warnings": list(layers.warnings),
    }


def _trust() -> int:
    found = project_files(Path.cwd())
    if not found:
        raise UsageError(f"{Path.cwd()} has no settings to trust: neither {' nor '.join(NAMES)}")
    findings = Findings()
    entries = read_file(found[0], "project", findings) or ()
    if findings.faults:  # or they would keep every command here from working
        raise SettingsError(findings.faults)
    trust_settings(found[0])
    put_lines([f"the settings in {found[0]} are read from here on, until they change:"])
    put_lines(f"  {line}" for line in _lines(entries, with_origin=False))
    return exits.OK


def _distrust() -> int:
    gone = distrust_settings(Path.cwd())
    if not gone:
        put_lines([f"no settings of {Path.cwd()} were trusted"])
    put_lines(f"the settings in {path} are not read from here on" for path in gone)
    return exits.OK
