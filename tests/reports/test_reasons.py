"""What several steps fail for is told at length once."""

from __future__ import annotations

from overseer.reports.reasons import Reasons

GONE = "the model at http://127.0.0.1:9/v1 cannot be reached: Connection refused"


def test_a_reason_that_was_told_is_that_of_the_step_it_was_told_of() -> None:
    reasons = Reasons()
    assert reasons.of("Write a", GONE) == GONE
    assert reasons.of("Write b", GONE) == "for the same reason as Write a"
    assert reasons.of("Write c", f"{GONE}!") == f"{GONE}!"


def test_a_scope_fails_for_the_reason_of_the_step_in_it() -> None:
    reasons = Reasons()
    reasons.of("each[0]/a", GONE)
    assert reasons.of("Every page", f"step 'a' failed: {GONE}") == "for the same reason as each[0]/a"


def test_a_short_reason_is_as_good_as_where_it_was_told() -> None:
    reasons = Reasons()
    assert [reasons.of(title, "it is down") for title in ("a", "b")] == ["it is down"] * 2


def test_a_step_that_fails_again_says_why() -> None:
    reasons = Reasons()
    assert [reasons.of("a", GONE) for _ in range(2)] == [GONE] * 2
