"""Which requests may become plans, and what the settings of the chat may be."""

from __future__ import annotations

import pytest

from overseer.settings.chat import WorkflowMode
from overseer.settings.keys import KEYS


def mode(*words: str, enabled: bool = True) -> WorkflowMode:
    return WorkflowMode(enabled, words, 1, 50)


@pytest.mark.parametrize(
    ("request_text", "is_planned"),
    [
        ("write a joke and translate it", True),
        ("Write a joke AND then sing", True),
        ("a joke,and more", True),
        ("tell me about the command of pandas on android", False),
        ("I do not understand", False),
        ("", False),
        ("and", True),
        ("rock-and-roll", True),
    ],
)
def test_words_are_found_as_whole_words_in_any_case(request_text: str, is_planned: bool) -> None:
    assert mode("and", "then").is_planned(request_text) == is_planned


@pytest.mark.parametrize(
    ("word", "request_text", "is_planned"),
    [
        ("and then", "first this and\n  then that", True),
        ("ÜBERSETZE", "bitte übersetze das", True),
        ("Straße", "die STRASSE entlang", True),
        ("c++", "translate this to C++ and run it", True),
        ("c++", "translate this to C", False),
        ("a.b", "take axb", False),
        ("(", "f(x", False),
    ],
)
def test_words_may_be_of_any_kind(word: str, request_text: str, is_planned: bool) -> None:
    assert mode(word).is_planned(request_text) == is_planned


def test_without_words_any_request_may_become_a_plan_unless_none_may() -> None:
    assert mode().is_planned("hello")
    assert not mode(enabled=False).is_planned("hello")
    assert not mode("and", enabled=False).is_planned("this and that")


@pytest.mark.parametrize(
    "theme",
    ["default", "light", "mono", "plain", {"failed": "bold red on bright_black"}, {"done": "#ff8800"}, {"code": ""}],
)
def test_a_theme_is_one_of_ours_or_styles(theme: object) -> None:
    assert KEYS["chat.theme"](theme) == theme


@pytest.mark.parametrize(
    "theme",
    [
        "dark",
        "",
        5,
        None,
        [],
        {},
        {"failed": "crimson"},
        {"failed": 5},
        {"failed": "on"},
        {"done": "#ff"},
        {"a": "red"},
    ],
)
def test_anything_else_is_no_theme(theme: object) -> None:
    with pytest.raises(ValueError, match=r"needs|has the word"):
        KEYS["chat.theme"](theme)
