"""Themes: how each kind of text looks, in words, and the codes that make a terminal show it so.

The themes `default` and `light` use the sixteen colours that every user has set up for eyes and background.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from overseer.plan.suggestions import did_you_mean

Theme: TypeAlias = Mapping[str, str]  # from what a text is to the words of its style

THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "default": {
            "done": "green",
            "failed": "red",
            "skipped": "",
            "cancelled": "yellow",
            "running": "cyan",
            "waiting": "yellow",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "italic",
            "code": "cyan",
            "link": "underline",
        },
        "light": {
            "done": "green",
            "failed": "red",
            "skipped": "",
            "cancelled": "magenta",
            "running": "blue",
            "waiting": "magenta",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "italic",
            "code": "blue",
            "link": "underline",
        },
        "mono": {
            "done": "",
            "failed": "bold",
            "skipped": "",
            "cancelled": "bold",
            "running": "",
            "waiting": "",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "underline",
            "code": "",
            "link": "underline",
        },
        "plain": {},
    }
)

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_PLACES: Mapping[str, int] = {
    **{name: 30 + number for number, name in enumerate(_COLOURS)},
    **{f"bright_{name}": 90 + number for number, name in enumerate(_COLOURS)},
    "default": 39,
}
_WAYS: Mapping[str, int] = {"bold": 1, "dim": 2, "italic": 3, "underline": 4, "reverse": 7}
_EXACT = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


def theme_of(chosen: object) -> Theme:
    """The theme of that name, or the default one with styles of the user's own; ValueError says what is wrong."""
    if isinstance(chosen, str) and chosen in THEMES:
        return THEMES[chosen]
    if not isinstance(chosen, Mapping) or not chosen:
        form = "{failed: bold red, running: bright_blue}"
        raise ValueError(f"needs one of {', '.join(THEMES)}, or styles such as {form}, got {chosen!r}")
    for use, style in chosen.items():
        if use not in THEMES["default"]:
            raise ValueError(f"needs styles of what there is, got {use!r}; {did_you_mean(str(use), THEMES['default'])}")
        if not isinstance(style, str):
            raise ValueError(f"{use} needs words such as bold, red, on blue or #ff8800, got {style!r}")
        try:
            codes_of(style)
        except ValueError as error:
            raise ValueError(f"{use} {error}") from error
    return {**THEMES["default"], **chosen}


def codes_of(style: str) -> str:
    """What comes between `ESC [` and `m`, such as `1;31` for `bold red`."""
    codes: list[str] = []
    words = iter(style.split())
    for word in words:
        behind = 10 if word == "on" else 0
        colour = next(words, "") if behind else word
        if exact := _EXACT.fullmatch(colour):
            codes.append(";".join([str(38 + behind), "2", *(str(int(part, 16)) for part in exact.groups())]))
        elif colour in _PLACES:
            codes.append(str(_PLACES[colour] + behind))
        elif colour in _WAYS and not behind:
            codes.append(str(_WAYS[colour]))
        else:
            guess = did_you_mean(colour, [*_PLACES, *_WAYS])
            raise ValueError(f"needs words such as bold, red, on blue or #ff8800, got {colour!r}; {guess}")
    return ";".join(codes)
