"""Patterns for paths: `*`, `?` and `[a-z]` within a name, `**` for any number of folders."""

from __future__ import annotations

import fnmatch
import re

from overseer.tool import ToolError
from overseer.workspace.paths import quoted

States = frozenset[int]  # how many components of the pattern may have been used up so far


class Pattern:
    """A pattern that is matched from folder to folder, so that one that cannot hold a match is never entered."""

    def __init__(self, text: str, *, hidden: bool) -> None:
        names = [name for name in text.split("/") if name not in ("", ".")]
        if not names or ".." in names or text.startswith("/"):
            remedy = "give one relative to the folder, such as *.txt, or **/*.txt for all folders below as well"
            raise ToolError(f"pattern {quoted(text)} matches nothing; {remedy}", kind="bad_request")
        if names[-1] == "**":
            names.append("*")  # what is in the folders, not only the folder that they are in
        self._components = [None if name == "**" else re.compile(fnmatch.translate(name)) for name in names]
        self._takes_hidden = [hidden or name.startswith(".") for name in names]
        self.start = self._reached({0})

    def after(self, states: States, name: str) -> States:
        """What may have been used up once this name was met."""
        is_hidden = name.startswith(".")
        reached = set()
        for state in states:
            if state == len(self._components) or (is_hidden and not self._takes_hidden[state]):
                continue
            component = self._components[state]
            if component is None:
                reached.add(state)
            elif component.match(name):
                reached.add(state + 1)
        return self._reached(reached)

    def is_match(self, states: States) -> bool:
        return len(self._components) in states

    def leads_on(self, states: States) -> bool:
        """Whether something beneath may match."""
        return any(state < len(self._components) for state in states)

    def _reached(self, states: set[int]) -> States:
        for state in sorted(states):
            reached = state
            while reached < len(self._components) and self._components[reached] is None:
                reached += 1
                states.add(reached)
        return frozenset(states)
