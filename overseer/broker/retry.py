"""Trying again: only what may succeed the second time, not before the server wants it, and not for ever.

    retry.run(lambda: ask(question), may_retry=retryable(failure_from, is_idempotent=True),
              cancellation=context.cancellation)

An attempt takes its place in the limits and its part of the budget inside the function, so that
nothing is held while the next one is waited for.
"""

from __future__ import annotations

import random as chance
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from overseer.errors import RETRYABLE_KINDS, Failure
from overseer.plan.durations import duration_text
from overseer.tool import Cancellation, ToolError

if TYPE_CHECKING:
    import tenacity

T = TypeVar("T")

# What an exception says about trying again: the failure if that could help, None if it could not.
MayRetry = Callable[[BaseException], Failure | None]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often something is tried, and how long is waited in between."""

    attempts: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    sleep: Callable[[Cancellation, float], bool] = Cancellation.wait  # whether it was cut short by a cancellation
    random: Callable[[], float] = chance.random

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise ValueError("attempts must be 1 or more, and waits no less than 0 seconds")

    def run(
        self,
        attempt: Callable[[], T],
        *,
        may_retry: MayRetry,
        cancellation: Cancellation | None = None,
    ) -> T:
        """The result of the first attempt that succeeds, or else the error of the last."""
        try:
            return attempt()  # most succeed at once, and need nothing of what follows
        except Exception as error:
            run = _Run(self, may_retry, cancellation or Cancellation(), error)
        return run.carry_out(attempt)

    def wait_after(self, attempt: int, failure: Failure) -> float:
        """How long to wait after that attempt: what the server said, or else a random part of a growing bound."""
        if failure.retry_after_s:
            return failure.retry_after_s
        return self.random() * min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 64))


def retryable(failure_of: Callable[[BaseException], Failure], *, is_idempotent: bool) -> MayRetry:
    """Retry what may pass. What was cut off may have been done: unless that is harmless, only what was turned away."""
    kinds = RETRYABLE_KINDS if is_idempotent else ("rate_limited",)

    def may_retry(error: BaseException) -> Failure | None:
        failure = failure_of(error)
        return failure if failure.kind in kinds else None

    return may_retry


@dataclass(slots=True)
class _Run:
    """The attempts at one thing. Tenacity has the loop; what is decided in it is decided here."""

    retry: Retry
    may_retry: MayRetry
    cancellation: Cancellation
    first_error: Exception | None
    failure: Failure = field(default=Failure("internal", "nothing has failed"), init=False)

    def carry_out(self, attempt: Callable[[], T]) -> T:
        import tenacity  # as long as nothing fails, nobody has to wait for it to load

        retrying = tenacity.Retrying(
            retry=self._can_help,
            wait=self._wait,
            stop=self._is_over,
            sleep=self._sleep,
            reraise=True,
        )
        result: T = retrying(self._attempt, attempt)
        return result

    def _attempt(self, attempt: Callable[[], T]) -> T:
        if self.first_error is not None:  # the first attempt was made before the loop began
            error, self.first_error = self.first_error, None
            raise error
        return attempt()

    def _can_help(self, state: tenacity.RetryCallState) -> bool:
        error = _error_of(state)
        # What is no Exception ends the program or the thread; that is not for us to prevent.
        if not isinstance(error, Exception):
            return False
        failure = self.may_retry(error)
        self.failure = failure or self.failure
        return failure is not None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        return self.retry.wait_after(state.attempt_number, self.failure)

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        wait_s, longest_s = state.upcoming_sleep, self.retry.longest_wait_s
        if wait_s > longest_s:
            asked = f"the server wants to be left alone for {duration_text(wait_s)}"
            raise ToolError(
                f"{self.failure.message} ({asked}, and no more than {duration_text(longest_s)} are waited)",
                kind=self.failure.kind,
                retry_after_s=wait_s,
            ) from _error_of(state)
        return state.attempt_number >= self.retry.attempts

    def _sleep(self, wait_s: float) -> None:
        if self.retry.sleep(self.cancellation, wait_s):
            raise ToolError(
                f"was given up while it waited to try again; it had failed: {self.failure}", kind="cancelled"
            )


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
