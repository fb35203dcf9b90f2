"""The exit codes of the process, by what they say to whoever called it."""

from __future__ import annotations

from overseer.errors import (
    ApprovalNeeded,
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
NO_MODEL = 77
INTERRUPTED = 130
UNREAD = 141  # what a shell says of a process that died because nobody read its output

OF_STATUS = {
    "succeeded": OK,
    "partial": STEP_FAILED,
    "failed": STEP_FAILED,
    "cancelled": INTERRUPTED,
}


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
