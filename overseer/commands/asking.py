"""Asking the person at the terminal, once, for what a plan needs approval for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from overseer.broker.needs import Need
from overseer.commands.output import say_lines
from overseer.ownterminal import keyboard, line_typed
from overseer.running.approval import question_lines


def asked(needs: Sequence[Need]) -> frozenset[str]:
    """The tools that were approved; none if nobody can be asked, or says no, or has no say in it."""
    if not (keyboard().isatty() and sys.stderr.isatty()) or any(need.verdict == "deny" for need in needs):
        return frozenset()
    say_lines(question_lines(needs))
    print("Approve it for this run? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        answer = line_typed().strip().lower()
    except KeyboardInterrupt:
        answer = ""
    return frozenset(need.tool for need in needs) if answer in ("y", "yes") else frozenset()
