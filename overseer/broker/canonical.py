"""One way to write each argument, so that a rule cannot be got around by writing it another way.

A *path* is the argument of a parameter that the tool's `writes` name as a file (`file:{target}`), or
whose name is, or ends in `_` and, one of path, file, folder, directory, source, destination. It is
compared as it is seen from the workspace: `./a/../notes.txt` is `notes.txt`, and so is an absolute path
that leads there. A *URL* is any text that begins with `http://` or `https://`: scheme and host in small
ASCII letters, without the usual port, `.` and `..` worked out, at least `/` as its path, no fragment.
The words of a list count as one line, quoted as a shell would want them. Everything else is its text.

Patterns are brought into the same form, so that `./notes/*` means what it seems to mean.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from urllib.parse import quote

from overseer.jsonvalue import Json, as_text
from overseer.tool import Tool, ToolError
from overseer.web.url import PORTS, BadUrl, Url, read_host
from overseer.workspace.paths import parts_of

_PATH_NAMES = ("path", "file", "folder", "directory", "source", "destination")
_WEB = re.compile(r"\s*https?://", re.IGNORECASE)
_URL_PATTERN = re.compile(r"(https?)://([^/?#]*)([^#]*).*", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":([0-9]+)$")
_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")


class NoForm(ValueError):
    """A value that has no such form: a path out of the workspace, a URL that could be read in two ways."""


def is_path(tool: Tool, name: str) -> bool:
    """Whether a parameter takes the path of a file or folder."""
    return name.rpartition("_")[2] in _PATH_NAMES or any(
        template.startswith("file:") and f"{{{name}}}" in template for template in tool.writes
    )


def canonical(value: Json, *, as_path: bool, roots: Sequence[str]) -> str:
    """The text that an argument is compared as; NoForm if it has none."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shlex.join(_path(item, roots) if as_path else item for item in value)
    if not isinstance(value, str):
        return as_text(value)
    if _WEB.match(value):
        return _url(value)
    return _path(value, roots) if as_path else value


def canonical_pattern(pattern: str, *, as_path: bool, roots: Sequence[str]) -> str:
    """A pattern of the arguments that it was meant for."""
    if found := _URL_PATTERN.fullmatch(pattern):
        return _url_pattern(found[1].lower(), found[2], found[3])
    if not as_path or not pattern:
        return pattern
    for root in roots:
        if pattern == root or pattern.startswith(f"{root.rstrip('/')}/"):
            pattern = pattern[len(root.rstrip("/")) :].lstrip("/") or "."
    return posixpath.normpath(pattern)


def _path(text: str, roots: Sequence[str]) -> str:
    if not roots and text.startswith("/"):
        raise NoForm("an absolute path, and nobody knows where the workspace is")
    try:
        return "/".join(parts_of(text, roots)) or "."
    except ToolError as error:
        raise NoForm(str(error)) from None


def _url(text: str) -> str:
    try:
        url = Url.parse(text)
    except BadUrl as error:
        raise NoForm(str(error)) from None
    path, mark, query = _plain(url.target).partition("?")
    return f"{url.scheme}://{url.authority}{_without_dots(path)}{mark}{query}"


def _plain(text: str) -> str:
    """Without the percent signs that nobody needs, behind which a name could hide."""
    return _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), text)


def _without_dots(path: str) -> str:
    names: list[str] = []
    for name in path.split("/")[1:]:
        if name == "..":
            names[-1:] = []
        elif name != ".":
            names.append(name)
    is_folder = path.endswith(("/.", "/.."))
    return "/" + "/".join([*names, ""] if is_folder and names else names)


def _url_pattern(scheme: str, authority: str, rest: str) -> str:
    port = _PORT.search(authority)
    host = authority[: port.start()] if port else authority
    if not set(host) & set("*?["):
        try:
            host = read_host(host)[0]
        except BadUrl:
            host = host.lower()
    is_usual = port is None or int(port[1]) == PORTS[scheme]
    # A host that ends in a star may be meant to cover what follows it.
    path = rest or ("" if host.endswith("*") else "/")
    return f"{scheme}://{host.lower()}{'' if is_usual or port is None else port[0]}{quote(path, safe=_KEPT)}"


_KEPT = "!$%&'()*+,-./:;=?@_~[]"
