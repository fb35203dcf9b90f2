"""A forecast in a line: what a plan will probably take, and what of that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from overseer.plan.suggestions import listed
from overseer.timing.forecast import Amount, Forecast, Repeated

_HARDLY = "less than 1 s"


def forecast_text(found: Forecast) -> str:
    """Calls, tokens, price and time; of what is not known, that it is not."""
    parts = [_counts_text(found)]
    unknown: list[str] = []
    for noun, text in _told(found):
        if text:
            parts += [*_unknown_text(unknown), text]
            unknown = []
        else:
            unknown.append(noun)
    text = ", ".join([*parts, *_unknown_text(unknown)])
    return "; ".join([text, *map(_repeated_text, found.repeated), *_never_text(found.never)])


def _told(found: Forecast) -> Iterator[tuple[str, str]]:
    """What can be said of each thing, and nothing where it is unknown."""
    if found.asks_models:
        tokens = _amount_text(found.tokens, _tokens, is_all=found.is_counted, about="~")
        yield "tokens", f"{tokens} tokens" if found.is_counted or found.tokens.least else ""
        yield "price", _amount_text(found.cost, _dollars, is_all=True, about="about ") if found.is_priced else ""
    if found.calls.most == 0 and found.programs.most == 0:
        return
    is_all = not found.never
    if not found.known_from or (found.seconds.least < 1 and not (is_all and found.seconds.most is not None)):
        yield "time", ""
    else:
        time = _amount_text(found.seconds, _seconds, is_all=is_all, about="about ")
        yield "time", f"{time} (from {found.known_from:,} earlier call{'s' if found.known_from != 1 else ''})"


def _unknown_text(nouns: list[str]) -> list[str]:
    return [f"{_and(nouns)} unknown"] if nouns else []


def _repeated_text(repeated: Repeated) -> str:
    time = f", {_seconds(repeated.seconds.least)}" if repeated.seconds.least else ""
    return f"'{repeated.step_id}': {_calls(repeated.calls)}{time} for each {repeated.each}"


def _never_text(never: Sequence[str]) -> list[str]:
    if not never:
        return []
    return [f"{listed(never, most=5)} {'was' if len(never) == 1 else 'were'} never called before"]


def _counts_text(found: Forecast) -> str:
    parts = [_calls(found.calls)] if found.calls.most != 0 or found.programs.most == 0 else []
    if found.programs.most != 0:
        parts.append(_counted(found.programs, "program"))
    return " and ".join(parts)


def _calls(calls: Amount) -> str:
    return _counted(calls, "call")


def _counted(amount: Amount, noun: str) -> str:
    least, most = int(amount.least), amount.most
    if most is None:
        return f"at least {least:,} {noun}{'s' if least != 1 else ''}" if least else f"{noun}s without a known number"
    counted = f"{int(most):,} {noun}{'s' if most != 1 else ''}"
    return counted if amount.is_exact else f"{least:,} to {counted}"


def _amount_text(amount: Amount, text: Callable[[float], str], *, is_all: bool, about: str = "") -> str:
    """Where it is not all, something that is not known comes on top of it."""
    if amount.most is None or not is_all:
        return f"at least {text(amount.least)}"
    least, most = text(amount.least), text(amount.most)
    if most == _HARDLY:
        return most
    if amount.least and least != most:
        return f"{least} to {most}"
    return f"{about if amount.is_exact else 'up to '}{most}"


def _tokens(tokens: float) -> str:
    digits = max(0, len(str(int(tokens))) - 2)
    return f"{round(tokens, -digits):,.0f}"


def _dollars(cost: float) -> str:
    return f"${cost:,.2f}" if cost >= 1 or not cost else f"${float(f'{cost:.2g}'):.12f}".rstrip("0")


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return _HARDLY
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
