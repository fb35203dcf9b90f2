"""Keys and passwords: where they come from, who gets them, and keeping them out of everything that is written.

They are taken out of the environment once, at the start, and stay in this process: a child gets an
environment without them, a log, a journal, a model or a screen gets text that went through the `Redactor`.
"""

from overseer.secrets.environment import environment
from overseer.secrets.logs import RedactingFilter
from overseer.secrets.memory import protect_memory
from overseer.secrets.redactor import Redactor
from overseer.secrets.store import Secrets
from overseer.secrets.streams import StreamRedactor

__all__ = ["RedactingFilter", "Redactor", "Secrets", "StreamRedactor", "environment", "protect_memory"]
