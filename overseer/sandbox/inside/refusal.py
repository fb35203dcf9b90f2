"""What isolation needs and the system does not give."""

from __future__ import annotations


class Refused(Exception):
    """The message says what could not be had, and why."""
