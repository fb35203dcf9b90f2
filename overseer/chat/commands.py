"""All commands of the chat, in the order in which help and the documentation show them."""

from __future__ import annotations

from collections.abc import Mapping

from overseer.chat.about import ABOUT
from overseer.chat.background import BACKGROUND
from overseer.chat.demos import DEMOS
from overseer.chat.lines import LINES
from overseer.chat.models import MODELS
from overseer.chat.money import MONEY
from overseer.chat.plans import PLANS
from overseer.chat.resuming import RESUMING
from overseer.chat.sessions import SESSIONS
from overseer.chat.slash import SlashCommand, registry
from overseer.chat.undoing import UNDOING

_ORDER = (
    "help", "plan", "run", "edit", "save", "workflows", "runs", "resume", "show", "graph", "timeline", "jobs", "undo",
    "redo", "tools", "nodes", "model", "cost", "budget", "history", "clear", "sessions", "demo", "doctor", "config",
    "quit",
)  # fmt: skip


def all_commands() -> Mapping[str, SlashCommand]:
    """Every command by its name."""
    known = registry(ABOUT, PLANS, LINES, RESUMING, BACKGROUND, UNDOING, MODELS, MONEY, SESSIONS, DEMOS)
    assert set(known) == set(_ORDER)
    return {name: known[name] for name in _ORDER}
