"""Claims: all at once or not at all, shared only within a group."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from overseer.kernel.claims import Claims, Want
from tests.choices import Choices, chosen


def take(claims: Claims[str, str], key: str, *wants: Want, rank: int = 0) -> bool:
    return claims.take(key, wants, rank=(rank,), waiter=key)


def test_a_second_holder_waits_for_the_first() -> None:
    claims: Claims[str, str] = Claims()
    assert take(claims, "a", Want("file:x"))
    assert not take(claims, "b", Want("file:x"))
    assert claims.release("a") == ["b"]
    assert claims.holds("b")


def test_the_best_rank_is_let_in_first() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("r"))
    take(claims, "late", Want("r"), rank=5)
    take(claims, "early", Want("r"), rank=1)
    assert claims.release("a") == ["early"]
    assert claims.release("early") == ["late"]


def test_members_of_a_group_hold_a_resource_together() -> None:
    claims: Claims[str, str] = Claims()
    assert take(claims, "a", Want("shell", group=1))
    assert take(claims, "b", Want("shell", group=1))
    assert not take(claims, "c", Want("shell", group=2))
    assert not take(claims, "d", Want("shell"))
    assert claims.release("a") == []
    assert claims.release("b") == ["c"]


def test_nobody_without_a_group_shares_anything() -> None:
    claims: Claims[str, str] = Claims()
    assert take(claims, "a", Want("shell"))
    assert not take(claims, "b", Want("shell"))


def test_a_whole_group_is_let_in_at_once() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("shell"))
    for key in "bcd":
        take(claims, key, Want("shell", group=1))
    take(claims, "lonely", Want("shell"), rank=9)
    assert sorted(claims.release("a")) == ["b", "c", "d"]


def test_a_parked_step_holds_nothing_meanwhile() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("x"))
    assert not take(claims, "both", Want("y"), Want("x"))
    assert take(claims, "b", Want("y"))
    assert claims.release("a") == []
    assert claims.release("b") == ["both"]


def test_whoever_withdraws_is_not_let_in() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("x"))
    take(claims, "b", Want("x"))
    claims.withdraw("b")
    assert claims.release("a") == []


def test_a_newcomer_does_not_pass_a_better_ranked_waiter_of_another_group() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("shell", group=1), rank=1)
    assert not take(claims, "other", Want("shell", group=2), rank=2)
    assert not take(claims, "late", Want("shell", group=1), rank=3)
    assert take(claims, "urgent", Want("shell", group=1), rank=0)
    assert claims.release("a") == []
    assert claims.release("urgent") == ["other"]
    assert claims.release("other") == ["late"]


def test_a_group_cannot_keep_others_out_for_ever() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "g0", Want("shell", group=1), rank=1)
    take(claims, "patient", Want("shell"), rank=2)
    for number in range(1, 100):  # one of the group always comes before the one before it goes
        take(claims, f"g{number}", Want("shell", group=1), rank=2 + number)
        if "patient" in claims.release(f"g{number - 1}"):
            return
    raise AssertionError("the group never let go")


def test_when_the_better_ranked_waiter_withdraws_the_group_inside_grows() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("shell", group=1), rank=1)
    take(claims, "other", Want("shell", group=2), rank=2)
    take(claims, "late", Want("shell", group=1), rank=3)
    assert claims.withdraw("other") == ["late"]


def test_work_that_lingers_holds_what_lasts_and_no_more() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("file:x"), Want("group:", is_lasting=False))
    take(claims, "b", Want("file:x"), rank=1)
    take(claims, "c", Want("group:"), rank=2)
    assert claims.linger("a", "a, left behind") == ["c"]
    assert not claims.holds("a")
    assert claims.release("a, left behind") == ["b"]


def test_whoever_waits_for_what_is_stuck_is_hopeless_until_it_withdraws() -> None:
    claims: Claims[str, str] = Claims()
    take(claims, "a", Want("x"))
    take(claims, "b", Want("x"), rank=1)
    claims.linger("a", "ghost")
    assert claims.hopeless() is None
    claims.give_up_on("ghost")
    assert claims.hopeless() == ("b", "ghost", "x")
    claims.withdraw("b")
    assert claims.hopeless() is None
    take(claims, "late", Want("x"), rank=2)
    assert claims.hopeless() == ("late", "ghost", "x")
    assert claims.release("ghost") == ["late"]
    assert claims.hopeless() is None


def test_many_groups_take_no_longer_than_one() -> None:
    """The heaps are looked at a few times for each step: counted, because time would depend on the machine."""
    claims: Claims[str, Rank] = Claims()
    looked = 0

    class Rank(tuple[int, ...]):
        __slots__ = ()

        def __lt__(self, other: tuple[int, ...]) -> bool:
            nonlocal looked
            looked += 1
            return tuple(self) < tuple(other)

    count = 2000
    for number in range(count):
        claims.take(str(number), (Want("shell", group=number % 50),), rank=Rank((number,)), waiter=str(number))
    holding = ["0"]
    for key in holding:  # grows while it is walked
        holding += claims.release(key)
    assert len(holding) == count
    assert looked < 60 * count


def _wants(choices: Choices) -> list[Want]:
    return [Want(resource, choices.of((None, 1, 2))) for resource in choices.some("xyz", least=1, most=3)]


# What each of several asks for. There may be nobody.
WANTED = chosen(lambda choices: choices.several(lambda: _wants(choices), most=20), most=150)
SEEDS = st.integers(0, 2**16)


@given(WANTED, SEEDS)
def test_everybody_gets_a_turn_and_nobody_meets_a_stranger(wanted: list[list[Want]], seed: int) -> None:
    random = Random(seed)
    claims: Claims[str, str] = Claims()
    holding = {}
    for number, wants in enumerate(wanted):
        if claims.take(str(number), tuple(wants), rank=(number,), waiter=str(number)):
            holding[str(number)] = wants
    served = set(holding)
    while holding:
        _assert_no_conflict(list(holding.values()))
        key = random.choice(sorted(holding))
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


class SlowClaims:
    """The same rules written down plainly: a list of those who wait, and a search through it each time."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[Want, ...]] = {}
        self.waiting: list[tuple[tuple[int, ...], str, tuple[Want, ...], Want]] = []

    def take(self, key: str, wants: tuple[Want, ...], rank: tuple[int, ...], at: str = "") -> bool:
        for want in wants:
            if want.resource != at and not self.admits(want, rank):
                self.waiting = sorted([*self.waiting, (rank, key, wants, want)], key=lambda entry: entry[0])
                return False
        self.held[key] = wants
        return True

    def admits(self, want: Want, rank: tuple[int, ...]) -> bool:
        groups = [held.group for wants in self.held.values() for held in wants if held.resource == want.resource]
        if groups and (want.group is None or want.group != groups[0]):
            return False
        return all(rank < other for other, _, _, wanted in self.waiting if wanted.resource == want.resource)

    def release(self, key: str) -> list[str]:
        return [one for want in self.held.pop(key, ()) for one in self.admitted(want.resource)]

    def is_held(self, name: str) -> bool:
        return any(want.resource == name for wants in self.held.values() for want in wants)

    def admitted(self, name: str) -> list[str]:
        admitted: list[str] = []
        while not self.is_held(name) and (here := [entry for entry in self.waiting if entry[3].resource == name]):
            group = here[0][3].group
            for entry in here:
                if entry is here[0] or (self.is_held(name) and group is not None and entry[3].group == group):
                    self.waiting.remove(entry)
                    if self.take(entry[1], entry[2], entry[0], at=name):
                        admitted.append(entry[1])
        return admitted

    def withdraw(self, key: str) -> list[str]:
        gone = next((entry for entry in self.waiting if entry[1] == key), None)
        if gone is None:
            return []
        self.waiting.remove(gone)
        name, admitted = gone[3].resource, []
        groups = [held.group for wants in self.held.values() for held in wants if held.resource == name]
        while here := [entry for entry in self.waiting if entry[3].resource == name]:
            if groups[0] is None or here[0][3].group != groups[0]:
                break
            self.waiting.remove(here[0])
            if self.take(here[0][1], here[0][2], here[0][0], at=name):
                admitted.append(here[0][1])
        return admitted


@settings(max_examples=500, deadline=None)
@given(WANTED, SEEDS)
def test_claims_do_what_a_plain_search_does(wanted: list[list[Want]], seed: int) -> None:
    random = Random(seed)
    claims: Claims[str, str] = Claims()
    model = SlowClaims()
    ranks = random.sample(range(100), len(wanted))
    coming = list(enumerate(wanted))
    parked: set[str] = set()
    while coming or model.held:
        move = random.choice(["come", "go", "go", "withdraw"])
        if coming and (move == "come" or not model.held):
            number, wants = coming.pop(0)
            key, rank = str(number), (ranks[number],)
            taken = claims.take(key, tuple(wants), rank=rank, waiter=key)
            assert taken == model.take(key, tuple(wants), rank)
            if not taken:
                parked.add(key)
            continue
        if move == "withdraw" and parked:
            key = random.choice(sorted(parked))
            parked.remove(key)
            admitted = claims.withdraw(key)
            assert admitted == model.withdraw(key)
        else:
            key = random.choice(sorted(model.held))
            admitted = claims.release(key)
            assert admitted == model.release(key)
        parked.difference_update(admitted)
        assert all(claims.holds(key) for key in model.held)
        _assert_no_conflict([list(wants) for wants in model.held.values()])
    assert not parked
