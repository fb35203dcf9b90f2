"""Tools that find and replace by pattern, and that always end.

Python's `re` cannot be interrupted, and some patterns take longer than the age of the universe. A search
whose work is bounded by the lengths of text and pattern runs here; any other runs in a process of its own,
which is ended after `_PATIENCE_S` seconds or when the call is given up.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from functools import cache
from typing import Any, Literal

from overseer.tool import ToolContext, ToolError, tool

_PATIENCE_S = 5.0
_LONGEST_TEXT = 5_000_000
_LONGEST_PATTERN = 1_000
_LONGEST_RESULT = 20_000_000
_CHEAP = 30_000_000  # steps of a search: well below a second


@tool(
    tags=["text", "regex", "pattern", "extract", "find", "match"],
    examples=[
        {
            "request": "find all matches of the regular expression \\d+ in this text",
            "args": {"text": "7 geese, 12 ducks", "pattern": "\\d+"},
        },
        {
            "request": "extract name and age with a regex with named groups",
            "args": {"text": "Ann 31, Bo 27", "pattern": "(?P<name>\\w+) (?P<age>\\d+)"},
        },
    ],
)
def regex_extract(
    text: str, pattern: str, context: ToolContext, ignore_case: bool = False, limit: int = 0
) -> list[Any]:
    """Find everything in a text that matches a regular expression.

    Gives texts; for a pattern with one group what the group matched, with more groups a list of them for each
    match, with named groups an object. A group that took no part is null.

    Args:
        text: where to search
        pattern: a regular expression as Python has them; (?m), (?s) and the like may open it
        ignore_case: whether small and capital letters are the same
        limit: how many matches at most; 0 means all
    """
    if limit < 0:
        raise _wrong(f"limit is {limit}; give how many matches at most, or 0 for all")
    return list(_searched(text, pattern, context, ignore_case=ignore_case, limit=limit))


@tool(
    tags=["text", "regex", "pattern", "replace", "substitute"],
    examples=[
        {
            "request": "replace every number by # using a regular expression",
            "args": {"text": "7 geese, 12 ducks", "pattern": "\\d+", "replacement": "#"},
        },
        {
            "request": "swap first and last name with a regex",
            "args": {"text": "Ada Lovelace", "pattern": "(\\w+) (\\w+)", "replacement": "\\2, \\1"},
        },
    ],
)
def regex_replace(
    text: str, pattern: str, replacement: str, context: ToolContext, *, ignore_case: bool = False, limit: int = 0
) -> str:
    r"""Replace everything in a text that matches a regular expression.

    Args:
        text: where to replace
        pattern: a regular expression as Python has them; (?m), (?s) and the like may open it
        replacement: what to put in its place; \1 or \g<name> stands for what a group matched
        ignore_case: whether small and capital letters are the same
        limit: how many replacements at most; 0 means all
    """
    if limit < 0:
        raise _wrong(f"limit is {limit}; give how many replacements at most, or 0 for all")
    try:
        _compiled(pattern, ignore_case).sub(replacement, "")
    except (re.error, IndexError) as error:
        raise _wrong(f"replacement {replacement!r} cannot be used: {error}; write \\\\ for a backslash") from None
    return str(_searched(text, pattern, context, ignore_case=ignore_case, limit=limit, replacement=replacement))


@tool(
    tags=["text", "extract", "find", "email", "url", "links", "numbers", "dates", "hashtags"],
    examples=[
        {
            "request": "extract all email addresses from this text",
            "args": {"text": "Write to ann@example.org or bo@example.org.", "what": "emails"},
        },
        {"request": "find every link", "args": {"text": "See https://example.org/a.", "what": "urls"}},
        {"request": "find all numbers in notes.txt", "args": {"text": "7 geese for 12.50", "what": "numbers"}},
        {"request": "find the dates in notes.txt", "args": {"text": "From 2026-12-24 on", "what": "dates"}},
        {"request": "which numbers are in this text?", "args": {"text": "7 geese for 12.50", "what": "numbers"}},
    ],
)
def extract_from_text(
    text: str,
    what: Literal["emails", "urls", "numbers", "dates", "hashtags", "mentions", "ip_addresses", "quotes"],
    unique: bool = False,
) -> list[Any]:
    """List the email addresses, links, numbers, dates, hashtags, mentions, IP addresses or quotations in a text.

    Args:
        text: where to look
        what: what to look for; numbers are given as numbers, all else as it stands
        unique: leave out what was found before
    """
    _check_length(text)
    found: list[Any] = [match[0] for match in re.finditer(_KNOWN[what], text)]
    if what == "urls":
        found = [_without_punctuation(url) for url in found]
    elif what == "emails":
        found = [address.lstrip(".-+") for address in found]
    elif what == "numbers":
        found = [_number(number) for number in found]
    elif what == "ip_addresses":
        found = [address for address in found if all(int(part) < 256 for part in address.split("."))]
    elif what == "quotes":
        found = [quotation[1:-1].strip() for quotation in found]
    return list(dict.fromkeys(found)) if unique else found


# Each looks at a letter a bounded number of times, whatever the text: runs start at their first letter
# and are not given back.
_KNOWN = {
    "emails": r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++",
    "urls": r"\bhttps?://[^\s<>\"'`]++",
    "numbers": r"(?<![\w.,])[-−]?(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?(?![^\W_])",
    "dates": r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])|(?<![\w./])\d{1,2}([./])\d{1,2}\1\d{4}(?![\w/])",
    "hashtags": r"(?<![\w#&])#\w*[^\W\d]\w*",
    "mentions": r"(?<![\w@.])@\w++",
    "ip_addresses": r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)",
    "quotes": r'"[^"\n]++"|„[^„“”\n]++[“”]|“[^“”\n]++”|«[^«»\n]++»',
}


def _without_punctuation(url: str) -> str:
    """A link without what ends the sentence or closes the bracket around it."""
    unopened = url.count(")") - url.count("(")
    end = len(url)
    while url[end - 1] in ".,;:!?…*_]" or (url[end - 1] == ")" and unopened > 0):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def _number(text: str) -> int | float | str:
    plain = text.replace(",", "").replace("−", "-")
    if len(plain) > 300:
        return text
    return float(plain) if "." in plain else int(plain)


def _searched(text: str, pattern: str, context: ToolContext, *, ignore_case: bool, **options: Any) -> Any:
    """What a search gives, made here or in a process of its own."""
    _check_length(text)
    flags = int(_compiled(pattern, ignore_case).flags) & re.IGNORECASE
    task = {"text": text, "pattern": pattern, "flags": flags, "most": _LONGEST_RESULT, **options}
    if not _is_cheap(pattern, text):
        return _in_a_process(task, context)
    try:
        return found(**task)
    except OverflowError as error:
        raise ToolError(str(error)) from None


def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    if not pattern:
        raise _wrong("pattern is empty; give a regular expression")
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong(f"pattern has {len(pattern)} characters; give at most {_LONGEST_PATTERN}")
    try:
        return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise _wrong(
            f"pattern {pattern!r} is no regular expression: {error}; to find it literally, use \\ before"
            " characters such as ( [ * + ?"
        ) from None


_ESCAPES_AND_SETS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]", re.DOTALL)
_REPEATED_GROUP = re.compile(r"\)\s*[*+?{]")
_REPEAT = re.compile(r"(?<!\()[*+?{][?+]?")


def _is_cheap(pattern: str, text: str) -> bool:
    """Whether the work is bounded by a product: each repetition may try every length, each `|` both sides.

    Repeated groups multiply without such a bound, references to groups and verbose patterns are not looked into.
    """
    if re.search(r"\\[1-9]|\(\?P=|\(\?[a-zA-Z]*x", pattern):
        return False
    skeleton = _ESCAPES_AND_SETS.sub("x", pattern)
    if _REPEATED_GROUP.search(skeleton):
        return False
    starts_and_lengths = (len(text) + 1) ** (len(_REPEAT.findall(skeleton)) + 1)
    return bool(starts_and_lengths * 2 ** skeleton.count("|") * len(pattern) <= _CHEAP)


def found(
    *, text: str, pattern: str, flags: int, most: int, limit: int, replacement: str | None = None
) -> str | list[Any]:
    """The matches of a pattern, or the text with them replaced. Its source is also run by itself elsewhere."""
    compiled = re.compile(pattern, flags)
    size = 0

    def weighed(part: Any) -> Any:
        nonlocal size
        size += len(part or "")
        if size > most:
            raise OverflowError(f"the result has more than {most} characters; give a smaller text, or a limit")
        return part

    if replacement is not None:
        return compiled.sub(lambda match: weighed(match.expand(replacement)), text, count=limit)
    results: list[Any] = []
    for match in compiled.finditer(text):
        if compiled.groupindex:
            results.append({name: weighed(value) for name, value in match.groupdict().items()})
        elif compiled.groups > 1:
            results.append([weighed(value) for value in match.groups()])
        else:
            results.append(weighed(match[compiled.groups]))
        if len(results) == limit:
            break
    return results


@cache
def _script() -> str:
    return f"""from __future__ import annotations
import json, re, sys
{inspect.getsource(found)}
try:
    answer = {{"value": found(**json.load(sys.stdin))}}
except OverflowError as error:
    answer = {{"error": str(error)}}
json.dump(answer, sys.stdout)
"""


def _in_a_process(task: dict[str, Any], context: ToolContext) -> Any:
    arguments = [sys.executable, "-I", "-S", "-c", _script()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, **pipes) as process:  # type: ignore[call-overload]
        forget = context.cancellation.call_when_asked(process.kill)
        try:
            answer, complaint = process.communicate(json.dumps(task).encode(), timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise _wrong(
                f"pattern {task['pattern']!r} was given up after {_PATIENCE_S:g} seconds on {len(task['text'])}"
                " characters; avoid repetitions inside repetitions such as (a+)+, or give a smaller text"
            ) from None
        finally:
            forget()
    if process.returncode != 0:
        if context.is_cancelled:
            raise ToolError("the search was given up", kind="cancelled")
        reason = complaint.decode(errors="replace").strip().rpartition("\n")[2] or f"exit code {process.returncode}"
        raise ToolError(f"the search with pattern {task['pattern']!r} failed: {reason}")
    result = json.loads(answer)
    if "error" in result:
        raise ToolError(result["error"])
    return result["value"]


def _check_length(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        raise ToolError(f"text has {len(text)} characters; give at most {_LONGEST_TEXT} at a time")


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
