"""Looking at a program before it runs, in the sandbox as well: code of strangers is not even read outside of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from overseer.sandbox import inspection
from overseer.sandbox.sandbox import Sandbox
from overseer.sandbox.values import Job, Limits
from overseer.tool import Cancellation


def faults_in(
    source: str, tools: Iterable[str], sandbox: Sandbox, limits: Limits, cancellation: Cancellation | None = None
) -> str:
    """What is sure to go wrong with a program that may call these tools; nothing if it can be tried."""
    given = {"source": source, "tools": sorted(tools)}
    inspected = sandbox.run(Job(_INSPECTION, given, limits), cancellation=cancellation)
    if inspected.verdict != "good":
        return f"it cannot be read: {inspected.error}"
    return "\n".join(map(str, inspected.value))


_INSPECTION = Path(inspection.__file__).read_text(encoding="utf-8")
