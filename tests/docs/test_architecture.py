"""The pages for those who change the code: the picture is that of the imports, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import first_column, page, section
from tests.picture import page_made_anew
from tests.test_architecture import LAYERS

ROOT = Path(__file__).parents[2]
PARTS = {part.removeprefix("overseer.") for layer in LAYERS for part in layer}
# Where a path may begin that a page names.
HOMES = (ROOT, ROOT / "overseer", ROOT / "docs")


def test_the_picture_is_that_of_the_imports() -> None:
    text = page("architecture.md")
    assert page_made_anew(text) == text, "make it anew: python -m tests.picture < docs/architecture.md"


def test_what_the_table_explains_is_there() -> None:
    assert first_column(section(page("architecture.md"), "What stands where")) <= PARTS


@pytest.mark.parametrize("name", ["architecture.md", "contributing.md"])
def test_every_path_and_link_leads_somewhere(name: str) -> None:
    text = page(name)
    paths = re.findall(r"`([\w/.-]+(?:/|\.(?:py|md|txt)))`", text) + re.findall(r"\]\(([\w./-]+)\)", text)
    assert paths
    for path in paths:
        assert any((home / path).exists() for home in HOMES), path


def test_every_target_of_make_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", page("contributing.md"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_file_of_tests_that_is_to_be_run_is_there() -> None:
    named = re.findall(r"-m pytest (tests/\S+)(?: -k (\w+))?", page("contributing.md"))
    assert len(named) > 1
    for path, words in named:
        assert (ROOT / path).exists()
        assert not words or re.search(rf"^def test_\w*{words}", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_place_where_something_new_goes_is_named_as_it_is() -> None:
    text = section(page("contributing.md"), "Where something new goes")
    for name in ("_HOMES", "_ORDER", "connector", "SlashCommand", "ModelError", "Draft"):
        assert f"`{name}`" in text
        assert any(re.search(rf"\b{name}\b", path.read_text("utf-8")) for path in (ROOT / "overseer").rglob("*.py"))
