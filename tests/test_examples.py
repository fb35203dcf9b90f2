"""The three examples that the first design was explained with, as plan files. Overlap is shown with gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer import Engine
from overseer.tool import Tool, tool
from tests.fakes import Gate

EXAMPLES = Path(__file__).parent.parent / "examples"


def pretended(*, writers: int = 1, translators: int = 1) -> list[Tool]:
    """The tools of the examples; a call goes through only when so many are inside at once."""
    writing, translating = Gate(writers), Gate(translators)

    @tool
    def content_generator(prompt: str) -> str:
        """Write something."""
        writing.pass_through()
        return f"<{prompt}>"

    @tool
    def nmt_translator(text: str, target_lang: str) -> str:
        """Translate something."""
        translating.pass_through()
        return f"{target_lang}:{text}"

    return [content_generator, nmt_translator]


def test_both_translations_overlap_and_read_the_joke() -> None:
    engine = Engine(pretended(translators=2))
    result = engine.run(EXAMPLES / "joke-in-two-languages.yaml", {"topic": "tests"})
    joke = "<A joke about tests>"
    assert result.output == {"joke": joke, "french": f"fr:{joke}", "spanish": f"es:{joke}"}


def test_three_independent_jokes_overlap() -> None:
    result = Engine(pretended(writers=3)).run(EXAMPLES / "three-jokes.yaml")
    assert result.output == {name: f"<A joke about {name}>" for name in ("cats", "dogs", "birds")}


def test_five_headlines_overlap_and_stay_in_order() -> None:
    result = Engine(pretended(writers=5)).run(EXAMPLES / "five-headlines.yaml", {"product": "x"})
    assert result.output == [f"<Headline {index} for x>" for index in range(5)]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid_with_the_tools_beside_it(path: Path) -> None:
    from overseer.registry import ToolFolder, load_tools, our_tools

    registry = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(EXAMPLES / "tools", "given")])
    assert registry.problems == ()
    assert Engine(registry.tools.values()).checked(path).steps
