"""The exit codes of the process, by what they say to whoever called it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overseer.errors import (
    ApprovalNeeded,
    Failure,
    FailureKind,
    ModelUnavailable,
    OutputError,
    OverseerError,
    PlanError,
    RunNotFound,
    UsageError,
)

OK = 0
ERROR = 1
USAGE = 2
PLAN = 3
STEP_FAILED = 4
APPROVAL = 5
BUDGET = 6
RATE_LIMITED = 75
CREDENTIALS = 76
NO_MODEL = 77
TIMEOUT = 124
INTERRUPTED = 130
UNREAD = 141  # what a shell says of a process that died because nobody read its output

# Each of them, as help and the documentation tell it.
MEANINGS: Mapping[int, str] = {
    OK: "everything was done",
    ERROR: "something unexpected went wrong",
    USAGE: "the command line or the settings are wrong",
    PLAN: "there is no plan that could run",
    STEP_FAILED: "a step failed",
    APPROVAL: "an approval is missing",
    BUDGET: "the budget is used up",
    RATE_LIMITED: "the server wants fewer requests",
    CREDENTIALS: "the key is missing or not accepted",
    NO_MODEL: "the model cannot be reached or used",
    TIMEOUT: "the model took too long",
    INTERRUPTED: "interrupted",
    UNREAD: "nobody read the output to its end",
}

OF_STATUS = {
    "succeeded": OK,
    "partial": STEP_FAILED,
    "failed": STEP_FAILED,
    "cancelled": INTERRUPTED,
}


_OF_FAILURE: Mapping[FailureKind, int] = {
    "budget": BUDGET,
    "rate_limited": RATE_LIMITED,
    "denied": CREDENTIALS,
    "transient": NO_MODEL,
    "bad_request": NO_MODEL,  # the server has no such model, or the model cannot do this
    "timeout": TIMEOUT,
    "cancelled": INTERRUPTED,
}


_NO_FAULT: tuple[FailureKind, ...] = ("budget", "rate_limited")


def of_failure(failure: Failure) -> int:
    """Why a model gave no answer."""
    return _OF_FAILURE.get(failure.kind, ERROR)


def of_run(status: str, failures: Iterable[Failure]) -> int:
    """How a run ended, of whose steps some failed.

    That the budget is used up or a server wants to be left alone is no fault of the plan's.
    """
    kinds = {failure.kind for failure in failures} if status == "failed" else set()
    for kind in _NO_FAULT:
        if kind in kinds:
            return _OF_FAILURE[kind]
    return OF_STATUS[status]


def code_of(error: OverseerError) -> int:
    match error:
        case UsageError() | RunNotFound():
            return USAGE
        case PlanError():
            return PLAN
        case ApprovalNeeded():
            return APPROVAL
        case ModelUnavailable():
            return NO_MODEL
        case OutputError(is_unread=True):
            return UNREAD
        case _:
            return ERROR
