"""The settings of an engine, as far as its runs feel them."""

from __future__ import annotations

from dataclasses import dataclass, field

from overseer.broker.caps import NO_CAP, Cap
from overseer.plan import Limits


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine holds its runs to."""

    max_parallel: int = 8
    strict_groups: bool = False
    cancel_grace_s: float = 10.0
    limits: Limits = field(default_factory=Limits)
    hook_port: int = 0
    run_cap: Cap = NO_CAP  # what a run may spend unless it is told otherwise
