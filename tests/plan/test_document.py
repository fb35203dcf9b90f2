"""Documents: what text of either syntax becomes, and what is refused with which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from overseer.plan import read_document
from overseer.plan.assembly import MAX_DEPTH
from overseer.plan.document import MAX_BYTES, Syntax
from tests.plan.strategies import json_values


def value_of(text: str, syntax: Syntax | None = None) -> Any:
    document = read_document(text, syntax=syntax)
    assert document.faults == ()
    return document.value


def complaints(text: str, syntax: Syntax | None = None) -> list[str]:
    return [str(fault) for fault in read_document(text, syntax=syntax).faults]


# --- YAML


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("9" * 400, int("9" * 400)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e5", 100000.0),
        ("-1.5E-3", -0.0015),
        # text, whatever YAML 1.1 would have made of it
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("tRue", "tRue"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
        ("+", "+"),
        ("=", "="),
        # quoted or in a block, it is text in any case
        ("'12'", "12"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  12\n", "12\n"),
        (">-\n  a\n  b\n", "a b"),
        # tags of the core schema
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("!!int '12'", 12),
        ("!!float 12", 12.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, value: Any) -> None:
    read = value_of(f"k: {written}")["k"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("key", ["on", "yes", "1", "1.50", "null", "~", "true", "2026-01-01", "a b"])
def test_keys_are_their_plain_text(key: str) -> None:
    assert value_of(f"{key}: x") == {key: "x"}


def test_lines_lead_to_every_value() -> None:
    text = (
        "name: x\nsteps:\n  - step_id: a\n    args:\n      text: |\n        long\n"
        "      list: [1,\n        2]\n  - {b: 1}\n"
    )
    assert read_document(text).lines == {
        (): 1,
        ("name",): 1,
        ("steps",): 2,
        ("steps", 0): 3,
        ("steps", 0, "step_id"): 3,
        ("steps", 0, "args"): 4,
        ("steps", 0, "args", "text"): 5,
        ("steps", 0, "args", "list"): 7,
        ("steps", 0, "args", "list", 0): 7,
        ("steps", 0, "args", "list", 1): 8,
        ("steps", 1): 9,
        ("steps", 1, "b"): 9,
    }


def test_aliases_repeat_what_they_name() -> None:
    assert value_of("a: &x [1, {b: 2}]\nc: *x\nd: &y text\ne: *y") == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": "text",
        "e": "text",
    }


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    assert value_of("\ufeffa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["line 1: there is nothing in it"]),
        ("# only a comment\n", ["line 1: there is nothing in it"]),
        ("a: 1\nb: 2\na: 3\n", ["line 3: the key 'a' is there twice, first in line 1; keep one of them"]),
        ("a: 1\n---\nb: 2\n", ["line 2: a second document starts here; keep one plan in a file"]),
        ("a: *x\n", ["line 1: the alias '*x' names nothing above it"]),
        ("a: &x [1, *x]\n", ["line 1: the alias '*x' stands inside of what it names, so it would never end"]),
        ("a: &x {}\nb:\n  <<: *x\n", ["line 3: merge keys ('<<') are not supported; write the entries out"]),
        ("? [a]\n: b\n", ['line 1: a key must be text; a reference needs quotes in YAML: "{{step}}"']),
        ("a:\n  b: {{joke}}\n", ['line 2: a key must be text; a reference needs quotes in YAML: "{{step}}"']),
        ("a: .inf\n", ["line 1: .inf is not a number that JSON can hold; put it in quotes if it is text"]),
        ("a: -.NaN\n", []),
        ("a: 1e999\n", ["line 1: 1e999 is too large for a number"]),
        ("a: " + "9" * 5000, ["line 1: 99999999999999999999... has 5000 digits, too many for a number"]),
        (
            "a: !!binary aGk=\n",
            ["line 1: the tag '!!binary' is not supported; write plain text, numbers, lists or mappings"],
        ),
        (
            "a: !!python/object:os.system x\n",
            [
                "line 1: the tag '!!python/object:os.system' is not supported; "
                "write plain text, numbers, lists or mappings"
            ],
        ),
        ("a: !!set {b}\n", ["line 1: the tag '!!set' is not supported; take it away"]),
        ("a: !!map [b]\n", ["line 1: the tag '!!map' is not supported; take it away"]),
        ("a: !!float " + "9" * 400, ["line 1: 9999999999999999999999999999999999999999 is too large for a number"]),
        ("a: !!int x\n", ["line 1: 'x' is not what its tag '!!int' says"]),
        ("a: !!int ''\n", ["line 1: '' is not what its tag '!!int' says"]),
        (
            "a: 1\nb: \x07\n",
            ["line 2: the character U+0007 is not allowed; take it away, or escape it in double quotes"],
        ),
        ("a: \ud800\n", ["line 1: the character U+D800 is not allowed; take it away, or escape it in double quotes"]),
        ("a:\n\tb: 1\n", ["line 2: this is not YAML: there is a tab in the indentation; indent with spaces"]),
        ("a: @b\n", ["line 1: this is not YAML: nothing can start with '@'; put it in quotes if it is text"]),
        (
            "a: b: c\n",
            ["line 1: this is not YAML: there is a colon where none can be; put text that contains ': ' in quotes"],
        ),
        (
            "a: [1, 2\nb: 3\n",
            [
                "line 2: this is not YAML: the list that '[' opens in line 1 is not closed; "
                "add ']', or put the text in quotes"
            ],
        ),
        (
            "a: {b: 1\nc: [3]\n",
            [
                "line 2: this is not YAML: the mapping that '{' opens in line 1 is not closed; "
                "add '}', or put the text in quotes"
            ],
        ),
        ("a: 'b\nc: d\n", ["line 2: this is not YAML: the quote that opens in line 1 is never closed"]),
        (
            "a:\n  - b\n c: d\n",
            [
                "line 3: this is not YAML: the indentation fits none of the lines above; "
                "align it with the key it belongs beside"
            ],
        ),
        (
            "a: b\nc\n",
            [
                "line 2: this is not YAML: there is a line without a colon among 'key: value' lines; "
                "indent it if it goes on with a text"
            ],
        ),
    ],
)
def test_what_is_wrong_with_yaml_is_said_in_plain_words(text: str, faults: list[str]) -> None:
    assert complaints(text, "yaml") == faults


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "a: 'b", "a:\n\tb: 1", "a:\n  - b\n c: d\n", "a: @b", "a: *x"])
def test_the_python_parser_finds_the_same_faults(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_c = complaints(text, "yaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    without_c = complaints(text, "yaml")
    assert [fault.split(":")[0] for fault in without_c] == [fault.split(":")[0] for fault in with_c]
    assert value_of("on: {a: [no, 1e5]}", "yaml") == {"on": {"a": ["no", 100000.0]}}


def test_all_faults_that_can_be_passed_over_are_found_at_once() -> None:
    assert len(complaints("a: 1\na: 2\nb: .inf\nc: !x y\nd: {a: 1, a: 2}\ne: {{f}}\n")) == 5


def test_aliases_that_unfold_into_millions_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    assert complaints(bomb) == ["line 7: there are more than 2,000,000 values here once all aliases are unfolded"]


def test_aliases_cannot_hide_a_deep_nesting() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 150))
    assert complaints(chain) == ["line 100: the nesting is deeper than 100 levels"]


# --- JSON


@given(json_values)
def test_json_means_what_the_library_says(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert repr(value_of(text, "json")) == repr(json.loads(text))


@given(st.text('{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=12))
def test_whatever_the_library_refuses_is_refused(text: str) -> None:
    document = read_document(text, syntax="json")
    try:
        expected = json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert document.faults
    else:
        assert document.faults or repr(document.value) == repr(expected)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: there is nothing in it"),
        ('{"a": 1,\n "a": 2}', "line 2: the key 'a' is there twice, first in line 1; keep one of them"),
        ('{"a": NaN}', "this is not JSON: a value must come here, not 'NaN'; JSON has no such number; write null"),
        ('{"a": -Infinity}', "a value must come here, not '-Infinity'; JSON has no such number; write null"),
        ('{"a": None}', "a value must come here, not 'None'; write null"),
        ('{"a": True}', "a value must come here, not 'True'; write true"),
        ('{"a": yes}', "a value must come here, not 'yes'; put text in double quotes"),
        ("{'a': 1}", "a key in double quotes must come here, not '''"),
        ('{"a": 01}', "a value must come here, not '01'"),
        ('{"a": 1,}', "there is a comma right before '}'; take the comma away"),
        ("[1, 2, ]", "there is a comma right before ']'; take the comma away"),
        ('{"a": 1 "b": 2}', "a comma or '}' must come here, not '\"'"),
        ('{"a" 1}', "a colon after the key must come here, not '1'"),
        ('{"a": 1} x', "there is something after the end: 'x'"),
        ('{"a": 1 // one\n}', "a comma or '}' must come here, not '/'; JSON has no comments"),
        ('{"a": ', "a value must come here, not the end of the text"),
        ("[1}", "a comma or ']' must come here, not '}'"),
        (
            '{"a": "b\n"}',
            "there is text without its closing quote, or with a line break in it; write \\n for a line break",
        ),
        ('{"a": "\\x"}', "there is a backslash before a letter that it cannot escape; write \\\\"),
        ('{"a": "\\ud800"}', "there is half of a surrogate pair, which is no character"),
        ('{"a": "\ud800"}', "there is half of a surrogate pair, which is no character"),
        ('{"a": 1e999}', "1e999 is too large for a number"),
    ],
)
def test_what_is_wrong_with_json_is_said_in_plain_words(text: str, fault: str) -> None:
    (found,) = complaints(text, "json")
    assert found.endswith(fault)


def test_json_has_lines_too() -> None:
    lines = read_document('\n{"a":\n [1,\n\n 2]}').lines
    assert lines == {(): 2, ("a",): 2, ("a", 0): 3, ("a", 1): 5}


# --- both


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('  {"a": 1}', {"a": 1}),
        ("{}", {}),
        ("{a: b}", {"a": "b"}),
        ("{'a': 1}", {"a": 1}),
        ("[a, b]", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("a: 1", {"a": 1}),
    ],
)
def test_the_syntax_is_told_from_the_text(text: str, value: Any) -> None:
    assert value_of(text) == value


def test_json_with_a_slip_is_not_taken_for_yaml_that_means_something_else() -> None:
    slip = '{"a": 1, "b": 2 // two\n}'
    assert read_document(slip, syntax="yaml").value == {"a": 1, "b": "2 // two"}
    assert complaints(slip) == [
        "line 1: this is not JSON: a comma or '}' must come here, not '/'; JSON has no comments"
    ]


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_depth_is_limited(syntax: Syntax) -> None:
    assert complaints("[" * MAX_DEPTH + "]" * MAX_DEPTH, syntax) == []
    assert complaints("[" * 1_000_000, syntax) == ["line 1: the nesting is deeper than 100 levels"]


@pytest.mark.parametrize("text", ["#" * MAX_BYTES, "é" * (MAX_BYTES // 2)])
def test_size_is_limited(text: str) -> None:
    assert complaints(f"{text}\n") == ["the text is larger than 16 MiB"]


@given(st.text(st.characters(), max_size=60) | st.text("ab: -[]{}&*!|>'\"\n\t#%@`,?", max_size=40))
def test_no_text_at_all_does_harm(text: str) -> None:
    for syntax in (None, "yaml", "json"):
        document = read_document(text, syntax=syntax)
        assert document.faults or not document.is_broken
