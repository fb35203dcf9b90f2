"""What the pages show is tried by some test: each command line here, each block where its page is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from overseer.catalogue import page_made_anew
from overseer.commands.arguments import parsed, parser
from tests.pages import DOCS, blocks, command_lines, commands_in_passing, page

ROOT = DOCS.parent
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", ROOT / "examples/README.md")}
PAGES |= {f"docs/{path.name}": path for path in sorted(DOCS.glob("*.md"))}

# The languages of the blocks of each page, all of which the tests of that page try.
TRIED = {
    "README.md": {"python", "yaml"},
    "docs/architecture.md": {"text"},
    "docs/configuration.md": {"yaml", "console"},
    "docs/contributing.md": {"sh"},
    "docs/front-ends.md": {"toml", "json", "pipe"},
    "docs/headless.md": {"sh"},
    "docs/looking.md": {"yaml", "console"},
    "docs/plan-format.md": {"yaml", "text"},
    "docs/programs.md": {"python", "text"},
    "docs/review.md": {"text"},
    "docs/sandbox.md": {"python", "yaml"},
    "docs/tools.md": {"python", "yaml", "json"},
    "examples/README.md": {"sh"},
}


@pytest.mark.parametrize("name", PAGES)
def test_every_command_line_of_a_page_is_understood(name: str) -> None:
    for arguments in command_lines(PAGES[name].read_text(encoding="utf-8")):
        parsed(arguments)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_named_in_passing_is_there_with_its_options(name: str) -> None:
    commands = parser().commands
    for first, *rest in commands_in_passing(PAGES[name].read_text(encoding="utf-8")):
        if first != "COMMAND":
            command = commands["chat" if first.startswith("-") else first]
            named = {word for word in (first, *rest) if re.fullmatch(r"--?[a-z][a-z-]*", word)}
            assert named <= {*command._option_string_actions}, (first, named)


def test_pages_show_command_lines() -> None:
    shown = {" ".join(each) for path in PAGES.values() for each in command_lines(path.read_text(encoding="utf-8"))}
    assert {"undo --preview", "chat --demo", "-p write a greeting for $name --no-stdin"} <= shown


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_is_of_a_language_that_its_tests_try(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    assert {block.language for block in blocks(text)} == TRIED.get(name, set())
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks(text)), "a block says no language"


def test_the_page_has_every_command_and_option_and_is_up_to_date() -> None:
    text = page("commands.md")
    assert page_made_anew(text) == text
    for name, command in parser().commands.items():
        assert f"`overseer {name}" in text
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", command.format_usage()):
            assert re.search(rf"[` ]{option}[` ]", text), option


@pytest.mark.parametrize("name", ["README.md", "docs/benchmarks.md"])
def test_every_benchmark_that_is_named_is_there_with_its_options(name: str) -> None:
    shown = re.findall(r"python bench/(\w+)\.py([^`#\n]*)", PAGES[name].read_text(encoding="utf-8"))
    assert len(shown) > 3
    for benchmark, arguments in shown:
        source = (ROOT / f"bench/{benchmark}.py").read_text(encoding="utf-8")
        for option in re.findall(r"--[a-z-]+", arguments):
            assert f'"{option}"' in source, (benchmark, option)


def test_figures_of_the_readme_are_those_of_the_page() -> None:
    readme, measured = (Path(PAGES[name]).read_text(encoding="utf-8") for name in ("README.md", "docs/benchmarks.md"))
    rows = re.findall(r"^\| .+ \| .+ \| (.+) \| `python bench/", readme, re.MULTILINE)
    figures = [figure for row in rows for figure in re.findall(r"\d+\.\d+|\d{3,}", row)]
    assert len(figures) > 6
    assert [figure for figure in figures if not re.search(rf"(?<![\d.]){figure}(?![\d.]*\d)", measured)] == []
