"""Where a call gets an argument that the request does not spell: results of earlier calls, and what `it` stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from overseer.frontends.rules.asked import number_meant
from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.flow import fits, points_back, speaks_of_each
from overseer.frontends.rules.matching import Reading
from overseer.frontends.rules.phrases import is_said_in_words, phrase_for
from overseer.frontends.rules.slots import Port, Slot, ports_of, slots_of
from overseer.frontends.rules.words import FAINT, stem
from overseer.plan.references import Ref, refs_in
from overseer.tool import Tool

# From STRONG on, a result goes before a value of the request; below WEAK, only where nothing else is left.
STRONG, NAMED, WEAK, VERY_WEAK = 2.2, 1.2, 0.75, 0.3
_STRONG_ENOUGH_TO_ADD = 3.2  # an argument that may be left out
_NEVER_MADE = frozenset({"path", "url", "email", "phone", "unit", "language"})
_NOT_THE_THING = frozenset(stem(word) for word in ("path", "url", "bytes", "status"))
_THE_THING = frozenset({stem("stdout")})  # what a program printed, not how it ended
_NUMBERS = frozenset({"integer", "number"})
_TEXT = stem("text")
_STANDS_FOR = frozenset({"path", "url", "date", "email", "phone"})


@dataclass(frozen=True, slots=True)
class Source:
    """Results that an argument could take: of one call, or of each of several alike."""

    score: float
    calls: tuple[Call, ...]
    port: Port

    def refs(self) -> list[Ref]:
        return [Ref(call.step_id, self.port.path) for call in self.calls]


@dataclass(frozen=True, slots=True)
class Context:
    """What a call can look back on: the request, its own parts of that, and the calls before it."""

    reading: Reading
    parts: tuple[int, ...]
    calls: Sequence[Call]

    @property
    def points_back(self) -> bool:
        return any(points_back(self.reading.parts[part]) for part in self.parts)

    def best_fit(self, slot: Slot) -> Source | None:
        """The earlier result that suits an argument best by what it is; of equals, the latest."""
        best: Source | None = None
        said = {word for part in self.parts for word in self.reading.parts[part].stems}
        is_open = slot.sort in ("content", "any") and not slot.options
        for call in self.calls:
            for port in ports_of(call.tool):
                score = fits(port, slot)
                if is_open and port.path and port.words - FAINT and port.words <= said:
                    score = max(score, NAMED)  # `with the encrypted data`
                if score > 0 and (best is None or score >= best.score):
                    best = Source(score, self._alike(call), port)
        return best

    def source(self, slot: Slot, fit: Source | None, *, is_said: bool) -> Source | None:
        """The earlier result that an argument takes, if it is to take one."""
        found = self._found(slot, fit, is_said=is_said)
        return None if found is None or self._is_by_chance(slot, found) else found

    def _is_by_chance(self, slot: Slot, source: Source) -> bool:
        """Whether a number would be where to start, or all of a list, for no more than a word that both have."""
        is_number = bool(source.port.types) and source.port.types <= _NUMBERS and len(source.calls) == 1
        if not is_number or self.points_back:
            return False
        return slot.is_many or (not slot.is_required and bool(slot.types) and slot.types <= {*_NUMBERS, "null"})

    def with_texts(self, tool: Tool, sources: Mapping[str, Source | None]) -> dict[str, Source | None]:
        """What works on a text is given the text itself, rather than what an earlier call counted in it."""
        is_meant = self.points_back or any(speaks_of_each(self.reading.parts[part]) for part in self.parts)
        if is_meant or tool.effect == "write":
            return dict(sources)
        texts = {slot.name for slot in slots_of(tool) if slot.types == {"string"} and slot.sort == "content"}
        return {
            name: self._text_behind(source) if source is not None and name in texts else source
            for name, source in sources.items()
        }

    def _text_behind(self, source: Source) -> Source:
        if not source.port.types or "string" in source.port.types:
            return source
        read = {ref.name for call in source.calls for ref in refs_in(call.args)}
        texts = tuple(call for call in self.calls if call.step_id in read)
        ports = [port for call in texts for port in ports_of(call.tool) if not port.path and "string" in port.types]
        return replace(source, calls=texts, port=ports[0]) if ports and len(ports) == len(texts) else source

    def _found(self, slot: Slot, fit: Source | None, *, is_said: bool) -> Source | None:
        if fit is not None and is_said_in_words(slot) and not fit.port.path:
            return None  # all that a file holds
        if fit is not None and fit.score >= (STRONG if slot.is_required else _STRONG_ENOUGH_TO_ADD):
            return fit
        if not slot.is_required or is_said or is_said_in_words(slot):
            return None
        if fit is not None and fit.score >= WEAK:
            return fit
        is_told = not self.points_back and phrase_for(self.reading.parts[self.parts[0]], slot) is not None
        if (
            slot.sort not in _NEVER_MADE
            and not slot.options
            and not is_told
            and (pointed := self.pointed_at(slot)) is not None
        ):
            return pointed
        return fit if fit is not None and fit.score >= VERY_WEAK else None

    def pointed_at(self, slot: Slot) -> Source | None:
        """The result that a part speaks of with `it` and the like, or works on without a word."""
        is_open = slot.sort == "content" or not slot.takes("string")
        if not self.calls or not (is_open or self.points_back) or is_said_in_words(slot):
            return None
        call = self.calls[-1]
        if call.tool.effect == "write":
            return None  # what it gives is a receipt
        ports = [port for port in ports_of(call.tool) if _could_be(port, slot)]
        if not ports or any(port.media and slot.media and port.media != slot.media for port in ports):
            return None
        port = self._meant(call, ports, slot)
        source = Source(WEAK, self._several(call) if slot.is_many else self._alike(call), port)
        speaks_of_text = any(_TEXT in self.reading.parts[part].stems for part in self.parts)
        return self._text_behind(source) if speaks_of_text and slot.name == _TEXT else source

    def _meant(self, call: Call, ports: Sequence[Port], slot: Slot) -> Port:
        """What is meant by the result of a call that gives several things."""
        if number := number_meant(self.reading.parts[call.part].text, call):
            return Port(number, _NUMBERS, frozenset(), frozenset())
        if thing := next((port for port in ports if port.path and port.words & _THE_THING), None):
            return thing
        if not slot.types and 2 * sum(bool(port.types) and port.types <= _NUMBERS for port in ports) > len(ports):
            return Port((), frozenset({"object"}), frozenset(), frozenset())  # so many numbers: all of them
        return next((port for port in ports if port.items == {"object"}), ports[0])

    def _several(self, last: Call) -> tuple[Call, ...]:
        """With the last call those like it right before it, where a part speaks of them all."""
        lows = {token.low for part in self.parts for token in self.reading.parts[part].tokens}
        alike = list(takewhile(lambda call: call.tool is last.tool, reversed(self.calls)))
        return tuple(reversed(alike)) if lows & _ALL_OF_THEM else self._alike(last)

    def antecedent(self, slot: Slot) -> Candidate | None:
        """The value that `it` stands for where an argument takes such a value and not a result."""
        if slot.sort not in _STANDS_FOR or not self.points_back:
            return None
        earlier = [c for part in range(self.parts[0]) for c in self.reading.candidates[part] if c.kind == slot.sort]
        return earlier[-1] if earlier else None

    @property
    def file_meant(self) -> Candidate | None:
        """The file or link that was named last before, where a part points back."""
        if not self.points_back:
            return None
        earlier = [c for at in range(self.parts[0]) for c in self.reading.candidates[at] if c.kind in ("path", "url")]
        return earlier[-1] if earlier else None

    def _alike(self, call: Call) -> tuple[Call, ...]:
        """The calls that were made together with one: its own fan-out."""
        if call.group is None:
            return (call,)
        return tuple(other for other in self.calls if other.group == call.group and other.tool is call.tool)


_ALL_OF_THEM = frozenset({"them", "both", "all", "these", "those"})


def _could_be(port: Port, slot: Slot) -> bool:
    if port.path and port.words & _NOT_THE_THING and not slot.words & port.words:
        return False
    if slot.is_many and port.types and "array" not in port.types:
        return bool(port.types & slot.items)
    if slot.types == {"string"} and port.types and port.types <= {"array", "object", "boolean"}:
        return False  # nobody counts the words of a list of files
    return not port.types or not slot.types or bool(port.types & slot.types) or slot.types == {"string"}


def shared_out(taken: Mapping[str, Source | None]) -> dict[str, Source | None]:
    """One result for one argument alone; two results for two arguments are one for each: both files, compared."""
    taken = dict(taken)
    seen: set[tuple[str, tuple[str | int, ...]]] = set()
    for name, source in taken.items():
        if source is not None and len(source.calls) == 1 and (place := (source.calls[0].step_id, source.port.path)):
            taken[name] = None if place in seen else source  # nothing is looked for in itself
            seen.add(place)
    plural = {name: source for name, source in taken.items() if source is not None and len(source.calls) > 1}
    calls = {source.calls[0].step_id: source.calls for source in plural.values()}
    if len(plural) < 2 or len(calls) != 1 or len(next(iter(calls.values()))) != len(plural):
        return dict(taken)
    shared = {name: replace(source, calls=(source.calls[at],)) for at, (name, source) in enumerate(plural.items())}
    return {**taken, **shared}
