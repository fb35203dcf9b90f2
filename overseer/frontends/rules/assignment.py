"""Which value of a request goes to which argument of a tool, and how many calls that makes.

Each argument takes the value that suits it best. Values that are left over and stand beside one that was
taken, as in `to French, Spanish and German`, or that repeat the whole pattern, as in `5 miles to km and
10 kg to pounds`, make further calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from overseer.frontends.rules.candidates import NUMERIC, Candidate, family_of
from overseer.frontends.rules.literals import label, suits
from overseer.frontends.rules.phrases import FILE_ENDINGS
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.words import stem, stemset

Assigned = dict[str, list[Candidate]]  # by argument; of several values, each but for lists is for a call of its own


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides which values may go where."""

    rivals: Mapping[str, float]  # by argument: how well an earlier result would suit
    can_read: Callable[[Candidate, Slot], bool]  # whether a file or link could be read to fill an argument
    targets: frozenset[str] = frozenset()  # arguments that name what is written
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # as an example of the tool has them


@dataclass(frozen=True, slots=True)
class _Pair:
    """A value that suits an argument."""

    score: float
    order: tuple[int, int]
    at: int  # of the value
    slot: Slot


def assigned(slots: Sequence[Slot], candidates: Sequence[Candidate], asking: Asking) -> Assigned:
    """The values for each argument, in the order in which they were said."""
    pairs = _pairs(slots, candidates, asking)
    suited: dict[str, set[int]] = {}
    for pair in pairs:
        suited.setdefault(pair.slot.name, set()).add(pair.at)
    first: dict[str, int] = {}
    lists: dict[str, set[int]] = {}
    taken: set[int] = set()
    for pair in pairs:
        if pair.slot.name not in first and pair.at not in taken:
            first[pair.slot.name] = pair.at
            taken.add(pair.at)
            if pair.slot.is_many:  # a list takes all of a list
                lists[pair.slot.name] = _beside(pair.at, candidates, suited[pair.slot.name] - taken)
                taken |= lists[pair.slot.name]
    if not lists and (size := _period(candidates, taken)) is not None:
        end = max(at for at in range(len(candidates)) if at % size == size - 1 and at not in taken) + 1
        return {
            name: list(candidates[at:end:size] if at < end else candidates[at : at + 1]) for name, at in first.items()
        }
    found: Assigned = {}
    for name in (slot.name for slot in slots if slot.name in first):
        beside = lists[name] if name in lists else _beside(first[name], candidates, suited[name] - taken)
        taken |= beside
        found[name] = [candidates[at] for at in sorted({first[name], *beside})]
    return found


def _pairs(slots: Sequence[Slot], candidates: Sequence[Candidate], asking: Asking) -> list[_Pair]:
    """What suits what, the best first; what must be given goes before what may be."""
    places = _places(candidates)
    found = []
    for number, slot in enumerate(slots):
        if slot.options:
            continue
        for at, candidate in enumerate(candidates):
            if slot.name in asking.targets and _is_what_is_made_from(candidate, slots):
                continue
            is_in_place = asking.places.get(slot.name) == places[at]
            score = _score(candidate, slot, asking, is_in_place=is_in_place)
            if score > 0 and is_in_place:
                score += _AS_IN_THE_EXAMPLE
            if score >= max(_LEAST if slot.is_required else _LEAST_IF_OPTIONAL, asking.rivals.get(slot.name, 0.0)):
                lead = _REQUIRED_FIRST if slot.is_required else 0.0
                found.append(_Pair(score + lead, (number, at), at, slot))
    return sorted(found, key=lambda pair: (-pair.score, pair.order))


def _is_what_is_made_from(candidate: Candidate, slots: Sequence[Slot]) -> bool:
    """Whether a file is of the form that a tool takes, and is not said to be what it makes: a.md to PDF."""
    form = str(candidate.value).rpartition(".")[2].casefold() if candidate.kind == "path" else ""
    takes = any(FILE_ENDINGS.get(slot.name) == form for slot in slots if slot.is_required)
    return takes and candidate.preposition not in ("as", "to", "into")


_LEAST, _LEAST_IF_OPTIONAL, _REQUIRED_FIRST, _AS_IN_THE_EXAMPLE, _AS_READ = 0.5, 2.4, 0.6, 1.5, 1.4
_AS_THE_TARGET = 1.5
_CALLED_SO = 0.6
_SAVING = stemset("save store put write")


def _score(candidate: Candidate, slot: Slot, asking: Asking, *, is_in_place: bool) -> float:
    """How well a value suits an argument; 0 where something speaks against it."""
    if slot.name in asking.targets and candidate.kind == "url":
        return 0.0  # nothing is saved in a link
    is_inside = candidate.preposition == "in" and _SAVING.isdisjoint(candidate.before)
    if slot.name in asking.targets and (candidate.preposition in ("of", "from") or is_inside):
        return 0.0  # the PDF of a report is not written to the report
    if not (slot.is_required or is_in_place) and candidate.kind in NUMERIC and label(candidate, slot) < 0.6:
        return 0.0  # a number alone says nothing about which of many settings it is
    if candidate.kind == "data" and stem("headers") in slot.words and label(candidate, slot) < _CALLED_SO:
        return 0.0  # what is sent is not what is said about it
    score = suits(candidate, slot)
    if slot.name in asking.targets and candidate.preposition in ("as", "to", "into"):
        score *= _AS_THE_TARGET
    return _AS_READ if score < 1.0 and asking.can_read(candidate, slot) else score


def _places(candidates: Sequence[Candidate]) -> list[tuple[str, int]]:
    """Of each value, its kind and the how-manieth of that kind it is."""
    seen: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for candidate in candidates:
        family = family_of(candidate.kind)
        found.append((family, seen[family]))
        seen[family] += 1
    return found


def _period(candidates: Sequence[Candidate], taken: set[int]) -> int | None:
    """After how many values the same pattern begins anew, where its first round and what follows all was taken."""
    size = next((at for at in range(len(candidates)) if at not in taken), 0)
    left = [at for at in range(len(candidates)) if at not in taken]
    if size < 2 or len(left) % size or left != list(range(size, size + len(left))):
        return None
    kinds = [candidate.kind for candidate in candidates]
    if len(set(kinds[:size])) < 2:
        return None
    return size if kinds[size : size + len(left)] == kinds[:size] * (len(left) // size) else None


def _beside(first: int, candidates: Sequence[Candidate], free: set[int]) -> set[int]:
    """The values of the same kind that stand in a list with the first."""
    found: set[int] = set()
    for step in (1, -1):
        at = first + step
        while 0 <= at < len(candidates) and at in free and candidates[at].kind == candidates[first].kind:
            if not candidates[at if step == 1 else at + 1].joined:
                break
            found.add(at)
            at += step
    return found
