"""`overseer doctor`: what holds on this machine, and what would help where something does not."""

from __future__ import annotations

import os
import platform
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from overseer import __version__, exits
from overseer.checkup import PARTS
from overseer.checkup.configuration import configuration
from overseer.checkup.datafolder import data_folder
from overseer.checkup.extras import extras
from overseer.checkup.finding import Finding
from overseer.checkup.isolation import sandbox
from overseer.checkup.journal import journal
from overseer.checkup.models import model
from overseer.checkup.terminal import terminal
from overseer.checkup.toolfiles import tool_files
from overseer.commands import flags_of
from overseer.commands.output import as_typed, put_document, put_lines
from overseer.errors import UsageError
from overseer.jsonvalue import Json
from overseer.plan.suggestions import did_you_mean
from overseer.secrets import Secrets
from overseer.settings.config import Settings, settings_of
from overseer.settings.given import Flags
from overseer.settings.layers import Layers, only_defaults, read_layers
from overseer.wiring import take_secrets

Look: TypeAlias = Callable[[], Finding]


def doctor(options: Namespace) -> int:
    """Look at everything, or at one part; change nothing."""
    flags = flags_of(options)
    looks = _looks(read_layers(flags, os.environ, Path.cwd()), flags)
    findings = [look() for look in _chosen(looks, options.part)]
    if options.json:
        put_document(_document(findings))
    elif options.part is not None:
        put_lines(findings[0].lines(is_full=True))
    else:
        put_lines(_lines(findings, options))
    return _exit_code({finding.name for finding in findings if finding.status == "broken"})


def _chosen(looks: Mapping[str, Look], part: str | None) -> list[Look]:
    if part is None:
        return list(looks.values())
    name = part.lower().replace("_", "-").replace(" ", "-")
    if name not in looks:
        raise UsageError(f"there is no part '{part}' to look at; {did_you_mean(name, looks, 'there are')}")
    return [looks[name]]


def _exit_code(broken: set[str]) -> int:
    if not broken:
        return exits.OK
    return exits.NO_MODEL if broken == {"model"} else exits.ERROR


def _looks(layers: Layers, flags: Flags) -> dict[str, Look]:
    """What there is to look at, by the name of each part."""
    # With settings that cannot be used, everything else is looked at as if there were none.
    settings = settings_of(only_defaults() if layers.faults else layers).with_model_of(flags)
    secrets, fault = _secrets(settings)
    folder = Path.cwd()
    looks: tuple[Look, ...] = (
        lambda: terminal(os.environ),
        lambda: configuration(layers),
        lambda: data_folder(fault),
        lambda: model(settings, secrets, folder),
        lambda: tool_files(settings, folder),
        lambda: sandbox(settings),
        journal,
        extras,
    )
    return dict(zip(PARTS, looks, strict=True))


def _secrets(settings: Settings) -> tuple[Secrets, str]:
    """The secrets, or why they cannot be had."""
    try:
        return take_secrets(settings), ""
    except UsageError as error:
        return Secrets(), str(error)


def _lines(findings: Sequence[Finding], options: Namespace) -> Iterator[str]:
    yield f"Overseer {__version__}, Python {platform.python_version()} ({sys.executable})"
    yield f"{platform.system()} {platform.release()}"
    for finding in findings:
        yield from finding.lines(is_full=options.full)
    broken = [finding.name for finding in findings if finding.status == "broken"]
    verdict = f"broken: {', '.join(broken)}" if broken else "everything that is needed works"
    more = "" if options.full else f"; more: {as_typed(options, 'doctor PART')}, or all of it with --full"
    yield f"{verdict}{more}"


def _document(findings: Sequence[Finding]) -> dict[str, Json]:
    return {
        "schema": "overseer.doctor/1",
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": f"{platform.system()} {platform.release()}",
        "sound": all(finding.status != "broken" for finding in findings),
        **{finding.name.replace(" ", "_"): finding.to_json() for finding in findings},
    }
