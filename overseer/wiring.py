"""From settings to a broker: the parts that all calls share, put together in one place."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from overseer.broker.broker import Broker
from overseer.broker.budget import Budget
from overseer.broker.cache import NO_CACHE, Cache, FileCache
from overseer.broker.limits import Limits
from overseer.broker.remedies import of_request, of_setting
from overseer.broker.retry import Retry
from overseer.broker.writers import Writers
from overseer.console import hide, say
from overseer.errors import UsageError
from overseer.home import home, journal_path, locks_folder, write_locks_folder
from overseer.journal.locks import RunLocks
from overseer.journal.writelocks import WriteLocks
from overseer.models import (
    Choice,
    Look,
    ModelRoles,
    ModelSettings,
    Wanted,
    connector,
    detect,
    is_whole,
    parse_models,
    usual_prices,
    wanted_by,
)
from overseer.models.look import EXPECTED_TIMEOUT_S, LOOK_TIMEOUT_S, NAMED_TIMEOUT_S, SAYING_WHERE, HttpLook
from overseer.plan.suggestions import did_you_mean
from overseer.processes import ProcessCommands
from overseer.registry.folders import never_written
from overseer.secrets import RedactingFilter, Redactor, Secrets, StreamRedactor, environment, protect_memory
from overseer.settings.config import Settings
from overseer.settings.project import NAMES as PROJECT_SETTINGS
from overseer.tool import Services, Tool, ToolError
from overseer.undo.keeping import Changes
from overseer.web import WebClient
from overseer.workspace import FolderWorkspace, Quota, our_own

if TYPE_CHECKING:
    from overseer.sandbox import Level, Sandbox
    from overseer.undo.store import ChangeStore
    from overseer.undo.undoing import Undoing


def take_secrets(settings: Settings) -> Secrets:
    """All keys and passwords, taken out of where other programs could read them, and shown no more."""
    secrets = Secrets.gather(os.environ, home(), settings.secret_names, keyring=settings.secret_entries)
    protect_memory(secrets.received())
    if len(secrets):
        redactor = Redactor(secrets)
        hide(redactor.redact_known, StreamRedactor(redactor))
    return secrets


def make_broker(
    settings: Settings,
    secrets: Secrets,
    folder: Path,
    given: Sequence[Path] = (),
    *,
    keeps_changes: bool = True,
    tells_model: bool = True,
) -> Broker:
    """The broker for one process whose work is about a folder; `given` are the folders of tools that it was named.

    What tools change in files is kept, to be undone, unless runs are to leave no trace. A model that nobody has
    named is told of when it was found, unless the caller does that.
    """
    workspace = make_workspace(settings, folder, given)
    known = _model_settings(settings)
    choose = _chosen if tells_model else choose_model
    models = ModelRoles(known, connector(secrets.get, folder=folder), find=lambda: choose(settings, secrets, folder))
    redactor = Redactor(secrets)
    _redact_logs(redactor)
    return Broker(
        policy=replace(settings.permissions, roots=workspace.names),
        limits=Limits(settings.rates),
        retry=Retry(
            attempts=settings.attempts, first_wait_s=settings.first_wait_s, longest_wait_s=settings.longest_wait_s
        ),
        redactor=redactor,
        services=Services(
            workspace=workspace,
            web=WebClient(allow=settings.web_allow),
            commands=ProcessCommands(workspace.root, environment(secrets)),
            secret=secrets.get,
        ),
        models=models,
        cost_of=usual_prices().with_own(known.prices).cost_of,
        budget=_budget(settings),
        cache=_cache(settings),
        writers=Writers(WriteLocks(write_locks_folder())),
        changes=Changes(workspace, _change_store) if settings.journal and keeps_changes else None,
    )


def _budget(settings: Settings) -> Budget:
    """What all of a process may spend."""
    session = Budget("session", settings.session_cap, remedy=of_setting("session"))
    if settings.request_cap is None:
        return session
    return Budget("this request", settings.request_cap, parent=session, remedy=of_request)


def make_sandbox(settings: Settings, level: Level | None = None) -> Sandbox:
    """The sandbox for generated code, at this level where one is named."""
    from overseer.sandbox import Sandbox  # most commands run no such code

    level = level or settings.sandbox_level
    return Sandbox.start(level, packages=settings.sandbox_packages, is_fresh=settings.sandbox_is_fresh)


def require_known(settings: Settings, tools: Mapping[str, Tool]) -> None:
    """UsageError where the settings name a tool or an argument that there is not: such a line would protect nobody."""
    for place, rule in enumerate(settings.permissions.rules):
        if set(rule.tool) & set("*?["):
            continue
        where = f"permissions.rules[{place}]"
        tool = _named(rule.tool, tools, where)
        if tool.parameters.get("additionalProperties", False) is False:
            known = tool.parameters.get("properties", {})
            for name in rule.args:
                if name not in known:
                    help = did_you_mean(name, known, "it takes") or "it takes none"
                    raise UsageError(f"{where}: tool '{tool.name}' takes no argument '{name}'; {help}")
    for name in settings.rates:
        kind, _, tool_name = name.partition(":")
        if kind == "tool":
            _named(tool_name, tools, f"limits.{name}")


def _named(name: str, tools: Mapping[str, Tool], where: str) -> Tool:
    if name not in tools:
        raise UsageError(f"{where}: there is no tool '{name}'; {did_you_mean(name, tools, 'there are')}")
    return tools[name]


def document_fetcher(settings: Settings) -> Callable[[str], str]:
    """Fetches the text of a document, from where tools may fetch."""
    web = WebClient(allow=settings.web_allow)

    def fetch(url: str) -> str:
        try:
            answer = web.request("GET", url)
        except ToolError as error:
            raise UsageError(f"{url} cannot be fetched: {error}") from error
        if answer.status != 200:
            raise UsageError(f"{url} cannot be fetched: the server answers {answer.status}")
        return answer.body.decode("utf-8", errors="replace")

    return fetch


def make_workspace(settings: Settings, folder: Path, given: Sequence[Path] = ()) -> FolderWorkspace:
    """The files that tools may read and write."""
    root = folder / settings.workspace
    own = our_own()
    # Or leave to write a file would be leave to run one, or to be asked no more.
    of_settings = (*(file.path for file in settings.layers.files), *(folder / name for name in PROJECT_SETTINGS))
    protected = replace(own, unwritable=(*own.unwritable, *of_settings, *never_written(folder, given)))
    quota = Quota(settings.workspace_bytes, settings.workspace_files)
    try:
        return FolderWorkspace(root, quota=quota, protected=protected)
    except OSError as error:
        remedy = "name another folder under 'workspace' in config.yaml"
        raise UsageError(f"the workspace {root} cannot be used: {error.strerror}; {remedy}") from error


@contextmanager
def undoing_in(
    settings: Settings, folder: Path, given: Sequence[Path] = (), *, read_only: bool = False
) -> Iterator[Undoing]:
    """What can be undone of what tools changed in a folder's workspace; `read_only` to look at it alone."""
    from overseer.undo.store import ChangeStore
    from overseer.undo.undoing import Undoing

    locks = RunLocks(locks_folder(journal_path()))
    with make_workspace(settings, folder, given) as workspace, ChangeStore(read_only=read_only) as store:
        yield Undoing(
            store,
            workspace,
            is_busy=locks.is_held,
            alone_with=lambda names: WriteLocks(write_locks_folder()).holding(names, "an undo"),
        )


def _change_store() -> ChangeStore:
    from overseer.undo.store import ChangeStore  # most calls change nothing

    return ChangeStore()


def choose_model(
    settings: Settings, secrets: Secrets, folder: Path, *, look_for: Callable[[float], Look] = HttpLook
) -> Choice:
    """The default model: what was named, or else what is found; ModelUnavailable if what was named cannot be used.

    `look_for` makes what looks at servers, for at most so many seconds each.
    """
    wanted, environment = _wanted(settings), settings.model_environment(os.environ)
    limit_s = EXPECTED_TIMEOUT_S if any(environment.get(name) for name in SAYING_WHERE) else LOOK_TIMEOUT_S
    # What was named is given the time it takes, which for a server elsewhere may be longer.
    look = look_for(NAMED_TIMEOUT_S if wanted is not None else limit_s)
    return detect(_model_settings(settings), environment, secrets.get, look, wanted=wanted, folder=folder)


def _model_settings(settings: Settings) -> ModelSettings:
    known = parse_models(settings.models, os.environ)
    return known.without_models_of_roles() if settings.model or settings.base_url else known


def _wanted(settings: Settings) -> Wanted | None:
    """The model that was named, by whoever goes before the others."""
    if settings.base_url:
        return Wanted("--base-url", settings.model, settings.base_url)
    if settings.model:
        # Its server stays: what is meant for one of one's own must not go elsewhere.
        stays = settings.model.startswith("openai/") or not is_whole(
            settings.model, _model_settings(settings).providers
        )
        return Wanted("--model", settings.model, os.environ.get("OVERSEER_BASE_URL", "") if stays else "")
    return wanted_by(parse_models(settings.models, os.environ), settings.model_environment(os.environ))


def _chosen(settings: Settings, secrets: Secrets, folder: Path) -> Choice:
    """The same, told before anything is asked of a model that nobody has named."""
    choice = choose_model(settings, secrets, folder)
    for probe in choice.probes:
        if probe.outcome == "unusable":
            say(f"note: {probe.place}: {probe.detail}")
    if choice.model is not None and choice.was_found:
        say(f"model: {choice.model}, {choice.because}")
    return choice


def _cache(settings: Settings) -> Cache:
    return FileCache(home() / "cache.db", most_bytes=settings.cache_bytes) if settings.cache else NO_CACHE


def _redact_logs(redactor: Redactor) -> None:
    """Whatever is logged from here on is free of secrets."""
    redacting = RedactingFilter(redactor)
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(redacting)
