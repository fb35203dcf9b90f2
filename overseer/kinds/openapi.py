"""Tools from a description of a server: each operation of an OpenAPI document becomes one.

    openapi:
      document: petstore.yaml           # beside the tool's file, or a URL
      base_url: https://api.example/v1  # without it, what the document says
      operations: [listPets, getPet]    # or all, which is what is meant without it
      headers: {Authorization: {secret: PETSTORE_KEY, prefix: "Bearer "}}
      timeout: 30s

Documents of version 3 are read, as YAML or JSON. Of `all` operations, those of which no tool can be made
are left out, which the log says; one that is named and cannot be a tool is a fault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from overseer.jsonvalue import Json, as_text, kind_of
from overseer.kinds.declaration import KindError
from overseer.kinds.http import SectionReading
from overseer.kinds.http_call import Secret
from overseer.kinds.openapi_operation import Operation, operations_of, tool_of
from overseer.kinds.openapi_schema import References, Unusable
from overseer.kinds.template import Template
from overseer.plan.document import read_document
from overseer.plan.suggestions import did_you_mean
from overseer.tool import Tool, ToolError
from overseer.web import BadUrl, Url

_log = logging.getLogger(__name__)

_KEYS = ("document", "base_url", "operations", "headers", "timeout")
_MOST_FAULTS = 5


def openapi_tools(section: Json, folder: Path, load: Callable[[str], str]) -> list[Tool]:
    """The tools of a section; KindError says all that is wrong. `load` gives the text behind a URL."""
    reading = SectionReading(())
    if not reading.is_section(section, _KEYS, needs="document"):
        raise KindError(reading.faults)
    headers, timeout_s = reading.headers(section), reading.timeout(section)
    if "base_url" in section:
        reading.url(section["base_url"], ("base_url",))
    document = _document(reading, section["document"], folder, load)
    if reading.faults:
        raise KindError(reading.faults)
    source = _Source(reading, section, document, headers)
    tools = source.tools(timeout_s)
    if reading.faults:
        raise KindError(reading.faults)
    return tools


def _document(reading: SectionReading, name: Json, folder: Path, load: Callable[[str], str]) -> dict[str, Json]:
    place = ("document",)
    if not isinstance(name, str) or not name:
        reading.fault(place, f"must be the path or URL of an OpenAPI document; it is a {kind_of(name)}")
        return {}
    try:
        text = load(name) if _is_url(name) else (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ToolError) as error:
        reading.fault(place, f"cannot be read: {error}")
        return {}
    read = read_document(text)
    for fault in read.faults[:_MOST_FAULTS]:
        reading.fault(place, f"{name}: {fault}")
    if read.faults:
        return {}
    document = read.value if isinstance(read.value, dict) else {}
    version = as_text(document.get("openapi"))
    if "swagger" in document:
        problem = f"is of version {as_text(document['swagger'])} (Swagger); convert it to OpenAPI 3 first"
        reading.fault(place, f"{name} {problem}")
    elif not version.startswith("3."):
        reading.fault(place, f"{name} is not an OpenAPI document of version 3: 'openapi' must say so, as in 3.0.3")
    return document


def _is_url(name: str) -> bool:
    return name.startswith(("https://", "http://"))


class _Source:
    """A document that was read, and what the section wants of it."""

    def __init__(
        self,
        reading: SectionReading,
        section: Mapping[str, Json],
        document: Mapping[str, Json],
        headers: Mapping[str, Template | Secret],
    ) -> None:
        self._reading = reading
        self._section = section
        self._document = document
        self._headers = headers
        self._references = References(document)
        self._name = section["document"]
        self._first_reason = ""  # why an operation was left out

    def tools(self, timeout_s: float) -> list[Tool]:
        try:
            known = list(operations_of(self._document, self._references))
        except Unusable as error:
            self._reading.fault(("document",), f"{self._name}: {error}")
            return []
        wanted = self._wanted(known)
        tools: dict[str, Tool] = {}
        for operation in known if wanted is None else wanted:
            try:
                tool = tool_of(
                    operation,
                    self._references,
                    base_url=self._base_url(operation),
                    headers=self._headers,
                    timeout_s=timeout_s,
                    origin=self._name,
                )
            except Unusable as error:
                self._leave_out(operation, str(error), is_named=wanted is not None)
                continue
            if tool.name in tools:
                self._leave_out(operation, "another operation has the same name", is_named=True)
            tools[tool.name] = tool
        if not tools and not self._reading.faults:
            reason = f": {self._first_reason}" if self._first_reason else ""
            self._reading.fault(("document",), f"{self._name} has no operation that could be a tool{reason}")
        return list(tools.values())

    def _wanted(self, known: list[Operation]) -> list[Operation] | None:
        """The operations that the section names; None if it wants all."""
        names = self._section.get("operations", "all")
        if names == "all":
            return None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._reading.fault(("operations",), "must be a list of operation ids, or all")
            return []
        by_name = {operation.name: operation for operation in known}
        by_name |= {as_text(operation.content.get("operationId")): operation for operation in known}
        wanted = []
        for number, name in enumerate(names):
            if name in by_name:
                wanted.append(by_name[name])
            else:
                offered = did_you_mean(name, [operation.name for operation in known], "there are")
                self._reading.fault(("operations", number), f"{self._name} has no operation '{name}'; {offered}")
        return wanted

    def _leave_out(self, operation: Operation, why: str, *, is_named: bool) -> None:
        what = f"{self._name}: the operation '{operation.name}' ({operation.method.upper()} {operation.path})"
        if is_named:
            self._reading.fault(("operations",), f"{what} cannot be a tool: {why}")
        else:
            self._first_reason = self._first_reason or why
            _log.info("%s is left out: %s", what, why)

    # --- where the server is

    def _base_url(self, operation: Operation) -> str:
        """The URL that paths are added to; Unusable if there is none that may be used."""
        given = self._section.get("base_url")
        if given is not None:
            return str(self._parsed(as_text(given)))
        described = next(
            (url for part in (operation.content, operation.shared, self._document) if (url := _server_url(part))), "/"
        )
        if not _is_url(self._name):
            return str(self._parsed(described))
        here = self._parsed(self._name)
        try:
            base = here.joined(described)
        except BadUrl as error:
            raise Unusable(str(error)) from None
        has_secrets = any(isinstance(value, Secret) for value in self._headers.values())
        if has_secrets and (base.scheme, base.authority) != (here.scheme, here.authority):
            remedy = "give base_url, so that it is you who says where the secrets go"
            raise Unusable(f"the document says that its server is {base}; {remedy}")
        return str(base)

    def _parsed(self, url: str) -> Url:
        try:
            parsed = Url.parse(url)
        except BadUrl as error:
            raise Unusable(f"{error}; give base_url") from None
        if "?" in parsed.target:
            raise Unusable(f"{url} has a query; a server's URL has none")
        return parsed


def _server_url(part: Mapping[str, Json]) -> str | None:
    """The first server that a part of the document names, with its variables at their defaults."""
    servers = part.get("servers")
    server: Any = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(server, dict) or not isinstance(server.get("url"), str):
        return None
    url: str = server["url"]
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        if isinstance(variable, dict):
            url = url.replace(f"{{{name}}}", as_text(variable.get("default")))
    return url
