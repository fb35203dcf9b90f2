"""An answer that is written as it comes."""

from __future__ import annotations

import io

import pyte

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


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_styles_a_terminal_gets_it_by_words() -> None:
    out = _Tty()
    answer = Typesetter(Screen(), Palette(), out, columns=lambda: 30)
    for piece in ("An answer that goes o", "n and on.\n- And a po", "int of it that does so too"):
        answer.add(piece)
    answer.close()
    assert out.getvalue() == "An answer that goes on and on.\n- And a point of it that does\n  so too\n"


def test_values_are_broken_between_words_as_well_unless_they_are_a_document() -> None:
    for text, shown in [
        ("a value that takes two lines **of** it", "a value that takes two lines\n  **of** it\n"),
        ('{"a": "value that takes two lines"}', '{"a": "value that takes two lines"}\n'),
    ]:
        out = _Tty()
        answer = Typesetter(Screen(has_colour=True), Palette(), out, columns=lambda: 30)
        answer.add_values(text)
        answer.close()
        assert out.getvalue() == shown


def test_what_is_not_complete_is_seen_below_and_gone_once_it_is() -> None:
    out, now = _Tty(), [0.0]
    screen = pyte.Screen(80, 24)
    screen.set_mode(pyte.modes.LNM)  # as the terminal's driver does it: a line feed begins a new line
    shown = pyte.Stream(screen)
    answer = Typesetter(Screen(is_live=True, has_colour=True), Palette(), out, clock=lambda: now[0])

    def lines() -> list[str]:
        shown.feed(out.getvalue())
        out.seek(0)
        out.truncate()
        return [line.rstrip() for line in screen.display if line.strip()]

    answer.add("Some **strong")
    assert lines() == ["Some **strong"]
    answer.add(" words")
    assert lines() == ["Some **strong"], "ten times a second at most"
    now[0] += 0.2
    answer.add("** and")
    assert lines() == ["Some **strong words** and"]
    answer.add("\n\nThe end")
    assert lines() == ["Some strong words and", "The end"]
    answer.close()
    assert lines() == ["Some strong words and", "The end"]
    assert not screen.cursor.hidden


def test_of_a_long_block_the_end_is_seen() -> None:
    out = _Tty()
    answer = Typesetter(Screen(is_live=True, has_colour=True), Palette(), out)
    answer.add("\n".join(f"line {number}" for number in range(100)))
    assert "line 99" in out.getvalue()
    assert "line 80\r" not in out.getvalue()
