"""From a plan file to a plan that can run: read it, link the workflows it names, complete, validate.

Files are told apart by where they really are, so a workflow that leads back to itself is found
whatever it is called on the way. Faults in a nested file carry the name of that file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from overseer.errors import PlanError
from overseer.jsonvalue import json_text
from overseer.plan.dependencies import completed
from overseer.plan.faults import Fault, SecretIn, Where, line_at, secret_fault
from overseer.plan.files import NoText, find_workflow, read_text
from overseer.plan.reading import Draft, read_plan
from overseer.plan.validation import DEFAULT_LIMITS, Limits, validate
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep
from overseer.plan.writing import plan_hash, to_document

if TYPE_CHECKING:
    from overseer.tool import Tool


class Reader(Protocol):
    """Reads the text of a plan file; `source` is its path, whose suffix may say what is in it."""

    def __call__(self, text: str, *, source: str) -> Draft: ...


_DEEPEST = 40  # files in files; what a plan may nest is a limit of its own


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan as far as it could be understood, and everything that is wrong with it."""

    plan: WorkflowPlan
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plan that can run."""

    plan: WorkflowPlan
    notes: tuple[str, ...]
    hash: str
    source: str = ""


def load_plan(
    path: str | Path,
    *,
    tools: Mapping[str, Tool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    folders: Iterable[str | Path] = (),
    secret_in: SecretIn | None = None,
    read: Reader = read_plan,
) -> Loaded:
    """The plan of a file, ready to run; PlanError with every fault, those of nested files among them."""
    checked = check_plan(path, tools=tools, limits=limits, folders=folders, secret_in=secret_in, read=read)
    if checked.faults:
        raise PlanError(checked.faults, source=str(path))
    return Loaded(checked.plan, checked.notes, plan_hash(checked.plan), str(path))


def check_plan(
    path: str | Path,
    *,
    tools: Mapping[str, Tool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    folders: Iterable[str | Path] = (),
    secret_in: SecretIn | None = None,
    read: Reader = read_plan,
) -> Checked:
    """The plan of a file with all its faults; of one that holds a secret, nothing but that is told."""
    path = Path(path)
    try:
        text = read_text(path)
    except NoText as error:
        return Checked(WorkflowPlan(()), (error.fault,))
    if secret_in is not None and (name := secret_in(text)):
        return Checked(WorkflowPlan(()), (secret_fault("plan", name),))
    checked = _checked(read(text, source=str(path)), path, tools, limits, folders, read=read)
    if secret_in is not None and (name := secret_in(json_text(to_document(checked.plan)))):  # however it is written
        return Checked(WorkflowPlan(()), (secret_fault("plan", name),))
    return checked


def check_draft(
    draft: Draft,
    *,
    tools: Mapping[str, Tool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    folder: str | Path | None = ".",
    folders: Iterable[str | Path] = (),
) -> Checked:
    """The plan of a draft from elsewhere with all its faults.

    Its workflows are looked for in `folder`. With None no file is read, and naming one is a fault.
    """
    return _checked(
        draft, Path(folder or ".") / "-", tools, limits, folders, read=read_plan, may_read=folder is not None
    )


def _checked(
    draft: Draft,
    path: Path,
    tools: Mapping[str, Tool] | None,
    limits: Limits,
    folders: Iterable[str | Path],
    *,
    read: Reader,
    may_read: bool = True,
) -> Checked:
    linker = _Linker(tuple(Path(folder) for folder in folders), read, may_read)
    main = linker.file(path, draft, chain=())
    faults = [fault for file in linker.files for fault in file.faults]
    places = {(fault.source, fault.where) for fault in faults}
    for fault in validate(main.plan, tools=tools, limits=limits):
        located = main.locate(fault)
        if located is not None and not _is_told(located, places):
            faults.append(located)
    faults.sort(key=lambda fault: (fault.source, fault.line or 0))
    return Checked(main.plan, tuple(faults), tuple(note for file in linker.files for note in file.notes))


def _is_told(fault: Fault, places: set[tuple[str, Where]]) -> bool:
    """Whether it is about a part of a step that could not be read, which was said already."""
    ends = range(3, len(fault.where) + 1)
    return any((fault.source, fault.where[:end]) in places for end in ends)


@dataclass(slots=True)
class _File:
    """A plan file, and the files that its workflows come from."""

    path: Path
    name: str  # as it appears in faults; nothing for the file that was asked for
    draft: Draft
    plan: WorkflowPlan
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: dict[Where, _File] = field(default_factory=dict)  # by where in this file their plans belong
    missing: set[Where] = field(default_factory=set)

    def fault(self, where: Where, step: WorkflowStep, problem: str, help: str = "") -> None:
        self.missing.add(where)
        self.faults.append(Fault(problem, help, step.step_id, where, line_at(self.draft.lines, where), self.name))

    def locate(self, fault: Fault) -> Fault | None:
        """A fault of the linked plan as one of the file that it is in; None if it only follows from another."""
        for end in range(1, len(fault.where) + 1):
            if part := self.parts.get(fault.where[:end]):
                return part.locate(replace(fault, where=fault.where[end:]))
        is_unread = bool(self.draft.faults) and not self.draft.plan.steps
        if is_unread or fault.where in self.missing:
            return None
        return replace(fault, line=line_at(self.draft.lines, fault.where), source=self.name)


@dataclass(slots=True)
class _Linker:
    """Reads every file once and fills in the bodies of the scopes that name it."""

    folders: tuple[Path, ...]
    read: Reader
    may_read: bool = True
    files: list[_File] = field(default_factory=list)
    known: dict[Path, _File] = field(default_factory=dict)

    def file(self, path: Path, draft: Draft, chain: tuple[Path, ...]) -> _File:
        name = str(path) if chain else ""
        file = _File(path, name, draft, draft.plan, faults=[replace(fault, source=name) for fault in draft.faults])
        self.files.append(file)
        linked = self._linked(draft.plan, file, (), (*chain, path))
        file.plan, added = completed(linked)
        file.notes += [f"{name}: {note}" if name else note for note in (*draft.notes, *added)]
        return file

    def _linked(self, plan: WorkflowPlan, file: _File, where: Where, chain: tuple[Path, ...]) -> WorkflowPlan:
        """The plan with the bodies of all its scopes, those in other bodies included."""
        steps = tuple(
            self._step(step, step.action, file, (*where, "steps", index), chain)
            if isinstance(step.action, Scope)
            else step
            for index, step in enumerate(plan.steps)
        )
        return plan if all(map(is_, steps, plan.steps)) else plan.with_steps(steps)

    def _step(
        self, step: WorkflowStep, scope: Scope, file: _File, where: Where, chain: tuple[Path, ...]
    ) -> WorkflowStep:
        body = self._body(step, scope, file, where, chain)
        return step if body is scope.body else replace(step, action=replace(scope, body=body))

    def _body(
        self, step: WorkflowStep, scope: Scope, file: _File, where: Where, chain: tuple[Path, ...]
    ) -> WorkflowPlan | None:
        if scope.body is not None:
            inside = (*where, "plan") if scope.is_isolated else where
            return self._linked(scope.body, file, inside, chain)
        part = self._part(scope.workflow or "", step, file, (*where, "workflow"), chain)
        if part is None:
            return None
        file.parts[(*where, "plan")] = part
        return part.plan

    def _part(
        self, workflow: str, step: WorkflowStep, file: _File, where: Where, chain: tuple[Path, ...]
    ) -> _File | None:
        """The file that a workflow comes from; None, after a fault, if there is none to be had."""
        if not self.may_read:
            problem = f"names the workflow '{workflow}', but a plan from here takes none from files"
            file.fault(where, step, problem, "put its steps under 'steps:', or call a tool")
            return None
        path, places = find_workflow(workflow, folder=file.path.parent, folders=self.folders)
        if path is None:
            looked = "looked at " + ", ".join(str(place) for place in places)
            file.fault(where, step, f"there is no workflow '{workflow}'", looked)
            return None
        identity = path.resolve()
        way = [known.resolve() for known in chain]
        if identity in way:
            loop = " -> ".join(str(known) for known in (*chain[way.index(identity) :], path))
            file.fault(where, step, f"the workflow leads back to itself: {loop}")
            return None
        if len(chain) > _DEEPEST:
            file.fault(where, step, f"workflows lead into each other more than {_DEEPEST} files deep")
            return None
        if identity not in self.known:
            try:
                draft = self.read(read_text(path), source=str(path))
            except NoText as error:
                file.fault(where, step, error.fault.problem, error.fault.help)
                return None
            self.known[identity] = self.file(path, draft, chain)
        return self.known[identity]
