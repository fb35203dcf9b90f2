"""`overseer doctor`: what holds on this machine, and what would help where something does not."""

from __future__ import annotations

import platform
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from overseer import __version__, exits
from overseer.commands.modelcheck import ModelCheck
from overseer.commands.output import put_document, put_lines
from overseer.config import Settings
from overseer.jsonvalue import Json
from overseer.sandbox import Level, SandboxUnavailable
from overseer.sandbox.selftest import Check
from overseer.wiring import make_sandbox, take_secrets


@dataclass(frozen=True, slots=True)
class _Sandbox:
    """What was found out about the sandbox by starting it."""

    level: Level | None
    checks: tuple[Check, ...]
    refusals: dict[Level, str]
    remedy: str


def doctor(options: Namespace, settings: Settings) -> int:
    """Look at everything, change nothing."""
    models = ModelCheck.made(settings, take_secrets(settings), Path.cwd())
    sandbox = _sandbox(settings)
    if options.json:
        put_document({**_document(sandbox), "model": models.to_json()})
    else:
        put_lines([*_lines(sandbox), *models.lines()])
    if sandbox.level is None:
        return exits.ERROR
    return exits.NO_MODEL if models.refusal else exits.OK


def _sandbox(settings: Settings) -> _Sandbox:
    try:
        with make_sandbox(settings) as started:
            return _Sandbox(started.level, started.checks, started.refusals, "")
    except SandboxUnavailable as error:
        return _Sandbox(None, (), error.refusals, error.remedy)


def _lines(sandbox: _Sandbox) -> Iterator[str]:
    yield f"Overseer {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    if sandbox.level is None:
        yield "sandbox: none holds, so no generated code is run"
    else:
        yield f"sandbox: level {sandbox.level}, proven just now by {len(sandbox.checks)} attacks"
    for check in sandbox.checks:
        yield f"  {'refused ' if not check.got else 'possible'}  {check.attack}{_aside(check)}"
    for level, why in sandbox.refusals.items():
        yield f"  level {level} does not hold: {why}"
    yield from sandbox.remedy.splitlines()


def _aside(check: Check) -> str:
    return f" ({check.got}; this level does not prevent it)" if check.got else ""


def _document(sandbox: _Sandbox) -> dict[str, Json]:
    return {
        "schema": "overseer.doctor/1",
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "sandbox": {
            "level": sandbox.level,
            "checks": [check.to_json() for check in sandbox.checks],
            "refusals": [{"level": level, "reason": why} for level, why in sandbox.refusals.items()],
            "remedy": sandbox.remedy or None,
        },
    }
