"""What is told when a chat begins: what this is, with which model and why, and what is not as it could be.

Which model there is may take a moment to find out: that is done while somebody types already.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from overseer import __version__
from overseer.errors import ModelUnavailable, OverseerError
from overseer.models import ModelRoles
from overseer.models.detection import NONE_FOUND
from overseer.models.model import ModelError
from overseer.workbench import Workbench

_UNREAD = {
    "untrusted": "nobody said that they are trusted",
    "outdated": "they changed since they were trusted",
}


def banner_lines(bench: Workbench) -> Iterator[str]:
    """What is known at once."""
    yield f"Overseer {__version__}, {len(bench.tools)} tools. Say what is to be done, or /help."
    for file in bench.settings.layers.files:
        if file.state in _UNREAD:
            yield f"not read: the settings in {file.path}: {_UNREAD[file.state]} (/config trust)"


def tell_model(bench: Workbench, tell: Callable[[str], None]) -> threading.Thread:
    """Find out which model there is, on a thread of its own, and tell it."""

    def look() -> None:
        try:
            tell(_model_line(bench))
        except (OverseerError, ModelError) as error:
            tell(f"error: {error}")

    thread = threading.Thread(target=look, name="detection", daemon=True)
    thread.start()
    return thread


def _model_line(bench: Workbench) -> str:
    models = bench.broker.models
    if not isinstance(models, ModelRoles):
        return "model: one that the program was given"
    try:
        default, *own = models.assigned()
    except ModelUnavailable as error:
        return f"error: {error}"
    if default.model is None:
        more = "tells three ways to add one" if default.reason.startswith(NONE_FOUND) else "tells more"
        return f"model: none, {default.reason}; /doctor model {more}, /demo shows one at work"
    others = "".join(f"; {each.role}: {each.model}" for each in own)
    return f"model: {default.model}, {_origin(bench, default.reason)}{others}"


def _origin(bench: Workbench, reason: str) -> str:
    """The reason, with where in the settings the model was named, if it was."""
    entry = bench.settings.layers.entries.get("models.default")
    return f"{reason} ({entry.origin})" if entry is not None and "models.default" in reason else reason
