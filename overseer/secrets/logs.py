"""Log records without secrets."""

from __future__ import annotations

import logging
import traceback

from overseer.secrets.redactor import Redactor

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class RedactingFilter(logging.Filter):
    """Redacts what a record says, its traceback and its extra texts. Belongs on handlers: those see all records."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        redact = self._redactor.redact
        try:
            message = record.getMessage()
        except Exception:  # a placeholder too few or an argument that cannot be shown: the message without them
            message = f"{record.msg!s} (its arguments do not fit)"
        if (redacted := redact(message)) is not message or record.args:
            record.msg, record.args = redacted, None
        if record.exc_info or record.exc_text:
            self._redact_traceback(record)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str | list | dict):
                setattr(record, name, self._redactor.redact_json(value))
        return True

    def _redact_traceback(self, record: logging.LogRecord) -> None:
        """Handlers that format the exception themselves are given none to format if it holds a secret."""
        text = record.exc_text
        if text is None and isinstance(record.exc_info, tuple):
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if text is not None and (redacted := self._redactor.redact(text)) is not text:
            record.exc_text, record.exc_info = redacted, None
