"""The page about narratives, graphs and pipes: its examples are plans without faults, and no key is forgotten."""

from __future__ import annotations

import re

import pytest

from overseer.frontends.graph.grammar import CONNECTION_KEYS, EVENTS, LOOPS, MODE_KEYS
from overseer.frontends.narrative.grammar import BUDGET_KEYS, REFUSED, RETENTIONS, UNSHOWN, VOICE_KEYS
from tests.frontends.forms import OURS, complaints
from tests.pages import Block, blocks, page

PAGE = page("front-ends.md")
EXAMPLES = [block for block in blocks(PAGE) if block.file]
ABOUT_DELETING = {"pull_and_delete", "preserve_source", "where_clause"}  # the page says that reading never deletes


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.file)
def test_every_example_is_a_plan_without_faults(block: Block) -> None:
    assert complaints(block.text, block.file, OURS) == []


def test_there_is_an_example_of_every_form() -> None:
    assert {block.language for block in EXAMPLES} == {"toml", "json", "pipe"}


@pytest.mark.parametrize(
    "name",
    sorted(
        {*VOICE_KEYS, *BUDGET_KEYS, *RETENTIONS, *UNSHOWN, *(REFUSED.keys() - ABOUT_DELETING)}
        | {key for key in CONNECTION_KEYS if not key.endswith("Id")}
        | {*LOOPS, *EVENTS, *(MODE_KEYS.keys() - {"sequential"}), *(key for keys in MODE_KEYS.values() for key in keys)}
    ),
)
def test_every_key_and_word_is_explained(name: str) -> None:
    assert re.search(rf"`\[?{name}\]?`", PAGE)
