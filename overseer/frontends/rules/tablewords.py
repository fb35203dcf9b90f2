"""Questions about the rows of a table, as the arguments that tell a tool to answer them.

Which rows, in which order, how many, and what is to be worked out of them: where price > 10, sorted by price,
the first 5 rows, the average price per city.
"""

from __future__ import annotations

import re
from typing import Any

from overseer.frontends.rules.wording import NAME, VALUE, Wording

ROWS = r"(?:rows?|entries|entry|records?)"
_FUNCTIONS = {
    "average": "mean", "mean": "mean", "avg": "mean", "sum": "sum", "total": "sum", "maximum": "max", "max": "max",
    "highest": "max", "largest": "max", "biggest": "max", "greatest": "max", "minimum": "min", "min": "min",
    "lowest": "min", "smallest": "min",
}  # fmt: skip
_DOWN = r"descending|desc|decreasing|in reverse|from (?:high|highest|large|largest) to (?:low|lowest|small|smallest)"
_DOWN_FIRST = r"(?:the )?(?:highest|largest|biggest|greatest|newest|latest|high) (?:ones? |values? )?first"
_UP = r"ascending|asc|increasing|from (?:low|lowest|small|smallest) to (?:high|highest|large|largest)|alphabetically"
_UP_FIRST = r"(?:the )?(?:lowest|smallest|least|oldest|earliest|low) (?:ones? |values? )?first"
_OPERATORS: tuple[tuple[str, str], ...] = (
    (r"> ?=|(?:is |are )?(?:at least|no less than|not less than)", "ge"),
    (r"< ?=|(?:is |are )?(?:at most|no more than|not more than)", "le"),
    (r"! ?=|< ?>|(?:is not|isn't|are not|does not equal)(?: equal to)?", "ne"),
    (r">|(?:is |are )?(?:above|over|(?:greater|more|larger|bigger|higher|older) than)|exceeds", "gt"),
    (r"<|(?:is |are )?(?:below|under|(?:less|smaller|lower|fewer|younger) than)", "lt"),
    (r"contains?|containing", "contains"),
    (r"(?:starts|begins|starting|beginning) with", "starts_with"),
    (r"(?:ends|ending) with", "ends_with"),
    (r"= ?=?|(?:is |are )?equal to|equals|is|are", "eq"),
)  # fmt: skip
_OPERATOR = "|".join(pattern for pattern, _ in _OPERATORS)
_CONDITION = rf"(?:the |its )?(?:column )?(?P<column>{NAME}) (?P<op>{_OPERATOR}) (?:the )?(?P<value>{VALUE})"
_BARE = re.sub(r"\?P<\w+>", "", _CONDITION)
_WHERE = r"(?:where|whose|with|having|(?:(?:that|which) )?(?:have|has)|for which)"
_EMPTINESS = rf"(?:the |its )?(?:column )?({NAME}) is (not )?(?:empty|missing|blank)"


def question_of(wording: Wording) -> dict[str, Any] | None:
    """What is asked of a table; None where it is not all understood, and nothing where nothing is asked."""
    found: dict[str, Any] = {}
    for part in (_where, _extreme, _sort, _limit, _count, _aggregates, _groups, _columns):
        told = part(wording)
        if told is None or told.keys() & found.keys():
            return None  # of two things that are asked for, none may be dropped
        found |= told
    if _is_at_odds(found):
        return None
    return found if wording.is_done(_WORDS) else None


def _is_at_odds(found: dict[str, Any]) -> bool:
    """Whether a query would do it in another order than it was said: the average price of the first 5 rows."""
    if "aggregates" not in found:
        return "group_by" in found
    return "limit" in found or "select" in found or not set(found.get("sort", ())) <= set(found.get("group_by", ()))


_WORDS = "rows row entries entry records record filter query select sort order"


def _where(wording: Wording) -> dict[str, Any] | None:
    one = rf"(?:{_EMPTINESS}|{_BARE})"
    said = wording.take(rf"{_WHERE}(?: an?)? {one}(?: and (?:whose )?{one})*")
    if said is None:
        return {}
    texts = re.split(r" and (?:whose )?", said[0].split(" ", 1)[1])
    conditions = [condition for text in texts if (condition := _condition(wording, text)) is not None]
    return {"where": conditions, **_first(wording, conditions)} if len(conditions) == len(texts) else None


def _first(wording: Wording, conditions: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the amount is above 3, highest first: what the rows are chosen by is what they are sorted by."""
    columns = {condition["column"] for condition in conditions}
    if len(columns) != 1 or " by " in wording.rest:
        return {}
    column = columns.pop()
    if wording.take(rf",? ?(?:{_DOWN_FIRST})") is not None:
        return {"sort": [f"-{column}"]}
    return {"sort": [column]} if wording.take(rf",? ?(?:{_UP_FIRST})") is not None else {}


def _condition(wording: Wording, said: str) -> dict[str, Any] | None:
    text = re.sub(r"^(?:(?:have|has|which|an?) )*", "", said)
    if empty := re.fullmatch(_EMPTINESS, text, re.IGNORECASE):
        name = wording.name(empty[1])
        return {"column": name, "op": "not_empty" if empty[2] else "is_empty"} if name else None
    found = re.fullmatch(_CONDITION, text, re.IGNORECASE)
    name = wording.name(found["column"]) if found is not None else None
    if found is None or name is None:
        return None
    operator = next(op for pattern, op in _OPERATORS if re.fullmatch(pattern, found["op"], re.IGNORECASE))
    value = wording.constant(found["value"])
    return {"column": name, "op": operator, "value": value} if value is not None else None


def _extreme(wording: Wording) -> dict[str, Any] | None:
    """The 3 rows with the highest price; the top 3 by price."""
    said = wording.take(rf"(?:the )?(?:(<n\d+>) )?{ROWS} with the (\w+) ({NAME})")
    if said is not None and said[2].casefold() in _FUNCTIONS:
        function, name = _FUNCTIONS[said[2].casefold()], wording.name(said[3])
        if function not in ("max", "min") or name is None:
            return None
        return {"sort": [f"-{name}" if function == "max" else name], "limit": _whole(wording, said[1] or "")}
    said = wording.take(rf"(?:the )?top (<n\d+>)(?: {ROWS})? by ({NAME})") if said is None else said
    if said is None:
        return {}
    name = wording.name(said[2])
    return {"sort": [f"-{name}"], "limit": _whole(wording, said[1])} if name is not None else None


def _sort(wording: Wording) -> dict[str, Any] | None:
    said = wording.take(rf"(?:and )?(?:sort|sorted|order|ordered|rank|ranked)(?: it| them| the {ROWS})? by (?:the )?"
                        rf"(?:column )?({NAME})(?: column)?(?: (?:and|, then|then) (?:by )?({NAME}))?")  # fmt: skip
    if said is None:
        return {}
    names = [wording.name(name) for name in said.groups() if name]
    is_down = wording.take(rf"(?:,? ?in )?(?:{_DOWN})(?: order)?|,? ?(?:{_DOWN_FIRST})") is not None
    if not is_down:
        wording.take(rf"(?:,? ?in )?(?:{_UP})(?: order)?|,? ?(?:{_UP_FIRST})")
    return {"sort": [f"-{name}" if is_down else name for name in names]} if all(names) else None


def _columns(wording: Wording) -> dict[str, Any] | None:
    said = wording.take(rf"(?:only )?the columns? ({NAME}(?:(?: ,(?: and)?| and) {NAME})*)") or wording.take(
        rf"the ({NAME}(?:(?: ,(?: and)?| and) {NAME})*) columns?"
    )
    if said is None:
        return {}
    names = [wording.name(name) for name in re.findall(NAME, said[1]) if name != "and"]
    return {"select": names} if names and all(names) else None


def _limit(wording: Wording) -> dict[str, Any]:
    said = wording.take(rf"(?:only )?(?:the )?(?:first|top) (?:(<n\d+>) {ROWS}|{ROWS})")
    return {"limit": _whole(wording, said[1] or "")} if said is not None else {}


def _whole(wording: Wording, mark: str) -> int:
    number = wording.value(mark) if mark else 1
    return number if isinstance(number, int) and number > 0 else 1


def _count(wording: Wording) -> dict[str, Any]:
    said = wording.take(rf"how many {ROWS}(?: (?:are there|are|there|has|have))?|(?:the )?number of {ROWS}"
                        rf"|count (?:all )?(?:the )?{ROWS}")  # fmt: skip
    return {"aggregates": [{"function": "count"}]} if said is not None else {}


def _aggregates(wording: Wording) -> dict[str, Any] | None:
    """The average price."""
    said = wording.take(rf"({'|'.join(_FUNCTIONS)}) (?:value )?(?:of )?(?:all )?(?:the )?(?:values )?(?:(?:of|in) )?"
                        rf"(?:the )?(?:column )?({NAME})(?: column)?")  # fmt: skip
    if said is None:
        return {}
    name = wording.name(said[2])
    return {"aggregates": [{"function": _FUNCTIONS[said[1].casefold()], "column": name}]} if name is not None else None


def _groups(wording: Wording) -> dict[str, Any] | None:
    """Per city."""
    said = wording.take(rf"(?:(?:grouped |group )?by|per|(?:for|in|of) (?:each|every)) ({NAME})")
    name = wording.name(said[1]) if said is not None else None
    return {} if said is None else {"group_by": [name]} if name is not None else None


def chart_of(wording: Wording) -> tuple[str, str, str] | None:
    """The kind of a chart, the column that it shows and the column along which; None where no chart is asked for."""
    said = wording.take(rf"{_CHART} (?:of|with|showing|for) (?:the )?({NAME}) {_ALONG} (?:the )?({NAME})")
    names = [wording.name(name) for name in said.groups()[1:]] if said is not None else []
    if said is None or None in names or not wording.is_done("draw make create plot"):
        return None
    return said[1].casefold(), str(names[0]), str(names[1])


_CHART = r"(bar|line|pie|scatter) ?(?:chart|plot|graph|diagram)"
_ALONG = r"(?:by|per|over|against|along|for (?:each|every)|vs|versus)"
