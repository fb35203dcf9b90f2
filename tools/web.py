"""Tools that ask servers on the web, and what of a page is worth reading."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urljoin

from overseer.tool import ToolContext, ToolError, WebAnswer, is_json, refusal_of, text_of, tool, type_of

_READABLE = re.compile(r"text/.*|.*\+(?:json|xml)|application/(?:json|xml|javascript|x-ndjson|yaml|toml|x-yaml)")
_LONGEST_PAGE = 3_000_000


@tool(effect="network", idempotent=True, tags=["web"])
def fetch_url(context: ToolContext, url: str, max_characters: int = 20_000, timeout_s: float = 30.0) -> str:
    """Read a page or file of the web as text. Of HTML, what a reader sees; JSON and plain text as they are.

    Args:
        url: what to read, starting with https:// or http://
        max_characters: how much of it at most; what is longer is cut, and the end says so
        timeout_s: how many seconds it may take
    """
    if max_characters < 1:
        raise ToolError("max_characters must be at least 1", kind="bad_request")
    answer = context.fetch(url, timeout_s=timeout_s)
    if refusal := refusal_of(answer):
        raise refusal
    text = _readable(answer)
    if len(text) <= max_characters:
        return text
    return f"{text[:max_characters]}\n[cut here: {max_characters} of {len(text)} characters]"


@tool(effect="network", idempotent=False, tags=["web"])
def http_request(
    context: ToolContext,
    url: str,
    *,
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "POST",
    headers: dict[str, str] | None = None,
    body: str | None = None,
    json_body: Any = None,
    timeout_s: float = 30.0,
) -> dict[str, Any]:
    """Send a request to a server. The result has url, status, headers and body (JSON where the answer is JSON).

    Args:
        url: where to send it, starting with https:// or http://
        method: what is asked of the server; to read a page, use fetch_url instead
        headers: names and values to send along
        body: text to send
        json_body: a value to send as JSON, instead of body
        timeout_s: how many seconds it may take
    """
    if body is not None and json_body is not None:
        raise ToolError("body and json_body are both given; keep one of them", kind="bad_request")
    headers = dict(headers or {})
    sent = None if body is None else body.encode()
    kind = "text/plain; charset=utf-8"
    if json_body is not None:
        sent, kind = json.dumps(json_body).encode(), "application/json"
    if sent is not None and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = kind
    answer = context.fetch(url, method=method, headers=headers, body=sent, timeout_s=timeout_s)
    refusal = refusal_of(answer)
    if refusal and refusal.kind != "tool":  # a server that may do it later
        raise refusal
    content = _parsed(answer) if is_json(answer) else _readable(answer)
    return {"url": answer.url, "status": answer.status, "headers": dict(answer.headers), "body": content}


def _parsed(answer: WebAnswer) -> Any:
    text = text_of(answer)
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text


def _readable(answer: WebAnswer) -> str:
    kind = type_of(answer)
    if b"\0" in answer.body[:1000] and "charset" not in answer.headers.get("content-type", ""):
        kind = "application/octet-stream" if not kind or _READABLE.fullmatch(kind) else kind
    if kind and not _READABLE.fullmatch(kind):
        raise ToolError(f"{answer.url} is no text: it is {kind}, {len(answer.body)} bytes")
    text = text_of(answer)
    if kind in ("text/html", "application/xhtml+xml") or (not kind and re.match(r"\s*<(?:!doctype|html)", text, re.I)):
        return readable_text(text, answer.url)
    return text


# --- what a reader sees of a page
#
# The parser of the standard library takes minutes for some pages of a few dozen kilobytes that were made
# to hurt it. This one looks at every character a bounded number of times, whatever the page.

_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)")
_ATTRIBUTE = re.compile(r"[\s/]*+([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)))?+")
_TAG_END = re.compile(r"[\s/=\"']*+>")
_CLOSING = {name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE) for name in ("script", "style", "textarea", "title")}

_HIDDEN = {"noscript", "template", "svg", "math", "iframe", "object", "select", "textarea", "script", "style", "canvas"}
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = {"div", "section", "article", "main", "header", "footer", "nav", "aside", "form", "fieldset", "address"}
_BLOCKS |= {"dl", "dt", "dd", "figure", "figcaption", "details", "summary", "body", "tr", "caption", "option"}
_APART = {"p", "ul", "ol", "table", "pre", "blockquote", "hr", *_HEADINGS}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

_BLANKS = re.compile(r"[ \t\n\r\f\u00a0]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_Token = tuple[Literal["text", "start", "end"], str, dict[str, str]]


def readable_text(page: str, url: str = "") -> str:
    """The text of an HTML page: headings, paragraphs, lists, tables, and where links lead."""
    text = _Text(url)
    for kind, content, attributes in _tokens(page[:_LONGEST_PAGE]):
        if kind == "text":
            text.add(content)
        elif kind == "start":
            text.start(content, attributes)
        else:
            text.end(content)
    read = text.finished()
    return read if len(page) <= _LONGEST_PAGE else f"{read}\n[cut here: the page is {len(page)} characters of HTML]"


def _tokens(page: str) -> Iterator[_Token]:
    at = 0
    while (found := page.find("<", at)) >= 0:
        if found > at:
            yield "text", _unescaped(page[at:found]), {}
        tag = _TAG.match(page, found)
        if tag is None:
            at = _after_other(page, found)
            if at == found + 1:
                yield "text", "<", {}
            continue
        attributes, at = _attributes(page, tag.end())
        name = tag[2].lower()
        yield ("end" if tag[1] else "start"), name, attributes
        if name in _CLOSING and not tag[1]:  # what is inside is no markup
            end = _CLOSING[name].search(page, at)
            inside = page[at : end.start()] if end else page[at:]
            yield "text", _unescaped(inside), {}
            at += len(inside)
    if at < len(page):
        yield "text", _unescaped(page[at:]), {}


def _after_other(page: str, at: int) -> int:
    """Where it goes on after a comment or declaration, or after a '<' that is none."""
    if page.startswith("<!--", at):
        ending = "-->"
    elif page[at + 1 : at + 2] in ("!", "?", "/"):
        ending = ">"
    else:
        return at + 1
    end = page.find(ending, at + 2)
    return len(page) if end < 0 else end + len(ending)


def _attributes(page: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, and where it ends."""
    attributes: dict[str, str] = {}
    while True:
        if end := _TAG_END.match(page, at):
            return attributes, end.end()
        found = _ATTRIBUTE.match(page, at)
        if found is None:
            if at >= len(page):
                return attributes, at
            at += 1  # a letter that has no place here
            continue
        value = found[2] or found[3] or found[4] or ""
        attributes.setdefault(found[1].lower(), _unescaped(value))
        at = found.end()


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text) if "&" in text else text
    except ValueError:  # a number of thousands of digits
        return text


class _Text:
    """Puts lines together from what a page holds."""

    def __init__(self, url: str) -> None:
        self._base = url
        self._lines: list[str] = []
        self._line: list[str] = []
        self._title: list[str] = []
        self._hidden: tuple[str, int] | None = None  # the element that hides what is in it, and how deep it is in
        self._in_title = False
        self._kept = 0  # how many elements keep their spaces and line breaks
        self._lists: list[int | None] = []  # the number of the last item; None where items have none
        self._mark = ""  # what the last item of a list began with
        self._link: tuple[str, int] | None = None  # where it leads, and the place in the line where it starts

    def add(self, text: str) -> None:
        if self._hidden:
            return
        text = _CONTROL.sub("", text)
        if self._in_title:
            self._title.append(_BLANKS.sub(" ", text))
        elif self._kept:
            first, *more = text.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in more:
                self._end_line(keep=True)
                self._line.append(line)
        else:
            is_fresh = not self._line or self._line[-1].endswith(" ")
            text = _BLANKS.sub(" ", text)
            if text := text.lstrip(" ") if is_fresh else text:
                self._line.append(text)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._hidden:
            if name == self._hidden[0]:
                self._hidden = (name, self._hidden[1] + 1)
            return
        if name in _HIDDEN or ("hidden" in attributes and name not in _VOID):
            self._hidden = (name, 1)
        elif name == "title":
            self._in_title = True
        elif name == "base":
            self._base = self._resolved(attributes.get("href", ""))
        elif name == "a":
            self._end_link()
            self._link = (attributes.get("href", ""), len(self._line))
        elif name == "br":
            self._end_line()
        elif name == "img":
            self.add(attributes.get("alt", ""))
        elif name == "li":
            self._start_item()
        elif name in ("td", "th"):
            self._line += [" | "] if any(part.strip() for part in self._line) else []
        else:
            self._start_block(name)

    def _start_block(self, name: str) -> None:
        self._separate(name)
        if name in _HEADINGS:
            self._line.append(f"{_HEADINGS[name]} ")
        elif name in ("ul", "ol"):
            self._lists.append(0 if name == "ol" else None)
        elif name == "pre":
            self._kept += 1

    def _start_item(self) -> None:
        self._end_line()
        number = self._lists[-1] if self._lists else None
        if number is not None:
            number = self._lists[-1] = number + 1
        depth = min(len(self._lists), 8)
        self._mark = "  " * (depth - 1) + ("- " if number is None else f"{number}. ")
        self._line.append(self._mark)

    def end(self, name: str) -> None:
        if self._hidden:
            if name == self._hidden[0]:
                self._hidden = (name, self._hidden[1] - 1) if self._hidden[1] > 1 else None
        elif name == "title":
            self._in_title = False
        elif name == "a":
            self._end_link()
        else:
            if name in ("ul", "ol") and self._lists:
                self._end_line()
                self._lists.pop()
            elif name == "pre" and self._kept:
                self._kept -= 1
            self._separate(name)

    def _separate(self, name: str) -> None:
        if self._line == [self._mark]:
            return  # what comes belongs beside the mark
        if name in _APART:
            self._end_line()
            if self._lines and self._lines[-1] and not self._lists:
                self._lines.append("")
        elif name in _BLOCKS or name == "li":
            self._end_line()

    def _end_link(self) -> None:
        if self._link is None:
            return
        (href, place), self._link = self._link, None
        said = "".join(self._line[place:]).strip()
        target = self._resolved(href)
        if said and said != target and href and not href.startswith("#") and re.match(r"https?:|mailto:", target):
            self._line.append(f" ({target})")

    def _resolved(self, reference: str) -> str:
        try:
            return urljoin(self._base, _CONTROL.sub("", reference).strip())
        except ValueError:
            return ""

    def _end_line(self, *, keep: bool = False) -> None:
        self._end_link()
        line = "".join(self._line).rstrip() if self._line != [self._mark] else ""
        self._line = []
        if line.strip() or keep:
            self._lines.append(line)

    def finished(self) -> str:
        self._end_line()
        title = "".join(self._title).strip()
        text = "\n".join(self._lines).strip("\n")
        if title and not text.startswith(f"# {title}"):
            return f"{title}\n\n{text}".strip()
        return text
