"""Themes, and lines painted and cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overseer.terminal.style import Palette, text_of
from overseer.terminal.themes import THEMES, theme_of
from overseer.text.cells import cells as cells_of

SGR = re.compile(r"\x1b\[([0-9;]*)m")


@pytest.mark.parametrize("name", ["default", "light"])
def test_themes_for_everybody_use_the_sixteen_colours_only(name: str) -> None:
    palette = Palette(theme_of(name))
    for style in THEMES[name]:
        for codes in SGR.findall(palette.painted(((style, "x"),))):
            for code in map(int, codes.split(";")):
                assert code in (0, 1, 3, 4) or 30 <= code <= 37 or 90 <= code <= 97


def test_mono_has_no_colours_and_plain_nothing() -> None:
    for style in THEMES["default"]:
        painted = Palette(theme_of("mono")).painted(((style, "x"),))
        assert not any(int(code) >= 30 for codes in SGR.findall(painted) for code in codes.split(";"))
        assert Palette(theme_of("plain")).painted(((style, "x"),)) == "x"
        assert Palette(theme_of("default"), has_colour=False).painted(((style, "x"),)) == "x"


def test_a_style_may_have_a_background_and_exact_colours() -> None:
    palette = Palette(theme_of({"done": "#ff8000 on bright_black", "failed": "underline on #000010"}))
    assert palette.painted((("done", "x"),)) == "\x1b[38;2;255;128;0;100mx\x1b[0m"
    assert palette.painted((("failed", "x"),)) == "\x1b[4;48;2;0;0;16mx\x1b[0m"


def test_styles_of_the_users_own_stand_before_the_default_ones() -> None:
    palette = Palette(theme_of({"done": "bold bright_blue"}))
    assert palette.painted((("done", "x"), ("failed", "y"))) == "\x1b[1;94mx\x1b[0m\x1b[31my\x1b[0m"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("ligth", "needs one of default, light, mono, plain"),
        ({"doen": "red"}, "did you mean 'done'"),
        ({"done": "gren"}, "did you mean 'green'"),
    ],
)
def test_what_is_wrong_with_a_theme_is_said(chosen: str | dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        theme_of(chosen)


lines = st.lists(st.tuples(st.sampled_from(["done", "title"]), st.text(st.sampled_from("ab 中\u0301✓"), max_size=9)))


@given(lines, st.integers(0, 20))
@example([("done", "aa中中"), ("done", "\u0301")], 6)  # the accent takes no room of its own
def test_a_line_takes_no_more_than_there_is_room_for(spans: list[tuple[str, str]], cells: int) -> None:
    line = tuple(spans)
    painted, took = Palette().fitted(line, cells)
    shown = SGR.sub("", painted)
    assert cells_of(shown) == took <= cells
    if cells_of(text_of(line)) <= cells:
        assert shown == text_of(line)
    else:
        assert shown.endswith("…") or text_of(line).startswith(shown)
