"""Demos: `demos()` gives requests with a scripted model for each, to be carried out like any other."""

from __future__ import annotations

from overseer.demo.prepared import LABEL, Demo, demo, demos

__all__ = ["LABEL", "Demo", "demo", "demos"]
