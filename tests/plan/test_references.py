"""References: what is parsed, how it is written back, what it reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan.references import (
    BadReference,
    Ref,
    Text,
    Unreadable,
    is_name,
    parse,
    parsed,
    read_path,
    refs_in,
    rendered,
    written,
)
from tests.plan.strategies import json_values, refs, sources, templates, texts

braces = st.text('{}"\\a. ', max_size=12)


@pytest.mark.parametrize(
    ("source", "template"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{ {x} }", "{ {x} }"),
        ("}}", "}}"),
        ("{{joke}}", Ref("joke")),
        ("{{ joke }}", Ref("joke")),
        ("{{joke.title}}", Ref("joke", ("title",))),
        ("{{joke.title[0].text}}", Ref("joke", ("title", 0, "text"))),
        ("{{list[-1]}}", Ref("list", (-1,))),
        ('{{joke["two words"]}}', Ref("joke", ("two words",))),
        (r'{{joke["say \"hi\" \\"]}}', Ref("joke", ('say "hi" \\',))),
        ("{{fetch-news.by-date}}", Ref("fetch-news", ("by-date",))),
        ("{{inputs.topic}}", Ref("inputs", ("topic",))),
        ("{{1}}", Ref("1")),
        ("{{été}}", Ref("été")),
        (" {{joke}}", Text((" ", Ref("joke")))),
        ("{{a}}{{b}}", Text((Ref("a"), Ref("b")))),
        ("a {{b}} c {{d.e}}", Text(("a ", Ref("b"), " c ", Ref("d", ("e",))))),
        ('{{"{{"}}', "{{"),
        ('{{"{{"}}x}}', "{{x}}"),
        ('{{ "{{" }}{{x}}', Text(("{{", Ref("x")))),
        ('{{""}}', ""),
        ("{{x}}}", Text((Ref("x"), "}"))),
    ],
)
def test_parsing(source: str, template: Any) -> None:
    assert parse(source) == template


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{joke", "'{{joke' has no closing '}}'; for literal braces write {{\"{{\"}}"),
        ("a {{b} c", "'{{b} c' has no closing '}}'; for literal braces write {{\"{{\"}}"),
        (
            "{{}}",
            "'{{}}' is not a reference; write {{step}}, {{step.field}}, {{step[0]}} or {{inputs.name}}; "
            'for literal braces write {{"{{"}}',
        ),
        ("{{two words}}", "'{{two words}}' is not a reference; write"),
        ("{{a + b}}", "'{{a + b}}' is not a reference; write"),
        ("{{a.b()}}", "'{{a.b()}}' is not a reference; write"),
        ("{{a.}}", "'{{a.}}' is not a reference; write"),
        ("{{a[x]}}", "'{{a[x]}}' is not a reference; write"),
        ("{{a|upper}}", "'{{a|upper}}' is not a reference; write"),
        ("{{-a}}", "'{{-a}}' is not a reference; write"),
        ("{{{a}}}", "'{{{a}}' is not a reference; write"),
    ],
)
def test_what_is_no_reference_is_refused(source: str, complaint: str) -> None:
    with pytest.raises(BadReference) as refusal:
        parse(source)
    assert str(refusal.value).startswith(complaint)


@given(texts | braces)
def test_any_text_at_all_can_be_written_so_that_it_stays_text(text: str) -> None:
    assert parse(written(text)) == text


@given(refs)
def test_a_written_reference_is_read_back_equal(ref: Ref) -> None:
    assert parse(written(ref)) == ref


@given(templates | sources.map(parsed))
def test_a_written_template_is_read_back_equal(template: Any) -> None:
    assert parsed(written(template)) == template


@given(sources | braces)
def test_writing_what_was_parsed_settles_at_once(source: str) -> None:
    try:
        template = parse(source)
    except BadReference:
        return
    assert parse(written(template)) == template
    assert written(parse(written(template))) == written(template)


@given(json_values)
def test_rendering_puts_values_in_and_never_parses_them(value: Any) -> None:
    hostile = {"text": "{{secret}}", "value": value}
    template = {"whole": Ref("x"), "list": [Ref("x")], "fixed": 1}
    assert rendered(template, lambda ref: hostile) == {"whole": hostile, "list": [hostile], "fixed": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{{secret}}", "<{{secret}}>"),
        (None, "<>"),
        (True, "<true>"),
        (1.5, "<1.5>"),
        (["é", 1], '<["é", 1]>'),
        ({}, "<{}>"),
    ],
)
def test_inside_of_text_a_value_is_rendered_as_text(value: Any, text: str) -> None:
    assert rendered(parse("<{{x}}>"), lambda ref: value) == text


def test_references_are_found_in_reading_order() -> None:
    template = parsed({"a": ["{{x}}", {"b": "{{y.z}} and {{x}}"}], "c": "none", "d": {"e": "{{w}}"}})
    assert refs_in(template) == [Ref("x"), Ref("y", ("z",)), Ref("x"), Ref("w")]


VALUE = {"title": "t", "tags": ["a", {"b": 1}], "none": None, "two words": 2, "0": "zero"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{v}}", VALUE),
        ("{{v.title}}", "t"),
        ("{{v.tags[0]}}", "a"),
        ("{{v.tags[-1].b}}", 1),
        ("{{v.tags.0}}", "a"),
        ('{{v["two words"]}}', 2),
        ("{{v[0]}}", "zero"),
        ("{{v.none}}", None),
        ("{{v.none.deeper[0]}}", None),
    ],
)
def test_reading_a_path(source: str, value: Any) -> None:
    assert read_path(VALUE, parse(source)) == value  # type: ignore[arg-type]


def test_everything_read_from_a_skipped_step_is_null() -> None:
    assert read_path(None, Ref("v", ("title", 0))) is None


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        (("titel",), "'v.titel' does not exist; 'v' offers: 0, none, tags, title, two words"),
        (("tags", 5), "'v.tags[5]' does not exist; 'v.tags' is a list of 2"),
        (("tags", "x"), "'v.tags.x' does not exist; 'v.tags' is a list of 2"),
        (("title", "x"), "'v.title.x' does not exist; 'v.title' is a string"),
        (("tags", 1, "b", "c"), "'v.tags[1].b.c' does not exist; 'v.tags[1].b' is an integer"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_there_is(path: tuple[str | int, ...], complaint: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_path(VALUE, Ref("v", path))
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("a", True),
        ("a-b", True),
        ("a_1", True),
        ("1", True),
        ("é", True),
        ("", False),
        ("-a", False),
        ("a-", False),
        ("a b", False),
        ("a.b", False),
        ("a\n", False),
        ("a/b", False),
    ],
)
def test_names(text: str, is_fine: bool) -> None:
    assert is_name(text) is is_fine
