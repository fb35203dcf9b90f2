"""Documents that tool files name by URL, kept in the user's data folder.

Nothing is fetched by merely starting: `overseer tools --fetch` does that when the user says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from overseer.home import home, make_private, make_private_file
from overseer.jsonvalue import Json
from overseer.kinds import KindError, SectionFault
from overseer.plan.document import read_document
from overseer.registry.folders import tool_files


def cached_document(url: str) -> str:
    """The text that was fetched from a URL; KindError if none was so far."""
    try:
        return _place(url).read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = f"{url} has not been fetched yet; run: overseer tools --fetch"
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the copy of {url} in {_place(url)} cannot be read: {error}; run: overseer tools --fetch"
    raise KindError([SectionFault(("document",), problem)])


def keep_document(url: str, fetch: Callable[[str], str]) -> Path:
    """Fetch a document anew and keep it."""
    text = fetch(url)
    place = _place(url)
    make_private(place.parent)
    make_private_file(place)
    place.write_text(text, encoding="utf-8")
    return place


def document_urls(folder: Path) -> set[str]:
    """The URLs of the documents that the tool files of a folder name."""
    urls: set[str] = set()
    for path in tool_files(folder):
        if path.suffix == ".py":
            continue
        try:
            value = read_document(path.read_text(encoding="utf-8"), syntax="yaml").value
        except (OSError, UnicodeDecodeError):
            continue  # told of where the file is read for its tools
        urls |= {url for url in _named_in(value) if url.startswith(("http://", "https://"))}
    return urls


def _named_in(value: Json) -> Iterator[str]:
    tools = value.get("tools", [value]) if isinstance(value, dict) else []
    for tool in tools if isinstance(tools, list) else []:
        section = tool.get("openapi") if isinstance(tool, dict) else None
        for key in ("document", "spec_url"):
            if isinstance(section, dict) and isinstance(section.get(key), str):
                yield section[key]


def _place(url: str) -> Path:
    return home() / "documents" / hashlib.sha256(url.encode()).hexdigest()[:32]
