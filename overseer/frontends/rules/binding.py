"""From tasks to calls: every argument gets a value of the request, a result of an earlier call, or is missing.

What the part itself says goes first. Then come results whose names fit, values that other parts told, and
what the part points back to. A file or link is read where an argument wants what is in it, and a tool is
put before where only it gives what is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from overseer.frontends.rules.assignment import Asking, Assigned, assigned
from overseer.frontends.rules.calls import Call, new_id
from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.examples import by_example, is_close, model_for, unsaid
from overseer.frontends.rules.fillable import is_idle, works_on
from overseer.frontends.rules.flow import fits, speaks_of_each, speaks_of_results
from overseer.frontends.rules.literals import given, label, option_in, options_in, suits, truth_in
from overseer.frontends.rules.matching import Reading, Task
from overseer.frontends.rules.measures import Distance, distance_tool, is_from_today, with_distances, with_units
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.phrases import folder_in, glob_in, is_spelt_out, named_by, phrase_for, reaches_below
from overseer.frontends.rules.readers import reader_for
from overseer.frontends.rules.slots import Slot, ports_of, slots_of, targets_of
from overseer.frontends.rules.sources import STRONG, Context, Source, shared_out
from overseer.frontends.rules.sums import goes_on, takes_sums, with_result
from overseer.frontends.rules.words import name_words, stem
from overseer.plan.references import Ref, Text
from overseer.tool import Tool

_MOST_CALLS = 50  # of one task
_TOLD_ELSEWHERE = 1.8  # how well a value of another part must suit
_MADE_FOR_IT = 3.0  # how well a result must suit for a tool to be put before because of it


@dataclass(frozen=True, slots=True)
class Filling:
    """What the arguments of a task are filled with; of several values or results, each is for a call of its own."""

    task: Task
    context: Context
    slots: tuple[Slot, ...]
    values: Assigned
    sources: Mapping[str, Source | None]


@dataclass(slots=True)
class Binder:
    """Makes the calls of a request, task by task."""

    reading: Reading
    tools: Sequence[Tool]  # those that may be called
    number: Ref | None = None  # that was the result of an earlier request
    calls: list[Call] = field(default_factory=list)
    last_step: str = ""  # of those that answer a question
    groups: int = 0
    used: dict[int, frozenset[str]] = field(default_factory=dict)  # by where a taken value stands: as what it was taken

    def bind(self, task: Task) -> None:
        """Add the calls of a task."""
        if task.told:
            self._follow(task)
            return
        for parts in self._shares(task):
            self._bind(task, parts)

    def _follow(self, task: Task) -> None:
        """Add the calls that answer a question, each after the other."""
        part = task.parts[0]
        said = self.reading.parts[part]
        for told in task.told:
            args: dict[str, Any] = dict(told.args)
            if told.takes and self.calls:
                args[told.takes] = Ref(self.last_step, told.path)
            call = self._known(told.tool, args)
            if call is None:
                name = said.text if told is task.told[-1] else told.name
                step_id = new_id(told.tool, self.calls)
                call = Call(step_id, told.tool, part, args, description=name, follows=said.follows)
                self.calls.append(call)
            self.last_step = call.step_id

    def _known(self, tool: Tool, args: Mapping[str, Any]) -> Call | None:
        """The call that does the same, if there is one already."""
        return next((call for call in self.calls if call.tool is tool and call.args == args), None)

    def _shares(self, task: Task) -> list[tuple[int, ...]]:
        """The parts for each call: one for every part that tells the same arguments anew."""
        slots = [slot for slot in slots_of(task.tool) if slot.is_required]
        told = {}
        for part in task.parts if len(task.parts) > 1 else ():
            asking = Asking({}, lambda *_: False, targets_of(task.tool))
            told_here = set(assigned(slots, self._values(task.tool, [part]), asking))
            told_here |= {slot.name for slot in slots if is_spelt_out(self.reading.parts[part], slot)}
            if told_here:
                told[part] = told_here
        if len(told) < 2 or not set.intersection(*told.values()):
            return [tuple(task.parts)]
        rest = [part for part in task.parts if part not in told]
        return [(part, *rest) for part in told]

    def _values(self, tool: Tool, parts: Sequence[int]) -> tuple[Candidate, ...]:
        has_units = any(slot.sort == "unit" for slot in slots_of(tool))
        found: list[Candidate] = []
        for part in parts:
            values = self.reading.candidates[part]
            values = with_units(self.reading.parts[part], values) if has_units else values
            found += with_distances(tool, self.reading.parts[part], values)
        return tuple(value for value in found if not _is_of_the_tool(value, tool))

    def _bind(self, task: Task, parts: tuple[int, ...]) -> None:
        slots = slots_of(task.tool)
        context = Context(self.reading, parts, tuple(self.calls))
        model = model_for(self.reading.parts[parts[0]].tokens, task.tool)
        fit = {slot.name: context.best_fit(slot) for slot in slots}
        rivals = {name: source.score for name, source in fit.items() if source is not None and source.score >= STRONG}
        places = model.places if model is not None else {}
        asking = Asking(rivals, self._can_read, targets_of(task.tool), places)
        values = assigned(slots, self._values(task.tool, parts), asking)
        self._add_from_elsewhere(context, slots, values, asking)
        self._add_options(slots, parts, values)
        open_slots = [slot for slot in slots if slot.name not in values]
        sources = {
            slot.name: context.source(slot, fit[slot.name], is_said=self._said(slot, parts) is not None)
            for slot in open_slots
        }
        filling = Filling(task, context, slots, values, shared_out(context.with_texts(task.tool, sources)))
        count = self._count(filling)
        group = self._new_group() if count > 1 else None
        for at in range(min(count, _MOST_CALLS)):
            self.calls.append(self._call(filling, at, group))
        for slot in slots:
            self.used |= {value.start: slot.words for value in values.get(slot.name, ())}

    def _count(self, filling: Filling) -> int:
        """How many calls the values make, or else the results that they work on."""
        lengths = [
            len(filling.values[slot.name])
            for slot in filling.slots
            if slot.name in filling.values and "array" not in slot.types
        ]
        count = max([self._times(filling.context.parts), *lengths])
        if count > 1:
            return count
        scalar = {slot.name for slot in filling.slots if not slot.is_many}
        spread = (
            len(source.calls) for name, source in filling.sources.items() if source is not None and name in scalar
        )
        return max(spread, default=1)

    def _times(self, parts: Sequence[int]) -> int:
        """How often something is asked for: twice, 3 times."""
        for part in parts:
            tokens = self.reading.parts[part].tokens
            if any(token.low == "twice" for token in tokens):
                return 2
            for before, token in pairwise(tokens):
                if token.low == "times" and before.kind == "number" and isinstance(before.value, int):
                    return max(1, min(before.value, _MOST_CALLS))
        return 1

    def _new_group(self) -> int:
        self.groups += 1
        return self.groups

    def _call(self, filling: Filling, at: int, group: int | None) -> Call:
        """One call of a task; of several, the one with this number."""
        task, parts = filling.task, filling.context.parts
        main = self.reading.parts[parts[0]]
        call = Call("", task.tool, parts[0], group=group, description=main.text, follows=main.follows)
        for slot in filling.slots:
            if slot.name in filling.values:
                value = self._value(slot, filling.values[slot.name], at)
                if value is not None:
                    call.args[slot.name] = value
            elif (source := filling.sources.get(slot.name)) is not None:
                self._take(call, slot, source, at, parts)
            elif (said := self._said(slot, parts)) is not None:
                call.args[slot.name] = said
        self._fill_up(call, filling)
        call.step_id = new_id(task.tool, self.calls)
        return call

    # -- what is said

    def _value(self, slot: Slot, values: Sequence[Candidate], at: int) -> Any:
        """The argument as the values tell it."""
        if not slot.is_many and (len(values) < 2 or "array" not in slot.types):
            return self._read_or_given(values[at] if at < len(values) else values[0], slot)
        found = [self._read_or_given(value, slot) for value in values]
        is_whole = isinstance(values[0].value, list | dict) or (isinstance(found[0], Ref) and "object" in slot.types)
        return found[0] if len(found) == 1 and is_whole else found

    def _read_or_given(self, value: Candidate, slot: Slot) -> Any:
        if suits(value, slot) < 1.0 and self._can_read(value, slot):
            return self._reading_of(value, slot)
        if isinstance(value.value, Distance):
            return self._day_at(value.value, value.part)
        return self._going_on(value) if goes_on(value) else given(value, slot)

    def _day_at(self, distance: Distance, part: int) -> Ref | None:
        """The day so far from today, by a call that is put before; None where no tool finds it."""
        found = distance_tool(distance.unit, self.tools)
        if found is None:
            return None
        tool, start = found
        args = {start: "today", distance.unit: distance.count}
        call = Call(
            new_id(tool, self.calls), tool, part, args, description=f"{distance.count} {distance.unit} from today"
        )
        self.calls.append(call)
        return Ref(call.step_id)

    def _going_on(self, value: Candidate) -> Text | None:
        """A sum with the number in it that was worked out before; None where none was."""
        last = self.calls[-1] if self.calls else None
        ref = self.number if last is None else Ref(last.step_id) if takes_sums([last.tool]) else None
        return with_result(str(value.value), ref) if ref is not None else None

    def _said(self, slot: Slot, parts: Sequence[int]) -> Any:
        """An option or a truth value that the parts tell."""
        for part in parts:
            if slot.options and (option := option_in(self.reading.parts[part], slot)) is not None:
                return option
            if slot.types == {"boolean"} and (truth := truth_in(self.reading.parts[part].tokens, slot)) is not None:
                return truth
        return None

    def _add_from_elsewhere(self, context: Context, slots: Sequence[Slot], values: Assigned, asking: Asking) -> None:
        """Fill what is missing with values that other parts told, where these say what they are."""
        goes_on = bool(self.calls) and any(speaks_of_results(self.reading.parts[part]) for part in context.parts)
        for slot in slots:
            if slot.name in values or slot.name in asking.rivals or not slot.is_required:
                continue
            is_result = slot.sort == "content" and context.points_back and bool(self.calls)
            if is_result or (goes_on and not slot.takes("string")):
                continue
            found = context.antecedent(slot) or self._told_elsewhere(slot, context.parts)
            if found is not None and not (slot.name in asking.targets and found.start in self.used):
                values[slot.name] = [found]  # what was only read is not written to

    def _add_options(self, slots: Sequence[Slot], parts: Sequence[int], values: Assigned) -> None:
        """Several options for one argument are a call for each: sha256 and md5 of a file."""
        for slot in slots:
            for part in parts if slot.options else ():
                options = options_in(self.reading.parts[part], slot)
                if len(options) > 1:
                    values[slot.name] = [Candidate("option", option, 0, 0, part) for option in options]

    def _told_elsewhere(self, slot: Slot, parts: Sequence[int]) -> Candidate | None:
        best: tuple[float, Candidate | None] = (_TOLD_ELSEWHERE, None)
        for at, others in enumerate(self.reading.candidates):
            for candidate in others if at not in parts else ():
                score = self._from_elsewhere(candidate, slot, at)
                if score > best[0]:
                    best = (score, candidate)
        return best[1]

    def _from_elsewhere(self, candidate: Candidate, slot: Slot, at: int) -> float:
        """How well a value of another part suits; one that is there for another call must say what it is."""
        score = suits(candidate, slot)
        if score <= 0:
            return 0.0
        is_free = at in self.reading.context and candidate.start not in self.used
        if candidate.start in self.used:
            return score + (0.4 if slot.words & self.used[candidate.start] else -1.2)
        if label(candidate, slot) < 0.6 and not is_free:
            score -= 1.2
        return score + (0.3 if is_free else -0.4)

    # -- what earlier calls give

    def _take(self, call: Call, slot: Slot, source: Source, at: int, parts: Sequence[int]) -> None:
        refs = source.refs()
        is_each = any(speaks_of_each(self.reading.parts[part]) for part in parts)
        is_list = source.port.types == {"array"}
        if slot.is_many and not is_list and (len(refs) > 1 or source.port.types):
            call.args[slot.name] = list(refs)
        elif is_each and is_list and slot.types and not slot.takes("array") and call.each is None:
            call.each = refs[0]
            call.args[slot.name] = Ref("item")
        else:
            call.args[slot.name] = refs[at] if at < len(refs) else refs[0]

    def _can_read(self, value: Candidate, slot: Slot) -> bool:
        return reader_for(value, slot, self.tools) is not None

    def _reading_of(self, value: Candidate, slot: Slot) -> Ref | None:
        """What is in a file or behind a link, by a call that is there already or is put before."""
        reader = reader_for(value, slot, self.tools)
        if reader is None:
            return None
        args = {reader.slot.name: value.value}
        call = self._known(reader.tool, args)
        if call is None:
            step_id = new_id(reader.tool, self.calls)
            call = Call(step_id, reader.tool, value.part, args, description=f"Read {value.value}")
            self.calls.append(call)
        return Ref(call.step_id, reader.port.path)

    # -- what is left

    def _fill_up(self, call: Call, filling: Filling) -> None:
        """Find something for what must be given and was not told, and for what an example takes for granted."""
        part = self.reading.parts[filling.context.parts[0]]
        model = model_for(part.tokens, call.tool)
        for slot in filling.slots:
            if slot.name in call.args:
                continue
            found: Any = None
            if slot.is_required and any(map(goes_on, filling.values.get(slot.name, ()))):
                call.missing.append(slot)
            elif slot.is_required:
                found = self._from_before(slot, filling.context.parts)
                if found is None and model is not None:
                    found = by_example(part.tokens, slot, model)
                found = "today" if found is None and slot.sort == "date" and is_from_today(part) else found
                found = self._phrase(call, part, slot) if found is None else found
                found = self._reading_again(slot, filling.context) if found is None else found
                if found is None:
                    call.missing.append(slot)
            elif model is not None:
                found = unsaid(part.tokens, slot, model)
                if works_on(slot):
                    found = found if str(found) in part.text else None  # else it is the example's own data
                elif found is None and is_close(part.tokens, model):
                    found = by_example(part.tokens, slot, model)
            if found is None and slot.sort == "path":
                found = folder_in(part, slot)
            if found is None and not slot.is_required:
                found = glob_in(part, slot) or named_by(part, slot) or reaches_below(part, slot) or None
            if found is not None:
                call.args[slot.name] = found
        ways = [slot for slot in filling.slots if works_on(slot)]
        if is_idle(call.tool) and not any(slot.name in call.args for slot in ways):
            self._give_something(call, ways, filling.context)

    def _phrase(self, call: Call, part: Part, slot: Slot) -> str | None:
        """The words of a part as an argument; one that is given them already leaves none to another."""
        said = phrase_for(part, slot)
        return None if said is not None and said in call.args.values() else said

    def _reading_again(self, slot: Slot, context: Context) -> Ref | None:
        """What is in the file that `it` stands for, where an earlier step gave no more than its name."""
        value = context.file_meant
        return self._reading_of(value, slot) if value is not None and self._can_read(value, slot) else None

    def _give_something(self, call: Call, ways: Sequence[Slot], context: Context) -> None:
        """Find what a tool is to work on that takes it in one of several ways."""
        tokens = self.reading.parts[context.parts[0]].tokens
        model = model_for(tokens, call.tool)
        for slot in ways:
            before = context.antecedent(slot)
            found = (
                before.value if before is not None else by_example(tokens, slot, model) if model is not None else None
            )
            if found is None and slot.sort == "content" and (source := context.pointed_at(slot)) is not None:
                found = source.refs()[0]
            if found is not None:
                call.args[slot.name] = found
                return
        call.missing.append(ways[0])

    def _from_before(self, slot: Slot, parts: Sequence[int]) -> Ref | None:
        """The result of a tool that has to come first, because only it gives what an argument needs."""
        if slot.sort != "id":
            return None
        known = {other.tool.name for other in self.calls} | {task.tool.name for task in self.reading.tasks}
        for tool in self.tools:
            port = next((port for port in ports_of(tool) if fits(port, slot) >= _MADE_FOR_IT), None)
            if tool.name in known or port is None:
                continue
            if (before := self._complete(tool, parts)) is not None:
                self.calls.append(before)
                return Ref(before.step_id, port.path)
        return None

    def _complete(self, tool: Tool, parts: Sequence[int]) -> Call | None:
        """A call of a tool for which the request tells everything; None where it does not."""
        slots = [slot for slot in slots_of(tool) if slot.is_required]
        everywhere = range(len(self.reading.parts))
        values = assigned(slots, self._values(tool, everywhere), Asking({}, lambda *_: False))
        if not slots or not all(slot.name in values for slot in slots):
            return None
        args = {slot.name: self._value(slot, values[slot.name], 0) for slot in slots}
        return Call(new_id(tool, self.calls), tool, parts[0], args, description=f"First: {tool.name}")


def _is_of_the_tool(value: Candidate, tool: Tool) -> bool:
    """Whether a word that looks like a value names the tool, or one of the options of an argument."""
    if value.kind not in ("name", "id"):
        return False
    low = str(value.value).casefold()
    if any(isinstance(option, str) and option.casefold() == low for slot in slots_of(tool) for option in slot.options):
        return True
    return {stem(word) for word in name_words(tool.name)}.issuperset(map(stem, name_words(str(value.value))))
