"""What a server's answer says: its text, whether it is a refusal, when to come back."""

from __future__ import annotations

import codecs
import re
import time
from http import HTTPStatus

from overseer.tool.services import WebAnswer
from overseer.tool.values import ToolError

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w:.-]+)", re.IGNORECASE)
_IN_TEXT = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w:.-]+)", re.IGNORECASE)
_SEARCHED = 1024

# The encodings of the web. Python knows others, some of which are no encodings or take very long.
_USABLE = re.compile(
    r"utf-?(?:8|16(?:-?[lb]e)?)|iso-?8859-\d+|windows-?\d+|cp\d+|koi8-[ru]|macintosh|mac-roman|big5(?:-hkscs)?"
    r"|gb2312|gbk|gb18030|hz|euc-(?:jp|kr)|shift-?jis|iso-2022-jp"
)
# Pages that claim one of these are written in the larger one.
_LARGER = {"iso-8859-1": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_QUOTED = 300

_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)


def type_of(answer: WebAnswer) -> str:
    """The kind of content, such as "text/html"; empty if the server does not say."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(answer: WebAnswer) -> bool:
    """Whether the server says that it is JSON."""
    kind = type_of(answer)
    return kind.endswith("+json") or kind in ("application/json", "text/json")


def text_of(answer: WebAnswer) -> str:
    """The body as text, in the encoding that its first bytes, the server or the page name."""
    body = answer.body
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    in_header = _IN_HEADER.search(answer.headers.get("content-type", ""))
    in_text = _IN_TEXT.search(body, 0, _SEARCHED) if re.search(r"html|xml", type_of(answer)) else None
    for name in (in_header and in_header[1], in_text and in_text[1].decode()):
        if encoding := _usable(name or ""):
            return body.decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("utf-8" if is_json(answer) else "cp1252", "replace")


def _usable(name: str) -> str:
    name = name.lower().replace("_", "-")
    if not _USABLE.fullmatch(name):
        return ""
    try:
        return codecs.lookup(_LARGER.get(name, name)).name
    except LookupError:
        return ""


def refusal_of(answer: WebAnswer) -> ToolError | None:
    """What a status of 400 or more means for whoever asked; None for any other."""
    status = answer.status
    if status < 400:
        return None
    message = f"{answer.url} answered {status}{_phrase(status)}"
    if said := _said(answer):
        message = f"{message}: {said}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ToolError(message, kind="rate_limited", retry_after_s=retry_after_of(answer))
    if status >= 500 or status in _PASSING:
        return ToolError(message, kind="transient", retry_after_s=retry_after_of(answer))
    return ToolError(message)


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def _said(answer: WebAnswer) -> str:
    """The beginning of a server's own words, unless they are a page or no words at all."""
    if not is_json(answer) and type_of(answer) != "text/plain":
        return ""
    said = _UNSHOWN.sub(" ", text_of(answer)).strip()
    return said if len(said) <= _QUOTED else f"{said[:_QUOTED]}..."


def retry_after_of(answer: WebAnswer, *, now: float | None = None) -> float | None:
    """How many seconds the server asks to be left alone, given as a number or as a date."""
    return seconds_named(answer.headers.get("retry-after", ""), now=now)


def seconds_named(text: str, *, now: float | None = None) -> float | None:
    """The wait that a header names as a number of seconds, or as the date when it ends; None if it names none."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        then = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, then - (time.time() if now is None else now))


_SECONDS = re.compile(r"[0-9]{1,10}(\.[0-9]+)?")
