"""What the clocks show somewhere when it is a given time elsewhere, in whichever order that is said."""

from __future__ import annotations

from overseer.frontends.rules.wording import Wording

_PLACE = r"((?-i:[A-Z])[\w/+:-]*(?: (?-i:[A-Z])[\w-]*)*)"
_GIVEN = rf"(?:when|if) it(?: is|'s|’s) (<t\d+>) in {_PLACE}"
_ASKED = rf"what(?: is|'s|’s)?(?: the)? time(?: is it|will it be| would it be)? in {_PLACE}"


def clocks_asked(wording: Wording) -> dict[str, str] | None:
    """The time, where it is meant and where it is to be told; None where nothing of the kind is asked."""
    given = wording.take(_GIVEN)
    asked = wording.take(_ASKED) if given is not None else None
    if given is None or asked is None or not wording.is_done("then"):
        return None
    return {"time": str(wording.value(given[1])), "from_zone": given[2], "to_zone": asked[1]}
