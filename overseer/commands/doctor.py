"""`overseer doctor`: what holds on this machine, and what would help where something does not."""

from __future__ import annotations

import os
import platform
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from overseer import __version__, exits
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
from overseer.commands.output import put_document, put_lines
from overseer.config import Settings, settings_of
from overseer.errors import UsageError
from overseer.jsonvalue import Json
from overseer.secrets import Secrets
from overseer.settings.layers import Layers, only_defaults, read_layers
from overseer.wiring import take_secrets


def doctor(options: Namespace) -> int:
    """Look at everything, change nothing."""
    findings = _findings(read_layers(flags_of(options), os.environ, Path.cwd()))
    if options.json:
        put_document(_document(findings))
    else:
        put_lines(_lines(findings))
    return _exit_code({finding.name for finding in findings if finding.status == "broken"})


def _exit_code(broken: set[str]) -> int:
    if not broken:
        return exits.OK
    return exits.NO_MODEL if broken == {"model"} else exits.ERROR


def _findings(layers: Layers) -> list[Finding]:
    # With settings that cannot be used, everything else is looked at as if there were none.
    settings = settings_of(only_defaults() if layers.faults else layers)
    secrets, fault = _secrets(settings)
    folder = Path.cwd()
    return [
        terminal(os.environ),
        configuration(layers),
        data_folder(fault),
        model(settings, secrets, folder),
        tool_files(settings, folder),
        sandbox(settings),
        journal(),
        extras(),
    ]


def _secrets(settings: Settings) -> tuple[Secrets, str]:
    """The secrets, or why they cannot be had."""
    try:
        return take_secrets(settings), ""
    except UsageError as error:
        return Secrets(), str(error)


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    yield f"Overseer {__version__}, Python {platform.python_version()} ({sys.executable})"
    yield f"{platform.system()} {platform.release()}"
    for finding in findings:
        yield f"{finding.status:<6}  {finding.name}: {finding.verdict}"
        yield from (f"          {line}" for line in finding.details)
    broken = [finding.name for finding in findings if finding.status == "broken"]
    yield f"broken: {', '.join(broken)}" if broken else "everything that is needed works"


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
