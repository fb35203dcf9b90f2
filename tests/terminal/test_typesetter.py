"""An answer that is written as it comes."""

from __future__ import annotations

import io

from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.terminal.typesetter import Typesetter


def written(*pieces: str, has_colour: bool) -> list[str]:
    out = io.StringIO()
    answer = Typesetter(Screen(has_colour=has_colour), Palette(), out, columns=lambda: 40)
    seen: list[str] = []
    for piece in pieces:
        answer.add(piece)
        seen.append(out.getvalue())
    answer.close()
    return [*seen, out.getvalue()]


def test_without_styles_the_text_comes_as_it_is() -> None:
    assert written("# Ti", "tle\n\n**b**\x1b[2J", has_colour=False) == [
        "# Ti",
        "# Title\n\n**b**\\x1b[2J",
        "# Title\n\n**b**\\x1b[2J\n",
    ]


def test_with_styles_it_comes_block_by_block() -> None:
    heading = "\x1b[1mTitle\x1b[0m\n"
    assert written("# Ti", "tle\n\n**b**", has_colour=True) == ["", heading, f"{heading}\n\x1b[1mb\x1b[0m\n"]


def test_an_answer_of_nothing_is_nothing() -> None:
    assert written("", has_colour=True) == ["", ""]
    assert written("", has_colour=False) == ["", ""]


def test_a_document_of_json_stays_as_it_is() -> None:
    out = io.StringIO()
    typesetter = Typesetter(Screen(has_colour=True), Palette(), out, columns=lambda: 40)
    document = '{\n  "*a*": [\n    1\n  ]\n}'
    typesetter.add_whole(document)
    typesetter.close()
    assert out.getvalue() == f"{document}\n"
