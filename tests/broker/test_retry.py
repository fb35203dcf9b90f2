"""Trying again: what may succeed, when, and how often."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from overseer.broker.limits import Limit, Limits
from overseer.broker.retry import Retry, retryable
from overseer.errors import FAILURE_KINDS, RETRYABLE_KINDS, Failure
from overseer.running.worker import failure_from
from overseer.tool import Cancellation, ToolError

may_retry = retryable(failure_from, is_idempotent=True)


@dataclass
class Sleeps:
    """Instead of sleeping: how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, cancellation: Cancellation, seconds: float) -> bool:
        self.seconds.append(seconds)
        return cancellation.is_asked


@dataclass
class Script:
    """Fails as it is told, then succeeds."""

    errors: list[BaseException]
    attempts: int = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def patient(sleeps: Sleeps, **options: Any) -> Retry:
    return Retry(sleep=sleeps, random=random.Random(7).random, **options)


def broken() -> ToolError:
    return ToolError("the server is broken (500)", kind="transient")


def test_what_succeeds_is_tried_once() -> None:
    sleeps, script = Sleeps(), Script([])
    assert patient(sleeps).run(script, may_retry=may_retry) == "done"
    assert (script.attempts, sleeps.seconds) == (1, [])


def test_a_broken_server_is_tried_again_after_random_waits_within_growing_bounds() -> None:
    sleeps = Sleeps()
    retry = patient(sleeps, attempts=12, first_wait_s=0.5, longest_wait_s=60)
    script = Script([broken() for _ in range(11)])
    assert retry.run(script, may_retry=may_retry) == "done"
    assert script.attempts == 12
    chance = random.Random(7)
    bounds = [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert sleeps.seconds == [chance.random() * bound for bound in bounds]


def test_the_error_of_the_last_attempt_is_what_remains() -> None:
    sleeps = Sleeps()
    errors = [broken() for _ in range(9)]
    with pytest.raises(ToolError) as raised:
        patient(sleeps, attempts=4).run(Script(list(errors)), may_retry=may_retry)
    assert raised.value is errors[3]
    assert len(sleeps.seconds) == 3


def test_a_server_that_says_when_is_taken_at_its_word() -> None:
    sleeps = Sleeps()
    script = Script([ToolError("too many (429)", kind="rate_limited", retry_after_s=after) for after in (7, 0.25, 60)])
    assert patient(sleeps).run(script, may_retry=may_retry) == "done"
    assert sleeps.seconds == [7, 0.25, 60]


def test_a_server_that_wants_too_much_time_is_given_up_at_once() -> None:
    sleeps = Sleeps()
    script = Script([ToolError("too many (429)", kind="rate_limited", retry_after_s=300)])
    with pytest.raises(ToolError) as raised:
        patient(sleeps, longest_wait_s=60).run(script, may_retry=may_retry)
    assert str(raised.value) == (
        "too many (429) (the server wants to be left alone for 5m, and no more than 1m are waited)"
    )
    assert (raised.value.kind, raised.value.retry_after_s) == ("rate_limited", 300)
    assert sleeps.seconds == []


@pytest.mark.parametrize("kind", [kind for kind in FAILURE_KINDS if kind not in RETRYABLE_KINDS])
def test_what_would_fail_the_same_way_is_not_tried_again(kind: str) -> None:
    sleeps, script = Sleeps(), Script([ToolError("no such model (400)", kind=kind, retry_after_s=1)])
    with pytest.raises(ToolError, match="no such model"):
        patient(sleeps).run(script, may_retry=may_retry)
    assert (script.attempts, sleeps.seconds) == (1, [])


@pytest.mark.parametrize(
    ("error", "is_idempotent", "attempts"),
    [
        (ToolError("slow", kind="timeout"), True, 2),
        (ToolError("slow", kind="timeout"), False, 1),
        (TimeoutError("slow"), False, 1),
        (ConnectionResetError("gone"), True, 2),
        (ToolError("busy", kind="rate_limited"), False, 2),
        (KeyError("a bug"), True, 1),
    ],
)
def test_what_may_have_been_done_is_repeated_only_if_that_is_harmless(
    error: Exception, is_idempotent: bool, attempts: int
) -> None:
    script = Script([error])
    retry = patient(Sleeps())
    may_retry = retryable(failure_from, is_idempotent=is_idempotent)
    if attempts == 2:
        assert retry.run(script, may_retry=may_retry) == "done"
    else:
        with pytest.raises(type(error)):
            retry.run(script, may_retry=may_retry)
    assert script.attempts == attempts


def test_what_ends_the_program_is_not_held_up() -> None:
    asked: list[BaseException] = []

    def never(error: BaseException) -> Failure:
        asked.append(error)
        return Failure("transient", "x")

    with pytest.raises(KeyboardInterrupt):
        patient(Sleeps()).run(Script([KeyboardInterrupt()]), may_retry=never)
    assert asked == []


def test_giving_up_wakes_the_sleep() -> None:
    cancellation = Cancellation()
    script = Script([ToolError("busy", kind="rate_limited", retry_after_s=60)])
    threading.Timer(0.01, cancellation.ask).start()
    with pytest.raises(ToolError, match="given up while it waited to try again; it had failed: busy") as raised:
        Retry().run(script, may_retry=may_retry, cancellation=cancellation)
    assert raised.value.kind == "cancelled"
    assert script.attempts == 1


def test_no_place_is_held_while_waiting() -> None:
    limits = Limits({"a": Limit(concurrency=1)})
    script = Script([broken(), broken()])

    def attempt() -> str:
        with limits.slot(["a"]):
            return script()

    def sleep(cancellation: Cancellation, seconds: float) -> bool:
        with limits.slot(["a"]):  # would wait for ever
            return False

    assert Retry(sleep=sleep).run(attempt, may_retry=may_retry) == "done"


def test_many_may_share_one_policy() -> None:
    retry = Retry(sleep=lambda cancellation, seconds: False)
    results: list[str] = []

    def work(number: int) -> None:
        results.append(retry.run(Script([broken()] * (number % 4)), may_retry=may_retry))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == ["done"] * 16


@pytest.mark.parametrize("options", [{"attempts": 0}, {"first_wait_s": -1}, {"longest_wait_s": -1}])
def test_a_policy_must_make_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="attempts must be 1 or more"):
        Retry(**options)
