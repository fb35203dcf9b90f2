"""What goes into the sandbox and what comes out: a node's code and limits, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from overseer.jsonvalue import Json

# How well code is locked in; each contains all of the next.
#   full       namespaces with a root of their own, and everything of:
#   hardened   Landlock, seccomp, limits, no rights (Linux)
#   platform   the platform's own means and limits (macOS: Seatbelt)
#   none       a process of its own, an empty environment and limits: no sandbox
Level = Literal["full", "hardened", "platform", "none"]
LEVELS: tuple[str, ...] = get_args(Level)

Verdict = Literal["good", "silent", "non-JSON", "crash", "killed"]

MEGABYTE = 1024 * 1024


# Less than that, and no node starts; more, and no system counts it.
LEAST_MEMORY = 64 * 1000 * 1000
MOST_BYTES = 1 << 60
LONGEST_S = 365 * 86_400.0
_RANGES: tuple[tuple[str, float, float], ...] = (
    ("wall_s", 1e-6, LONGEST_S),
    ("cpu_s", 1e-6, LONGEST_S),
    ("memory", LEAST_MEMORY, MOST_BYTES),
    ("scratch", 0, MOST_BYTES),
    ("result", 1, MOST_BYTES),
    ("stderr", 0, MOST_BYTES),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one node may use."""

    wall_s: float = 60.0
    cpu_s: float | None = None  # None: as long as it may last
    memory: int = 512 * MEGABYTE
    scratch: int = 64 * MEGABYTE  # of a folder of its own, at the full level; 0: none
    result: int = 4 * MEGABYTE
    stderr: int = 256 * 1024  # what is printed beyond that is thrown away

    def __post_init__(self) -> None:
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ValueError(f"a node's limit '{name}' must be from {least:g} to {most:g}, not {value!r}")


@dataclass(frozen=True, slots=True)
class Job:
    """A node's code and what it is given."""

    source: str
    input: Json = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a node took."""

    latency_s: float
    cpu_s: float
    peak_memory: int  # bytes, with those that it shares with the template

    def to_json(self) -> dict[str, Any]:
        return {
            "latency_s": round(self.latency_s, 6),
            "cpu_s": round(self.cpu_s, 6),
            "peak_memory_bytes": self.peak_memory,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a node. `error` says in words why it is not good."""

    verdict: Verdict
    level: Level
    metrics: Metrics
    value: Json = None
    error: str = ""
    stderr: str = ""

    def to_json(self) -> dict[str, Json]:
        return {
            "verdict": self.verdict,
            "value": self.value,
            "error": self.error or None,
            "stderr": self.stderr,
            "level": self.level,
            "metrics": self.metrics.to_json(),
        }
