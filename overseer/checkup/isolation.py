"""The sandbox: which level holds, proven by attacking it, and what would help where none does."""

from __future__ import annotations

from overseer.checkup.finding import Finding, Status
from overseer.sandbox import SandboxUnavailable
from overseer.sandbox.selftest import Check
from overseer.settings.config import Settings
from overseer.wiring import make_sandbox


def sandbox(settings: Settings) -> Finding:
    """The sandbox, started once."""
    try:
        with make_sandbox(settings) as started:
            level, checks, refusals, remedy = started.level, started.checks, started.refusals, ""
    except SandboxUnavailable as error:
        level, checks, refusals, remedy = None, (), error.refusals, error.remedy
    proven = f"level {level}, proven just now by {len(checks)} attacks"
    status: Status = "broken" if level is None else "note" if refusals else "ok"
    return Finding(
        "sandbox",
        status,
        proven if level is not None else "none holds, so no generated code is run",
        (
            *(_line(check) for check in checks if check.got),
            *(f"level {refused} does not hold: {why}" for refused, why in refusals.items()),
            *remedy.splitlines(),
        ),
        {
            "level": level,
            "checks": [check.to_json() for check in checks],
            "refusals": [{"level": refused, "reason": why} for refused, why in refusals.items()],
            "remedy": remedy or None,
        },
        tuple(_line(check) for check in checks if not check.got),
    )


def _line(check: Check) -> str:
    aside = f" ({check.got}; this level does not prevent it)" if check.got else ""
    return f"{'possible' if check.got else 'refused '}  {check.attack}{aside}"
