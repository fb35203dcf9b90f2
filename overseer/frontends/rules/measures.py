"""Quantities: a number with its unit, what it is to be converted to, and stretches of time from today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from overseer.frontends.rules.candidates import COUNTS, Candidate
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.slots import slots_of
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import SILENT, stem, wordset
from overseer.tool import Tool

_UNITS = wordset(
    """mm cm dm m km millimeter centimeter meter kilometer millimetre centimetre metre kilometre inch inches foot feet
    ft yard yd mile mi mg g kg gram kilogram milligram ton tonne pound lb lbs ounce oz stone ml cl dl l liter litre
    milliliter millilitre gallon pint quart cup tablespoon teaspoon second minute hour day week month year sec min h
    celsius fahrenheit kelvin c f k acre hectare kmh mph knot joule calorie kcal watt kilowatt byte kilobyte megabyte
    gigabyte terabyte kb mb gb tb bit degree radian bar pascal psi km/h m/s"""
)
_CURRENCIES = wordset("dollar euro usd eur gbp yen franc chf rupee peso")  # no unit: what they are worth changes
_INTO = frozenset({"to", "into", "in", "as"})
_ONE = frozenset({"a", "an", "one"})


def is_unit(token: Token) -> bool:
    return token.kind == "word" and (token.low in _UNITS or token.low.removesuffix("s") in _UNITS)


def is_conversion(part: Part) -> bool:
    """Whether a part asks how much something is in another unit: 5 feet in cm, how many meters are in a mile."""
    return _asked_of_one(part) is not None or any(
        one.kind == "number" and is_unit(of) and into.low in _INTO and is_unit(to)
        for one, of, into, to in zip(part.tokens, part.tokens[1:], part.tokens[2:], part.tokens[3:], strict=False)
    )


def _asked_of_one(part: Part) -> tuple[Token, Token, Token] | None:
    """The unit that is asked for, the number and the unit of that: how many cups are in a liter."""
    words = [token for token in part.tokens if token.kind != "mark"]
    begin = next((at for at, (one, two) in enumerate(pairwise(words)) if (one.low, two.low) == ("how", "many")), None)
    if begin is None or len(words) < begin + 6:
        return None
    asked, *_, into, number, unit = words[begin + 2 :]
    if [token.low for token in words[begin + 3 : -2]] in (["is"], ["are"], ["in"]):
        into = replace(into, text="in")  # how many km is 5 miles
    is_count = number.low in _ONE or number.low in COUNTS or number.kind == "number"
    return (asked, number, unit) if is_unit(asked) and into.low == "in" and is_count and is_unit(unit) else None


def with_units(part: Part, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The values of a part with its units of measurement: behind a number, and behind `to` or `in`."""
    number = candidates[0].part if candidates else 0
    if (asked := _asked_of_one(part)) is not None:
        wanted, count, unit = asked
        value = COUNTS.get(count.low, 1) if count.kind == "word" else count.value
        return (
            Candidate("unit", wanted.text, wanted.start, wanted.end, number, (), (), "to"),
            Candidate("number", value, count.start, count.end, number),
            Candidate("unit", unit.text, unit.start, unit.end, number, (), (), "from"),
        )
    numbers = {candidate.end for candidate in candidates if candidate.kind == "number"}
    is_bare = not numbers and {"from", "to"} <= {token.low for token in part.tokens}
    if not numbers and not is_bare:
        return tuple(candidates)
    units = []
    for before, token in pairwise(part.tokens):
        is_measured = before.end in numbers or (is_bare and before.low == "from")
        if not is_measured and before.low not in ("to", "into", "in"):
            continue
        if (
            token.kind == "word" and token.low not in SILENT and token.low.removesuffix("s") not in _CURRENCIES
        ) or token.text == "°":
            text = _unit_text(part, token)
            preposition = "from" if is_measured else "to"
            units.append(Candidate("unit", text, token.start, token.start + len(text), number, (), (), preposition))
    spans = [(unit.start, unit.end) for unit in units]
    rest = [value for value in candidates if not any(start <= value.start < end for start, end in spans)]
    return tuple(sorted([*rest, *units], key=lambda candidate: candidate.start))


def _unit_text(part: Part, token: Token) -> str:
    """A unit as it is written: of °F, the sign is a token of its own."""
    if token.text != "°":
        return token.text
    behind = part.text[token.start - part.tokens[0].start :].split(maxsplit=1)
    return behind[0].rstrip(",.;?!") if behind else token.text


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a day lies from today; before it where the count is below zero."""

    count: int
    unit: str  # days, weeks, months, years


_STRETCHES = {stem(unit): unit for unit in ("days", "weeks", "months", "years")}


def with_distances(tool: Tool, part: Part, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The values of a part as a tool takes them: in 3 weeks is a date, but for a tool that goes on by weeks.

    Such a tool takes a number below zero for `2 weeks ago`, if it says so.
    """
    slots = slots_of(tool)
    if not any(slot.sort == "date" for slot in slots):
        return tuple(candidates)
    names = {slot.name for slot in slots}
    has_date = any(candidate.kind == "date" for candidate in candidates)
    found = []
    for candidate in candidates:
        stretch = _STRETCHES.get(candidate.after[0]) if candidate.after and candidate.kind == "number" else None
        if stretch is None or not isinstance(candidate.value, int):
            found.append(candidate)
            continue
        is_back = _goes_back(part, candidate)
        value = -candidate.value if is_back else candidate.value
        if stretch in names:
            found.append(replace(candidate, value=value) if "below zero" in tool.description else candidate)
        elif is_back is not None and not has_date:
            found.append(replace(candidate, kind="date", value=Distance(value, stretch), before=(), after=()))
        else:
            found.append(candidate)
    return tuple(found)


def _goes_back(part: Part, candidate: Candidate) -> bool | None:
    """Whether a stretch of time lies before today or before what follows; None where it is no distance at all."""
    tokens = part.tokens
    at = next(at for at, token in enumerate(tokens) if token.start == candidate.start)
    behind = [token.low for token in tokens[at + 2 : at + 4]]
    if behind[:1] in (["ago"], ["before"], ["earlier"]) or any(token.low in _BACK for token in tokens[:at]):
        return True
    is_ahead = behind in (["from", "now"], ["from", "today"]) or behind[:1] in (["later"], ["hence"])
    is_told = is_ahead or (at > 0 and tokens[at - 1].low == "in" and "many" not in {token.low for token in tokens[:at]})
    return False if is_told else None


_BACK = frozenset({"subtract", "minus", "back"})


def is_from_today(part: Part) -> bool:
    """Whether a stretch of time is told from today: in 2 weeks, 3 days ago."""
    tokens = part.tokens
    for at, token in enumerate(tokens):
        if token.kind != "number" or at + 1 >= len(tokens) or stem(tokens[at + 1].text) not in _STRETCHES:
            continue
        behind = [other.low for other in tokens[at + 2 : at + 4]]
        is_told = behind[:1] in (["ago"], ["hence"]) or behind in (["from", "now"], ["from", "today"])
        if is_told or (at > 0 and tokens[at - 1].low == "in"):
            return True
    return False


def distance_tool(unit: str, tools: Sequence[Tool]) -> tuple[Tool, str] | None:
    """The tool that goes from a date by so many of a unit, with its argument for the date."""
    for tool in tools:
        slots = slots_of(tool)
        required = [slot for slot in slots if slot.is_required]
        if len(required) == 1 and required[0].sort == "date" and any(slot.name == unit for slot in slots):
            return tool, required[0].name
    return None
