"""Table references as arguments of the tool that reads tables. A condition is a few comparisons, never SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from overseer.jsonvalue import Json

_OPERATORS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_COMPARISON = re.compile(
    r"\s*(\w+)\s*(<=|>=|<>|!=|==|=|<|>)\s*('[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|true|false)\s*", re.I
)
_AND = re.compile(r"and\b", re.IGNORECASE)
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)
ROWS = 10  # of a table that does not say how many


class NotACondition(ValueError):
    """Text that is no condition or order that can be read here."""


def query(table: Mapping[str, Json]) -> dict[str, Json]:
    """The arguments that read the rows of a table; NotACondition where that cannot be said."""
    name = str(table["table_name"])
    path = name if PurePosixPath(name).suffix else f"{name}.csv"
    arguments: dict[str, Json] = {"path": path, "limit": table.get("limit", ROWS)}
    if "columns" in table:
        columns = table["columns"]
        arguments["select"] = [columns] if isinstance(columns, str) else columns
    if "where" in table:
        arguments["where"] = _conditions(str(table["where"]))
    if "order_by" in table:
        arguments["sort"] = [_order(part) for part in str(table["order_by"]).split(",")]
    return arguments


def _conditions(text: str) -> list[Json]:
    conditions: list[Json] = []
    position = 0
    while found := _COMPARISON.match(text, position):
        column, operator, value = found.groups()
        conditions.append({"column": column, "op": _OPERATORS[operator], "value": _value(value)})
        position = found.end()
        if position == len(text):
            return conditions
        joint = _AND.match(text, position)
        if joint is None:
            break
        position = joint.end()
    raise NotACondition(
        f"'where' cannot be read from {text[position : position + 40]!r}: "
        "write comparisons such as score > 3, joined by 'and'"
    )


def _value(text: str) -> Json:
    if text[0] in "'\"":
        return text[1:-1]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return float(text) if "." in text else int(text)


def _order(text: str) -> str:
    found = _ORDER.fullmatch(text)
    if found is None:
        raise NotACondition(f"'order_by' cannot be read: {text[:40]!r}; write a column, or a column and DESC")
    return f"-{found.group(1)}" if (found.group(2) or "").lower() == "desc" else found.group(1)
