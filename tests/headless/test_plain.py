"""What is written where no terminal reads it: plain text that any encoding can take."""

from __future__ import annotations

import pytest

from tests.headless.alone import CALL, Place, plan
from tests.servers.model_server import ModelServer

WIDE = {**CALL, "description": "Wörter zählen 日本語 🙂"}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ((), {}),
        ((), {"TERM": "dumb"}),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}),
        (("--no-color",), {"FORCE_COLOR": "1"}),
        (("--plain", "--no-color"), {"FORCE_COLOR": "1"}),
    ],
)
def test_nothing_steers_a_terminal(place: Place, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    with ModelServer([plan(CALL), "Three."]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "count", *arguments, **environment)
    assert made.code == 0
    assert not {b"\x1b", b"\r"} & {bytes([byte]) for byte in made.out + made.err}


ENCODINGS = ("cp1252", "ascii", "utf-8")
FORMS = ((), ("--json",), ("--jsonl",))
# What names and arguments are encoded in is another matter than the streams, and looked at once for each of both.
IN_C = {"PYTHONUTF8": "0", "LC_ALL": "C"}


@pytest.mark.parametrize(
    ("encoding", "form", "locale"),
    [
        *((encoding, form, {}) for encoding in ENCODINGS for form in FORMS),
        *((encoding, form, IN_C) for encoding, form in zip(ENCODINGS, FORMS, strict=True)),
    ],
)
def test_any_encoding_will_do(place: Place, encoding: str, form: tuple[str, ...], locale: dict[str, str]) -> None:
    with ModelServer([plan(WIDE), "日本語 → ✓"]) as server:
        place.connect(server.openai_url)
        made = place.run("-p", "zähle 🙂", *form, PYTHONIOENCODING=encoding, **locale)
    assert made.code == 0
    assert "Error" not in made.said
    assert (made.lines[-1]["answer"] if form else made.text.strip()) == "日本語 → ✓"
