"""Settings outside of files: variables of the environment, and what is set on the command line.

OVERSEER_EXECUTION_MAX_PARALLEL=4            --set execution.max_parallel=4
OVERSEER_WEB_ALLOW='[localhost:8000]'        --set 'limits.tool:fetch_url={per_minute: 30}'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from overseer.plan.document import read_document
from overseer.plan.suggestions import did_you_mean
from overseer.settings.entries import Entry, Findings, Origin
from overseer.settings.keys import GROUPS, KEYS, NAMED, check_of, remedy_for
from overseer.settings.reading import Reading

PREFIX: Final = "OVERSEER_"
VARIABLES: Final[Mapping[str, str]] = {f"{PREFIX}{key.upper().replace('.', '_')}": key for key in (*KEYS, *NAMED)}

# What names a model in this session alone goes before any that a file names.
NAMING_A_MODEL: Final = ("OVERSEER_MODEL", "OVERSEER_BASE_URL")

# Variables with this prefix that are no settings.
OTHERS: Final = (
    *NAMING_A_MODEL,
    "OVERSEER_HOME",
    "OVERSEER_APPROVE",
    "OVERSEER_SOCKET",
    "OVERSEER_NODE_FD",
    "OVERSEER_COMMAND",
    "OVERSEER_UNSAFE_NO_SANDBOX",
)


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says about settings."""

    config: Path | None = None  # a file in place of the user's own
    assignments: tuple[str, ...] = ()  # key=value
    model: str = ""  # to use for everything, whatever roles the settings give to others
    base_url: str = ""  # of the server to use, which has it


NO_FLAGS: Final = Flags()


def read_environment(environment: Mapping[str, str], findings: Findings) -> Iterator[Entry]:
    """What variables say; an empty one says nothing."""
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or not text or name in OTHERS:
            continue
        if name in VARIABLES:
            yield from _entries(VARIABLES[name], text, Origin("environment", name), findings)
        elif not _is_secret(name, text):
            remedy = did_you_mean(name, (*VARIABLES, *OTHERS), "of a setting it is", most=0)
            findings.warn(name, f"unknown variable is left out; {remedy}")
    naming = next((name for name in NAMING_A_MODEL if environment.get(name)), None)
    if naming is not None:  # the model that it names is looked for when one is needed, unless another is named here
        yield Entry("models.default", environment[naming], None, Origin("environment", naming))


def _is_secret(name: str, value: str) -> bool:
    from overseer.secrets.names import holds_secret

    return holds_secret(name, value)


def read_flags(assignments: Iterable[str], findings: Findings) -> Iterator[Entry]:
    """What `--set` says, the last one for each key."""
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        key = key.strip()
        where = f"--set {key[:80]}"
        if not separator:
            findings.fault(where, "needs a key and its value, such as execution.max_parallel=4")
        elif check_of(key) is None and ((key not in GROUPS and key not in NAMED) or not key):
            findings.fault(where, f"there is no such setting; {remedy_for(key)}")
        elif not text.strip():
            findings.fault(where, 'has no value; an empty text is ""')
        else:
            yield from _entries(key, text, Origin("flag", "--set"), findings)


def read_model(flags: Flags) -> Iterator[Entry]:
    """What names a model; which server has it may have to be looked for, where one is needed."""
    if flags.model and not flags.base_url:
        yield Entry("models.default", flags.model, None, Origin("flag", "--model"))


def _entries(key: str, text: str, origin: Origin, findings: Findings) -> Iterator[Entry]:
    """What a text of YAML says about a key."""
    document = read_document(text, syntax="yaml")
    for fault in document.faults:
        findings.fault(origin, f"{key}: {fault.problem}; {fault.help or 'put text with signs in it in quotes'}")
    if document.is_broken:
        return
    section = key.partition(".")[0]
    if section in NAMED and key != section:  # the name may hold points
        yield from findings.checked(key, document.value, origin)
    else:
        yield from Reading(lambda _: origin, findings).at(key, document.value)
