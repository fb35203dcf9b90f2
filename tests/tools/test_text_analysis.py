"""Texts described and shortened by counting."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call

ARTICLE = """Solar power is growing fast. Dr. Smith, who studies solar power, says that prices fell by 80.5 percent.
Nobody expected that in 1990. Solar power plants need space, sunlight and a grid that can take their power.
My cat likes tuna. Batteries store solar power for the night, so that the grid gets power when it needs it!"""


def test_statistics_of_a_text() -> None:
    assert call("text_statistics", text="Don't panic! It's a well-known fact.\n\nDr. Who said so.\n") == {
        "lines": 3,
        "words": 10,
        "characters": 55,
        "characters_without_spaces": 44,
        "sentences": 3,
        "paragraphs": 2,
        "unique_words": 10,
        "average_word_length": 4.0,
        "average_words_per_sentence": 3.33,
        "longest_word": "well-known",
        "most_common_words": [
            {"word": "a", "count": 1},
            {"word": "don't", "count": 1},
            {"word": "dr", "count": 1},
            {"word": "fact", "count": 1},
            {"word": "it's", "count": 1},
        ],
        "reading_time_seconds": 3,
    }


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("", 0, 0),
        ("... --- ???", 0, 0),
        ("我喜欢猫。你呢？", 6, 2),
        ("नमस्ते दुनिया। ठीक है।", 4, 2),
        ("Ça va? Oui! « Bien. » Fin", 5, 4),
        ("e\u0301te\u0301 na\u00efve", 2, 1),
        ("It costs 3.50 at Ben & Co. in J. R. Town, e.g. today. Yes.", 15, 2),
        ("1. First thing\n2. Second thing", 6, 2),
    ],
)
def test_words_and_sentences_of_many_scripts(text: str, words: int, sentences: int) -> None:
    result = call("text_statistics", text=text)
    assert (result["words"], result["sentences"]) == (words, sentences)


def test_the_most_frequent_words() -> None:
    assert call("word_frequency", text="The cat and the dog and THE cow", limit=2) == [
        {"word": "the", "count": 3},
        {"word": "and", "count": 2},
    ]
    assert [entry["word"] for entry in call("word_frequency", text=ARTICLE, skip_common_words=True, limit=2)] == [
        "power",
        "solar",
    ]
    assert call("word_frequency", text="a bb ccc", minimum_length=3, limit=0) == [{"word": "ccc", "count": 1}]


def test_keywords_are_words_and_pairs() -> None:
    keywords = call("extract_keywords", text=ARTICLE, limit=4)
    assert keywords[0] == "solar power"
    assert "grid" in keywords


def test_a_summary_keeps_the_telling_sentences_in_their_order() -> None:
    summary = call("extractive_summary", text=ARTICLE, sentences=3)
    assert summary.startswith("Solar power is growing fast.")
    assert "cat" not in summary
    assert "Nobody" not in summary
    assert call("extractive_summary", text=ARTICLE, sentences=3) == summary


@pytest.mark.parametrize(("text", "summary"), [("", ""), ("One.", "One."), ("No end", "No end"), ("A b. C d.", None)])
def test_a_short_text_is_its_own_summary(text: str, summary: str | None) -> None:
    assert call("extractive_summary", text=text) == (text if summary is None else summary)


SENTENCES = st.sampled_from(["Cats sleep.", "Dogs bark at cats!", "Why?", "他来了。"])


@given(st.lists(SENTENCES, max_size=12), st.integers(1, 5))
def test_a_summary_says_nothing_new(parts: list[str], wanted: int) -> None:
    text = " ".join(parts)
    summary = call("extractive_summary", text=text, sentences=wanted)
    assert call("text_statistics", text=summary)["sentences"] == min(wanted, len(parts))
    place = 0
    while summary:  # what is left of the summary begins with a sentence that comes later in the text
        sentence = next(part for part in parts[place:] if summary.startswith(part))
        place = parts.index(sentence, place) + 1
        summary = summary.removeprefix(sentence).lstrip()


@pytest.mark.parametrize("text", ["." * 200_000 + "x", "\n" * 200_000, (" " * 200 + "\n") * 1000, "a-" * 100_000])
def test_no_text_is_slow_to_count(text: str) -> None:
    began = time.process_time()
    call("text_statistics", text=text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("text_statistics", {"text": "a" * 5_000_001}, "text has 5000001 characters; give at most 5000000"),
        ("word_frequency", {"text": "a", "limit": -1}, "limit is -1"),
        ("extract_keywords", {"text": "a", "limit": 0}, "limit is 0"),
        ("extractive_summary", {"text": "a", "sentences": 0}, "sentences is 0; give how many to keep"),
    ],
)
def test_what_cannot_be_done_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
