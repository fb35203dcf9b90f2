"""What can go wrong, as exceptions that stop something and as values that a plan may survive.

    OverseerError                 shown to the user as it stands; anything else is a bug
    ├── UsageError                a wrong argument or setting (exit code 2)
    │   └── SettingsError         all that is wrong with the settings
    ├── PlanError                 a plan with faults; carries all of them (exit code 3)
    ├── JournalError              the journal cannot be read or written (exit code 1)
    │   ├── RunNotFound           no such run, or an ambiguous prefix (exit code 2)
    │   ├── RunBusy               another process or thread owns the run (exit code 1)
    │   └── RunCutOff             a run that could not be recorded to its end (exit code 1)
    ├── OutputError               standard output takes nothing more (exit code 1; 141 if nobody reads it)
    ├── SourceError               a trigger that cannot be listened to (in `overseer.sources`)
    ├── ModelUnavailable          the model that was named cannot be used (exit code 77)
    ├── Busy                      a scope that takes no more events for now (in `overseer.sources`)
    ├── ApprovalNeeded            going on would need a decision nobody made (exit code 5)
    │   └── Undecided             whether steps that were cut off are repeated or given up
    └── BrokenInvariant           the program contradicted itself; never caught, always reported

A step that fails is not an exception: it is a `Failure`, because the plan may go on without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

FailureKind = Literal[
    "transient",
    "rate_limited",
    "bad_request",
    "denied",
    "budget",
    "timeout",
    "tool",
    "invalid_output",
    "limit",
    "body",
    "cancelled",
    "internal",
]
FAILURE_KINDS: tuple[str, ...] = get_args(FailureKind)

# Trying again can only help against these; everything else would fail the same way twice.
RETRYABLE_KINDS: tuple[FailureKind, ...] = ("transient", "rate_limited", "timeout")


# What asks to be left alone for longer than that is taken for a mistake.
LONGEST_RETRY_AFTER_S = 86_400.0


def _can_be_waited_for(seconds: object) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds <= LONGEST_RETRY_AFTER_S


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed: a kind to decide by, a message to read."""

    kind: FailureKind
    message: str
    detail: str = ""  # a traceback or a server's own words; never needed to understand the message
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        # It comes from servers and strangers' code, and somebody will wait for it.
        if self.retry_after_s is not None and not _can_be_waited_for(self.retry_after_s):
            object.__setattr__(self, "retry_after_s", None)

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {"kind": self.kind, "message": self.message}
        if self.detail:
            record["detail"] = self.detail
        if self.retry_after_s is not None:
            record["retry_after_s"] = self.retry_after_s
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Failure:
        return cls(**record)

    def __str__(self) -> str:
        return self.message


class OverseerError(Exception):
    """Base of everything that is shown to the user without a traceback."""


class UsageError(OverseerError):
    """A wrong argument or setting; the message names it and what would help."""


class SettingsError(UsageError):
    """Settings that cannot be used; `faults` holds every reason found, each with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        head = [f"the settings have {len(faults)} faults:"] if len(faults) > 1 else []
        super().__init__("\n".join([*head, *(f"  {fault}" if head else fault for fault in faults)]))


class PlanError(OverseerError):
    """A plan that cannot run; `faults` holds every reason found."""

    def __init__(self, faults: Sequence[Any], *, source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        count = len(self.faults)
        head = f"{source or 'the plan'} has {count} fault{'s' if count != 1 else ''}:"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))


class PlanNotFound(PlanError):
    """No plan is called so; `fault` says what there is instead."""

    def __init__(self, fault: Any) -> None:
        super().__init__((fault,))
        self.args = (str(fault),)


class JournalError(OverseerError):
    """The journal cannot be read or written; the message says which file and what would help."""


class RunNotFound(JournalError):
    """No run has this id."""


class RunBusy(JournalError):
    """The run is being carried out elsewhere right now."""


class RunCutOff(JournalError):
    """A run came to a stop because it could not be recorded any further."""

    def __init__(self, run_id: str, why: JournalError) -> None:
        super().__init__(
            f"run {run_id} was cut off: {why}\n"
            f"Everything else is recorded; to go on once nothing is in the way: overseer resume {run_id}"
        )
        self.run_id = run_id


class OutputError(OverseerError):
    """Standard output takes nothing more; `is_unread` where whoever read it has gone."""

    def __init__(self, reason: str, *, is_unread: bool = False) -> None:
        super().__init__(reason)
        self.is_unread = is_unread


class ApprovalNeeded(OverseerError):
    """Going on needs a decision that nobody has made; `needs` holds what it is about, where that is a list."""

    def __init__(self, message: str, needs: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.needs = tuple(needs)


class Undecided(ApprovalNeeded):
    """Steps were cut off that must not simply be started again; `steps` has their keys."""

    def __init__(self, message: str, steps: Sequence[str]) -> None:
        super().__init__(message)
        self.steps = tuple(steps)


class ModelUnavailable(OverseerError):
    """The model that was named cannot be used, and nothing takes its place; `probes` tells what was tried."""

    def __init__(self, message: str, probes: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.probes = tuple(probes)


class BrokenInvariant(OverseerError):
    """The program contradicted itself: a bug here, not a mistake of the user's."""
