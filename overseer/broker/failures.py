"""What an exception says about whether and how to go on."""

from __future__ import annotations

import traceback

from overseer.errors import FAILURE_KINDS, Failure, FailureKind
from overseer.jsonvalue import NotJson
from overseer.tool import ToolError


def failure_from(error: BaseException) -> Failure:
    """The failure that an exception amounts to, whatever kind of exception it is."""
    try:
        return _failure(error)
    except BaseException:  # an exception that breaks whoever looks at it
        return Failure("tool", f"{type(error).__name__}: it cannot say why")


def _failure(error: BaseException) -> Failure:
    message = str(error) or type(error).__name__
    if isinstance(error, ToolError):
        kind: FailureKind = error.kind if error.kind in FAILURE_KINDS else "tool"  # type: ignore[assignment]
        return Failure(kind, message, retry_after_s=error.retry_after_s)
    if isinstance(error, NotJson):
        return Failure("invalid_output", message)
    detail = "".join(traceback.format_exception(error)).strip()
    if isinstance(error, TimeoutError):
        return Failure("timeout", message, detail)
    if isinstance(error, ConnectionError):
        return Failure("transient", message, detail)
    return Failure("tool", f"{type(error).__name__}: {message}", detail)
