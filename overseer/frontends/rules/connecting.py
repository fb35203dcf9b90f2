"""How whoever asks may connect a language model: told whole once, and in few words from then on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connecting:
    """What is told of it, and what is told in its place once that was read."""

    how: str
    why: str = "A language model understands more than rules do, and works with the same tools."
    again: str = ""  # nothing: there is no other time

    @property
    def briefly(self) -> Connecting:
        """The same for who has read it."""
        return Connecting(self.again, "A language model may understand it.", self.again) if self.again else self


HOW_TO_CONNECT = Connecting(
    "To connect one, start Ollama on this machine, or set OPENAI_API_KEY or OPENAI_BASE_URL, and ask again."
)
