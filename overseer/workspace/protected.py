"""Files that decide what programs do later, and which therefore no tool may write; and our own.

Whoever writes one of these runs a command at the next login, commit or start of an editor, long after
the plan that was approved has ended.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from overseer.home import home
from overseer.workspace.paths import Parts, quoted

# At any depth, as a file or as a folder with everything beneath it, in capitals or small letters.
NEVER_WRITTEN: tuple[str, ...] = (
    # Git runs its hooks and what its configuration names; a file `.git` leads it to another folder.
    ".git", "git~1", ".gitconfig", ".gitmodules", ".config/git", ".husky",
    # shells, when they start or end
    ".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".inputrc",
    ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".mkshrc",
    ".cshrc", ".tcshrc", ".login", ".logout", ".config/fish", ".envrc", ".direnv",
    # editors, and assistants like this one
    ".vscode", ".idea", ".devcontainer", ".vimrc", ".exrc", ".nvimrc", ".gvimrc", ".vim", ".config/nvim",
    ".emacs", ".emacs.d", ".dir-locals.el",
    ".mcp.json", ".claude", ".cursor", ".codex", ".gemini",
    # keys, and where package managers and other programs send them
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker/config.json", ".config/gcloud", ".netrc", "_netrc", ".pgpass",
    ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pypirc", ".pip", ".config/pip", ".cargo/config",
    ".cargo/config.toml", ".curlrc", ".wgetrc", ".ripgreprc",
    # what desktops and systems start by themselves
    ".config/autostart", ".config/systemd", ".config/environment.d", "library/launchagents",
    ".xinitrc", ".xprofile", ".xsession", ".xsessionrc", ".pam_environment", ".screenrc", ".tmux.conf",
    ".pythonstartup", ".pythonrc", ".pythonrc.py", ".gdbinit", ".lldbinit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Protected:
    """What no tool may write, by name anywhere and by place, and what none may even read."""

    names: tuple[str, ...] = NEVER_WRITTEN
    unwritable: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()


def our_own() -> Protected:
    """The names above, and what belongs to Overseer: settings, tools, journal; its secrets are not read either."""
    folder = home()
    return Protected(unwritable=(folder,), unreadable=(folder / "secrets.yaml",))


class Guard:
    """What is protected, seen from the folder of one workspace."""

    def __init__(self, protected: Protected, root: Path) -> None:
        self._names = {tuple(map(folded, name.split("/"))): name for name in protected.names}
        self._lengths = sorted({len(name) for name in self._names})
        self._unwritable = _from(root, protected.unwritable)
        self._unreadable = _from(root, protected.unreadable)

    def write_fault(self, parts: Parts) -> str:
        """Why a file may not be written, as the end of a sentence; nothing if it may."""
        names = tuple(map(folded, parts))
        for length in self._lengths:
            for start in range(len(names) - length + 1):
                if name := self._names.get(names[start : start + length]):
                    return (
                        f"may not be written: {quoted(name)} decides what other programs do later; "
                        "write another file and let the user put it there"
                    )
        if _is_in(names, self._unwritable):
            return (
                "may not be written: it belongs to Overseer itself, which reads its settings, tools and plans "
                "there; choose another place"
            )
        return self.read_fault(parts)

    def read_fault(self, parts: Parts) -> str:
        if self._unreadable and _is_in(tuple(map(folded, parts)), self._unreadable):
            return "may not be read or written: it holds secrets, which tools get by name instead"
        return ""


def folded(name: str) -> str:
    """A name as the least particular of file systems would compare it."""
    if name.isascii():
        return name.partition(":")[0].lower().rstrip(" .")
    return _folded(name)


@functools.lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return alike.partition(":")[0].rstrip(" .")


def _from(root: Path, places: tuple[Path, ...]) -> tuple[Parts, ...]:
    """Those of the places that lie beneath the root, as seen from there."""
    found = []
    for place in dict.fromkeys(form for given in places for form in (given.absolute(), given.resolve())):
        if place.is_relative_to(root):
            found.append(tuple(map(folded, place.relative_to(root).parts)))
    return tuple(found)


def _is_in(names: Parts, places: tuple[Parts, ...]) -> bool:
    return any(names[: len(place)] == place for place in places)
