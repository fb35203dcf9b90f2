"""Log records go out without secrets, wherever in them these were."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from overseer.secrets import RedactingFilter, Redactor, Secrets

SECRET = "Zq8xkW2mPf7RtY4v"


class Log:
    """A logger whose handler redacts, and what it has written."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(logging.Formatter("%(message)s"))
        self.handler.addFilter(RedactingFilter(Redactor(Secrets({"KEY": SECRET}))))
        self.logger = logging.getLogger("tests.secrets.logs")
        self.logger.propagate = False
        self.logger.addHandler(self.handler)
        self.logger.setLevel(logging.DEBUG)

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    yield log
    log.logger.removeHandler(log.handler)


def test_messages_and_arguments(log: Log) -> None:
    log.logger.info("the key is %s, %d times", SECRET, 2)
    log.logger.info(f"again {SECRET}")
    log.logger.info("split: %s%s", SECRET[:5], SECRET[5:])
    log.logger.info("an object: %r", {"key": SECRET})
    log.logger.info("nothing: %(a)s", {"a": 1})
    assert log.text.splitlines() == [
        "the key is [secret KEY], 2 times",
        "again [secret KEY]",
        "split: [secret KEY]",
        "an object: {'key': '[secret KEY]'}",
        "nothing: 1",
    ]


def test_tracebacks_and_stacks(log: Log) -> None:
    def fail(value: str) -> None:
        raise ValueError(f"bad key {value}")

    try:
        fail(SECRET)
    except ValueError:
        log.logger.exception("it failed")
    local = SECRET
    log.logger.info("stack", stack_info=True)
    assert local
    assert SECRET not in log.text
    assert "ValueError: bad key [secret KEY]" in log.text
    assert "Traceback (most recent call last):" in log.text


def test_a_traceback_without_a_secret_stays_an_exception(log: Log) -> None:
    record = log.logger.makeRecord("n", logging.ERROR, "f", 1, "m", (), (ValueError, ValueError("x"), None))
    assert log.handler.filter(record)
    assert record.exc_info is not None
    assert record.exc_text is None


def test_extras(log: Log) -> None:
    record = log.logger.makeRecord("n", 20, "f", 1, "m", (), None, extra={"given": {"k": [SECRET]}, "count": 3})
    log.handler.filter(record)
    assert vars(record)["given"] == {"k": ["[secret KEY]"]}
    assert vars(record)["count"] == 3


def test_a_message_whose_arguments_do_not_fit_is_still_written(log: Log) -> None:
    log.logger.info(f"{SECRET} %s %s", SECRET)
    assert log.text == "[secret KEY] %s %s (its arguments do not fit)\n"
