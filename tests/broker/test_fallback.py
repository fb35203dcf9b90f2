"""Finding a tool by what is wanted, and another one when it fails."""

from __future__ import annotations

from overseer.broker.fallback import Fallback
from overseer.broker.ranking import ranked_tools
from overseer.tool import Tool

TOOLS = [
    Tool("nmt_translator", lambda: None, "Translate a text into another language.", tags=("language",)),
    Tool("phrasebook", lambda: None, "Translates single phrases.", tags=("language",)),
    Tool("text_statistics", lambda: None, "Count the lines, words and characters of a text.", tags=("text",)),
    Tool("run_command", lambda: None, "Run a program."),
]


def names(text: str, *tags: str) -> list[str]:
    return [tool.name for _, tool in ranked_tools(text, TOOLS, tags)]


def test_the_likest_tool_comes_first() -> None:
    assert names("translate this text to French")[0] == "nmt_translator"
    assert names("how many words are there?") == ["text_statistics"]
    assert names("counting characters")[0] == "text_statistics"


def test_what_has_nothing_in_common_is_left_out() -> None:
    assert names("zzz") == []


def test_tags_must_all_be_there() -> None:
    assert names("a text", "language") == ["nmt_translator"]
    assert names("", "language") == ["nmt_translator", "phrasebook"]


def first(fallback: Fallback, scenario: str) -> str:
    return fallback.ranked(scenario, TOOLS)[0].name


def test_a_tool_that_failed_at_something_is_tried_later_and_not_at_other_things() -> None:
    fallback = Fallback()
    assert first(fallback, "translate phrases") == "phrasebook"
    fallback.failed("translate phrases", "phrasebook")
    fallback.failed("translate phrases", "phrasebook")
    assert first(fallback, "translate phrases") == "nmt_translator"
    assert [tool.name for tool in fallback.ranked("single", TOOLS)] == ["phrasebook"]
    fallback.succeeded("translate phrases", "phrasebook")
    assert first(fallback, "translate phrases") == "phrasebook"


def test_many_remembered_failures_are_forgotten_in_the_end() -> None:
    fallback = Fallback()
    for number in range(3000):
        fallback.failed(f"thing {number}", "run_command")
    assert len(fallback._failures) == 1000
