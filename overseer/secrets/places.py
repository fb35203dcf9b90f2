"""Where in a text something is to be hidden, and what is to stand there instead."""

from __future__ import annotations

from collections.abc import Iterable

Place = tuple[int, int, str]  # from, to, and what stands there instead

REDACTED = "[redacted]"


def replaced(text: str, places: Iterable[Place]) -> str:
    """The text with something else in these places, which are in order and do not overlap."""
    pieces = []
    end = 0
    for start, stop, label in places:
        pieces += [text[end:start], label]
        end = stop
    return "".join([*pieces, text[end:]])


def merged(places: list[Place]) -> list[Place]:
    """Places that overlap become one, called after the longest known secret in it."""
    places.sort(key=lambda place: (place[0], -place[1]))
    found = [places[0]]
    longest = _weight(places[0])
    for place in places[1:]:
        start, end, label = found[-1]
        if place[0] >= end:
            found.append(place)
            longest = _weight(place)
            continue
        if (weight := _weight(place)) > longest:
            longest, label = weight, place[2]
        found[-1] = (start, max(end, place[1]), label)
    return found


def _weight(place: Place) -> tuple[bool, int]:
    start, end, label = place
    return label != REDACTED, end - start
