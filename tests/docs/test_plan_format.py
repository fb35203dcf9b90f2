"""The reference page of the plan format: its plans are fine, its faults are real, no key is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from overseer.errors import FAILURE_KINDS
from overseer.plan import check_draft, read_plan, to_yaml
from overseer.plan.grammar import (
    BUDGET_KEYS,
    GUARD_KEYS,
    INPUT_KEYS,
    ON_KEYS,
    PLAN_KEYS,
    REPEAT_KEYS,
    RETRY_KEYS,
    STEP_KEYS,
)
from overseer.plan.values import AT_LIMIT, ON_ERROR, OPERATORS, PLAN_ON_ERROR, TYPE_NAMES
from overseer.tool import Tool, tool

PAGE = (Path(__file__).parents[2] / "docs" / "plan-format.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)( wrong)?\n(.*?)```", PAGE, re.DOTALL)
PLANS = [text for syntax, wrong, text in BLOCKS if syntax == "yaml" and not wrong]


@tool
def content_generator(prompt: str) -> str:
    return prompt


@tool
def nmt_translator(text: str, target_lang: str) -> str:
    return text


@tool
def web_search(query: str) -> dict[str, str]:
    return {}


@tool(effect="write", writes=["file:{path}"])
def save_file(path: str, text: str) -> bool:
    return True


TOOLS: dict[str, Tool] = {known.name: known for known in (content_generator, nmt_translator, web_search, save_file)}


def complaints(text: str) -> list[str]:
    return [str(fault) for fault in check_draft(read_plan(text), tools=TOOLS).faults]


def test_there_are_examples_of_every_form() -> None:
    everything = "".join(PLANS)
    for key in (
        "tool",
        "code",
        "steps",
        "workflow",
        "for_each",
        "iterations",
        "repeat",
        "on",
        "when",
        "retry",
        "plan",
        "budget",
    ):
        assert re.search(rf"\b{key}:", everything), key


@pytest.mark.parametrize("text", PLANS)
def test_every_example_is_a_plan_without_faults(text: str) -> None:
    assert complaints(text) == []
    assert read_plan(to_yaml(read_plan(text).plan, embed=True)).plan == read_plan(text).plan


def test_the_faults_that_are_shown_are_those_that_are_found() -> None:
    (wrong,) = (text for _, is_wrong, text in BLOCKS if is_wrong)
    (shown,) = (text for syntax, _, text in BLOCKS if syntax == "text")
    assert shown.splitlines() == complaints(wrong)


@pytest.mark.parametrize(
    "name",
    sorted(
        {*PLAN_KEYS, *INPUT_KEYS, *STEP_KEYS, *GUARD_KEYS, *RETRY_KEYS, *BUDGET_KEYS, *REPEAT_KEYS, *ON_KEYS}
        | {*OPERATORS, *ON_ERROR, *PLAN_ON_ERROR, *AT_LIMIT, *TYPE_NAMES, *FAILURE_KINDS}
    ),
)
def test_every_key_and_word_of_the_format_is_explained(name: str) -> None:
    assert re.search(rf"`{name}[`:]", PAGE)
