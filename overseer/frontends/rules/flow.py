"""What an earlier step gives that a later one needs."""

from __future__ import annotations

from overseer.frontends.rules.kinship import kin
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.slots import Port, Slot
from overseer.frontends.rules.words import FAINT, wordset

_SAME, _ALIKE, _WITHIN, _SAYS, _MEDIA = 3.0, 2.2, 0.6, 0.8, 2.3
_POINTING = wordset(
    """it its itself that this them they those these their theirs both each all result results output outcome
    answer response former latter same above previous resulting generated extracted calculated"""
)


def fits(port: Port, slot: Slot) -> float:
    """How well a result suits an argument, by their names and by what they are made of; 0 where it cannot."""
    if port.types and slot.types and not _types_agree(port, slot):
        return 0.0
    if port.media and slot.media and port.path[-1:] in (("output",), ()):
        return _MEDIA if port.media == slot.media else 0.0
    if not port.path:
        return 0.0
    if port.words and port.words == slot.words:
        return _SAME + (0.3 if port.words - FAINT else 0.0)
    shared = {word for word in slot.words if word in port.words or not kin(word).isdisjoint(port.words)}
    telling = shared - FAINT
    either = len(slot.words | port.words) or 1
    by_name = (
        _ALIKE * (len(telling) + 0.3 * len(shared - telling)) / max(1.0, either - 0.5 * len(shared)) if shared else 0.0
    )
    if telling and slot.words <= port.words:
        by_name += _WITHIN  # the version, and the latest version
    said = {word for word in slot.says if word in port.says or word in port.words} - FAINT
    by_saying = _SAYS * len(said) / max(2, min(len(slot.says), len(port.says)) or 1)
    return by_name + min(_SAYS, by_saying) + (0.4 if shared and said else 0.0)


def _types_agree(port: Port, slot: Slot) -> bool:
    if port.types & slot.types or "string" in slot.types:
        return True
    return "number" in slot.types and "integer" in port.types


def points_back(part: Part) -> bool:
    """Whether a part speaks of something that was named or made before it."""
    return any(token.low in _POINTING for token in part.tokens)


def speaks_of_results(part: Part) -> bool:
    """Whether a part says that it goes on with what came out."""
    return any(token.low in _COMING_OUT for token in part.tokens)


_COMING_OUT = wordset("""result results output outcome resulting generated calculated obtained extracted computed""")


def speaks_of_each(part: Part) -> bool:
    return any(token.low in ("each", "every", "individually", "respectively") for token in part.tokens)
