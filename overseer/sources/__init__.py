"""Signals from outside: what makes an `on` scope open another round.

    trigger   payload
    timer     {"tick": 3, "at": "2026-01-31T09:00:00.000+00:00"}
    file      {"path": "/home/ada/inbox/a.txt", "change": "created"}
    http      {"method": "POST", "path": "/hook", "query": {"id": "7"}, "body": ...}

Each kind of source lives in threads of its own, which exist only while some scope listens, and
knows nothing of runs: it hands payloads to a callback.
"""

from overseer.sources.files import Files
from overseer.sources.hooks import Hooks
from overseer.sources.outlet import Busy, Deliver, SourceError
from overseer.sources.sources import Sources
from overseer.sources.timer import Timers

__all__ = ["Busy", "Deliver", "Files", "Hooks", "SourceError", "Sources", "Timers"]
