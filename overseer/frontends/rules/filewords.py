"""Questions about the files of a folder: how many there are, the largest, those above a size.

A list of files is a table with a row for each, so the answer is what a table is asked.
"""

from __future__ import annotations

from typing import Any

from overseer.frontends.rules.linewords import HOLD, THAT, WHAT
from overseer.frontends.rules.phrases import FILE_ENDINGS
from overseer.frontends.rules.wording import Wording
from overseer.frontends.rules.words import SILENT

_FILES = rf"(?:all )?(?:of )?(?:the |my )?(?:({'|'.join(FILE_ENDINGS)}) )?files?"
_SIZES = {
    "b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "kilobyte": 10**3, "kilobytes": 10**3, "mb": 10**6, "megabyte": 10**6,
    "megabytes": 10**6, "gb": 10**9, "gigabyte": 10**9, "gigabytes": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_ORDERS = {
    "largest": "-size", "biggest": "-size", "smallest": "size", "newest": "-modified", "latest": "-modified",
    "most recent": "-modified", "oldest": "modified",
}  # fmt: skip
_MORE = r"(?:larger|bigger|greater|more) than|over|above|at least"
_LESS = r"(?:smaller|less) than|under|below"
_PLACE = (
    r"(?:in|under|inside|beneath) (?:the )?(?:(?:folder|directory) (?:called |named )?)?(?:(<[pq]\d+>)|([^\W\d][\w-]*))"
)
_HERE = r"here|in total|altogether|(?:in|of) (?:this|the current|my|the) (?:folder|directory|workspace|project)"


def files_asked(wording: Wording) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Which files are meant, and what is asked of them as of a table; None where it is no such question."""
    question = _order(wording) or _sorted(wording) or _size(wording) or _count(wording)
    if question is None:
        return None
    kind = question.pop("kind")
    place: dict[str, Any] = {"pattern": f"*.{FILE_ENDINGS[kind.casefold()]}"} if kind else {}
    folder = _folder(wording)
    if folder is None or not wording.is_done("in total exist"):
        return None
    return {**place, **folder}, question


def files_holding(wording: Wording) -> dict[str, Any] | None:
    """What to look for in which files, where those are asked for that hold a text; None where they are not."""
    before = wording.rest
    folder = _folder(wording)
    said = wording.take(rf"{_FILES} {THAT}{HOLD} {WHAT}")
    what = wording.text(said[2], said[3]) if said is not None else None
    if said is None or what is None or folder is None or not wording.is_done("search"):
        wording.rest = before
        return None
    kind = {"pattern": f"*.{FILE_ENDINGS[said[1].casefold()]}"} if said[1] else {}
    return {"query": what, **kind, **folder}


def _folder(wording: Wording) -> dict[str, str] | None:
    """The folder that is meant, if one is named; None where something else is."""
    if wording.take(_HERE) is not None or (said := wording.take(_PLACE)) is None:
        return {}
    folder = str(wording.value(said[1])) if said[1] else said[2]
    return {"path": folder} if _is_folder(folder) else None


def _is_folder(name: str) -> bool:
    has_ending = "." in name.rstrip("/").rpartition("/")[2].lstrip(".")
    return name.casefold() not in SILENT and name.casefold() not in _NO_FOLDERS and "*" not in name and not has_ending


_NO_FOLDERS = frozenset({"size", "order", "total", "folder", "directory"})


def _order(wording: Wording) -> dict[str, Any] | None:
    word = rf"({'|'.join(_ORDERS)})"
    if said := wording.take(rf"(?:the )?(?:(<n\d+>) )?{word} (?:(<n\d+>) )?{_FILES}"):
        number, order, other, kind = said[1] or said[3], said[2], said[3], said[4]
        if said[1] and other:
            return None
    elif said := wording.take(rf"{_FILES} (?:is|are) (?:the )?{word}(?: one)?"):
        number, order, kind = None, said[2], said[1]
    else:
        return None
    is_one = said[0].casefold().split()[-1] == "file" or number is None
    limit = wording.value(number) if number else 1 if is_one else 0
    return {"kind": kind, "sort": [_ORDERS[order.casefold()]], "limit": limit}


def _sorted(wording: Wording) -> dict[str, Any] | None:
    """List the files sorted by size; the largest and the newest are what is looked for, so they come first."""
    found = wording.take(
        rf"(?:sort )?{_FILES}(?: here)?(?: sorted| ordered)? by (?:their )?(size|date|age|modification date)"
    )
    if found is None:
        return None
    is_up = wording.take(r"ascending|(?:smallest|oldest) first") is not None
    if not is_up:
        wording.take(r",? ?(?:descending|(?:largest|biggest|newest) first)")
    column = "size" if found[2].casefold() == "size" else "modified"
    return {"kind": found[1], "sort": [column if is_up else f"-{column}"]}


def _size(wording: Wording) -> dict[str, Any] | None:
    found = wording.take(
        rf"{_FILES}(?: here)?(?: (?:(?:that|which) )?(?:is|are)| (?:with|of) a size)? (?:({_MORE})|({_LESS})) "
        rf"(<n\d+>) ?({'|'.join(_SIZES)})(?: in size)?"
    )
    if found is None:
        return None
    bound = wording.value(found[4]) * _SIZES[found[5].casefold()]
    operator = "ge" if (found[2] or "").casefold() == "at least" else "gt" if found[2] else "lt"
    return {"kind": found[1], "where": [{"column": "size", "op": operator, "value": bound}], "sort": ["-size"]}


def _count(wording: Wording) -> dict[str, Any] | None:
    found = wording.take(rf"(?:how many|(?:the )?number of|count) {_FILES}")
    return {"kind": found[1], "aggregates": [{"function": "count"}]} if found is not None else None
