"""How an extra of the program is added, said so that it is right for how the program was installed here."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

_NAME = "overseer"


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the program comes from, and what is there to install more with."""

    source: str  # a folder with its project, an address, or nothing where it came from a registry
    is_editable: bool  # the folder itself is what runs
    python: Path
    folder: Path  # where commands are typed
    has_pip: bool = True
    has_uv: bool = False

    def command_for(self, extra: str) -> str:
        """The command that adds an extra."""
        if "pipx" in self.python.parts:
            return f"pipx install --force {shlex.quote(self._requirement(extra))}"
        python = shlex.quote(self._from_here(self.python))
        rest = f"{'-e ' if self.is_editable else ''}{shlex.quote(self._requirement(extra))}"
        if self.has_pip:
            return f"{python} -m pip install {rest}"
        if self.has_uv:
            return f"uv pip install --python {python} {rest}"
        return f"{python} -m ensurepip && {python} -m pip install {rest}"

    def _requirement(self, extra: str) -> str:
        if not self.source:
            return f"{_NAME}[{extra}]"
        if "://" in self.source:
            return f"{_NAME}[{extra}] @ {self.source}"
        return f"{self._from_here(Path(self.source))}[{extra}]"

    def _from_here(self, path: Path) -> str:
        """A path as short as it can be typed, if one is where the project is."""
        is_there = str(self.folder) == self.source and path.is_relative_to(self.folder)
        return str(path.relative_to(self.folder)) if is_there else str(path)


def how_to_add(extra: str) -> str:
    """The command that adds an extra to the program, as it is installed here."""
    return _installed().command_for(extra)


def _installed() -> Installed:
    from importlib.util import find_spec

    checkout = Path(__file__).parents[2]
    is_editable = (checkout / "pyproject.toml").is_file()
    source = str(checkout) if is_editable else _origin()
    has_uv = shutil.which("uv") is not None
    return Installed(source, is_editable, Path(sys.executable), _here(), find_spec("pip") is not None, has_uv)


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:  # the folder is gone
        return Path()


def _origin() -> str:
    """The folder or address that the package was installed from, if that was noted (PEP 610)."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import unquote, urlsplit

    try:
        noted = json.loads(distribution(_NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return ""
    url = str(noted.get("url", ""))
    if not url.startswith("file:"):
        system = noted.get("vcs_info", {}).get("vcs")
        return f"{system}+{url}" if url and system else url
    path = unquote(urlsplit(url).path)
    return path if (Path(path) / "pyproject.toml").is_file() else ""
