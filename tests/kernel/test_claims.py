"""Claims: all at once or not at all, shared only within a group."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overseer.kernel.claims import Claims, Want


def take(claims: Claims[str], key: str, *wants: Want, rank: int = 0) -> bool:
    return claims.take(key, wants, rank=(rank,), waiter=key)


def test_a_second_holder_waits_for_the_first() -> None:
    claims: Claims[str] = Claims()
    assert take(claims, "a", Want("file:x"))
    assert not take(claims, "b", Want("file:x"))
    assert claims.release("a") == ["b"]
    assert claims.holds("b")


def test_the_best_rank_is_let_in_first() -> None:
    claims: Claims[str] = Claims()
    take(claims, "a", Want("r"))
    take(claims, "late", Want("r"), rank=5)
    take(claims, "early", Want("r"), rank=1)
    assert claims.release("a") == ["early"]
    assert claims.release("early") == ["late"]


def test_members_of_a_group_hold_a_resource_together() -> None:
    claims: Claims[str] = Claims()
    assert take(claims, "a", Want("shell", group=1))
    assert take(claims, "b", Want("shell", group=1))
    assert not take(claims, "c", Want("shell", group=2))
    assert not take(claims, "d", Want("shell"))
    assert claims.release("a") == []
    assert claims.release("b") == ["c"]


def test_nobody_without_a_group_shares_anything() -> None:
    claims: Claims[str] = Claims()
    assert take(claims, "a", Want("shell"))
    assert not take(claims, "b", Want("shell"))


def test_a_whole_group_is_let_in_at_once() -> None:
    claims: Claims[str] = Claims()
    take(claims, "a", Want("shell"))
    for key in "bcd":
        take(claims, key, Want("shell", group=1))
    take(claims, "lonely", Want("shell"), rank=9)
    assert sorted(claims.release("a")) == ["b", "c", "d"]


def test_a_parked_step_holds_nothing_meanwhile() -> None:
    claims: Claims[str] = Claims()
    take(claims, "a", Want("x"))
    assert not take(claims, "both", Want("y"), Want("x"))
    assert take(claims, "b", Want("y"))
    assert claims.release("a") == []
    assert claims.release("b") == ["both"]


def test_whoever_withdraws_is_not_let_in() -> None:
    claims: Claims[str] = Claims()
    take(claims, "a", Want("x"))
    take(claims, "b", Want("x"))
    claims.withdraw("b")
    assert claims.release("a") == []


WANTS = st.lists(
    st.builds(Want, st.sampled_from(["x", "y", "z"]), st.sampled_from([None, 1, 2])),
    min_size=1,
    max_size=3,
    unique_by=lambda want: want.resource,
)


@given(st.lists(WANTS, max_size=12), st.randoms())
def test_everybody_gets_a_turn_and_nobody_meets_a_stranger(wanted: list[list[Want]], random: object) -> None:
    claims: Claims[str] = Claims()
    holding = {}
    for number, wants in enumerate(wanted):
        if claims.take(str(number), tuple(wants), rank=(number,), waiter=str(number)):
            holding[str(number)] = wants
    served = set(holding)
    while holding:
        _assert_no_conflict(list(holding.values()))
        key = random.choice(sorted(holding))  # type: ignore[attr-defined]
        del holding[key]
        for admitted in claims.release(key):
            holding[admitted] = wanted[int(admitted)]
            served.add(admitted)
    assert len(served) == len(wanted)


def _assert_no_conflict(holding: list[list[Want]]) -> None:
    for at, first in enumerate(holding):
        for second in holding[at + 1 :]:
            for one in first:
                for other in second:
                    if one.resource == other.resource:
                        assert one.group is not None
                        assert one.group == other.group
