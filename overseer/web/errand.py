"""A request as its caller sees it: what it is for, until when, whether it was given up, how it failed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from overseer.tool import Cancellation, ToolError


@dataclass(frozen=True, slots=True)
class Errand:
    """How long everything that a request needs may take together. `name` is its method and URL."""

    name: str
    timeout_s: float
    ends: float  # by the monotonic clock
    cancellation: Cancellation

    @classmethod
    def starting_now(cls, name: str, timeout_s: float, cancellation: Cancellation | None) -> Errand:
        return cls(name, timeout_s, time.monotonic() + timeout_s, cancellation or Cancellation())

    def left_s(self) -> float:
        """The time that is left; ToolError if there is none or nobody waits any more."""
        if self.cancellation.is_asked:
            raise ToolError(f"{self.name} was given up", kind="cancelled")
        left_s = self.ends - time.monotonic()
        if left_s <= 0:
            raise self.out_of_time()
        return left_s

    def out_of_time(self) -> ToolError:
        return ToolError(f"{self.name} took longer than {self.timeout_s:g} s", kind="timeout")

    def failed(self, error: Exception, doing: str) -> ToolError:
        """What an exception of the network means for the caller."""
        import ssl
        from http.client import IncompleteRead

        if self.cancellation.is_asked:
            return ToolError(f"{self.name} was given up", kind="cancelled")
        if isinstance(error, ToolError):
            return error
        if isinstance(error, TimeoutError):
            return self.out_of_time()
        if isinstance(error, ssl.SSLCertVerificationError):
            return ToolError(f"{self.name}: the server cannot prove who it is: {error.verify_message}", kind="denied")
        if isinstance(error, IncompleteRead | ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ToolError(f"{self.name}: the connection ended {doing}", kind="transient")
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            return ToolError(f"{self.name} failed {doing}: {error.strerror or error}", kind="transient")
        return ToolError(f"{self.name} failed {doing}: {type(error).__name__}: {str(error)[:200]}", kind="tool")
