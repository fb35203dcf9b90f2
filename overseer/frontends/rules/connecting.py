"""How whoever asks may connect a language model: told whole once, and in few words from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Connecting:
    """What is told of it, and what is told in its place once that was read."""

    how: str
    why: str = "A language model understands more than rules do, and works with the same tools."
    again: str = ""  # nothing: there is no other time

    @property
    def in_vain(self) -> Connecting:
        """What is told where one was set up in vain: that is not how to do it."""
        doctor = "/doctor model" if self.again else "overseer doctor model"
        return replace(self, how=f"The one that is set up cannot be used; {doctor} tells why.")

    @property
    def is_brief(self) -> bool:
        return bool(self.again) and self.how == self.again

    @property
    def briefly(self) -> Connecting:
        """The same for who has read it."""
        return Connecting(self.again, "A language model may understand it.", self.again) if self.again else self


HOW_TO_CONNECT = Connecting(
    "To connect one, start Ollama on this machine, or set OPENAI_API_KEY or OPENAI_BASE_URL, and ask again."
)
