"""Texts with arguments in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.kinds import Template, TemplateError


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Translate to {lang}: {text}", "Translate to French: hello"),
        ("{text}{text}", "hellohello"),
        ('answer as {"words": [1]}', 'answer as {"words": [1]}'),
        ("{{lang}} is {lang}", "{lang} is French"),
        ("a } and a { and {}", "a } and a { and {}"),
        ("{count} {flags} {nothing}.", '3 ["a"] .'),
        ("", ""),
    ],
)
def test_arguments_are_put_in_place(text: str, filled: str) -> None:
    arguments = {"lang": "French", "text": "hello", "count": 3, "flags": ["a"], "nothing": None}
    assert Template.parse(text, list(arguments)).fill(arguments) == filled


def test_a_name_that_is_no_parameter_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(TemplateError, match=r"\{txet\} is no parameter of the tool; .*text"):
        Template.parse("say {txet}", ["text", "lang"])


def test_an_argument_is_never_read_as_a_template() -> None:
    assert Template.parse("{text}", ["text"]).fill({"text": "{text} {{x}}"}) == "{text} {{x}}"


def test_what_was_not_given_is_empty() -> None:
    assert Template.parse("<{text}>", ["text"]).fill({}) == "<>"


def test_a_lone_placeholder_is_told_apart() -> None:
    assert Template.parse("{text}", ["text"]).whole() == "text"
    assert Template.parse("{text}!", ["text"]).whole() is None
    assert Template.parse("text", ["text"]).whole() is None


@given(st.text())
def test_doubling_the_braces_of_any_text_gives_that_text(text: str) -> None:
    assert Template.parse(text.replace("{", "{{").replace("}", "}}"), []).fill({}) == text
