"""The command about models: which one has which role, and giving a role another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from overseer.chat.slash import Candidate, SlashCommand, words_of
from overseer.commands.output import put_lines
from overseer.console import say
from overseer.errors import UsageError
from overseer.frontends.rules.standing import Standing
from overseer.models import ModelRoles
from overseer.models.detection import LookFailed
from overseer.models.gguf_file import fault_of, is_file_name
from overseer.models.look import HttpLook
from overseer.models.model import ModelError, is_loopback
from overseer.models.place import Place
from overseer.models.remedies import reach, to_give
from overseer.models.settings import ModelRef, Provider, model_ref
from overseer.plan.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.models.roles import Assigned

_PATIENCE_S = 3.0  # with a server that is asked which models it has
IN_CHAT = Standing(
    to_connect="To connect one, start Ollama on this machine and type /model ollama/NAME. Or leave, set "
    "OPENAI_API_KEY, and go on with: overseer chat --continue",
    demo="/demo",
)
_ROLES = ("overseer", "coder", "generator", "translator", "summarizer", "classifier", "extractor")


def _model(chat: Chat, rest: str) -> None:
    roles = _roles(chat)
    match words_of(rest):
        case []:
            _show(roles)
        case [name]:
            _use(chat, roles, name, "")
        case [role, name]:
            _use(chat, roles, name, role)
        case _:
            raise UsageError("write /model, /model NAME or /model ROLE NAME; a name is written provider/model")


def _roles(chat: Chat) -> ModelRoles:
    models = chat.bench.broker.models
    if not isinstance(models, ModelRoles):
        raise UsageError("the models of this chat cannot be changed")
    return models


def _show(roles: ModelRoles) -> None:
    try:
        assigned = roles.assigned()
    except ModelError as error:
        raise UsageError(str(error)) from error
    for each in assigned:
        put_lines([assigned_line(each)])
    if assigned[0].model is None:
        say("/doctor model tells how to connect one")


def assigned_line(assigned: Assigned) -> str:
    """A role with its model, and where that comes from."""
    return f"{assigned.role or 'model'}: {assigned.model or 'none'} ({assigned.reason})"


def _use(chat: Chat, roles: ModelRoles, name: str, role: str) -> None:
    _require_known(roles, role)
    ref = _meant(roles, name, role)
    provider = roles.providers[ref.provider]
    if fault := _fault(chat, ref, provider):
        raise UsageError(f"{fault}; everything stays as it was")
    note = _checked(chat, ref, provider)
    try:
        roles.use(str(ref), role)
    except ModelError as error:
        raise UsageError(str(error)) from error
    say(f"{f'the role {role} has' if role else 'the model is'} {ref} from the next request on{note}")


def _require_known(roles: ModelRoles, role: str) -> None:
    """UsageError for a role that neither a tool that comes along has nor the settings name."""
    try:
        known = dict.fromkeys([*_ROLES, *(each.role for each in roles.assigned() if each.role)])
    except ModelError:
        known = dict.fromkeys(_ROLES)
    if role and role not in known:
        own = "one of a tool of your own is named under models.roles in config.yaml"
        raise UsageError(f"there is no role '{role}'; {did_you_mean(role, known, 'there are')}; {own}")


def _meant(roles: ModelRoles, name: str, role: str) -> ModelRef:
    """The model that a name stands for: with its provider, or one of the provider that serves the role so far."""
    provider, slash, rest = name.partition("/")
    is_whole = (slash and provider in roles.providers) or is_file_name(name)
    if slash and not is_whole and (guess := nearest(provider, roles.providers)):
        raise UsageError(f"there is no provider '{provider}'; did you mean '{guess}/{rest}'?")
    if not is_whole and (current := _current(roles, role)) is not None:
        return ModelRef(current.provider, name)
    try:
        return model_ref(name, roles.providers)
    except ValueError as error:
        raise UsageError(f"model '{name}': {error}") from error


def _fault(chat: Chat, ref: ModelRef, provider: Provider) -> str:
    """Why a model is of no use, as far as no server has to be asked for that."""
    match provider.kind:
        case "openai":
            has_key = not provider.key or is_loopback(provider.url) or chat.bench.secrets.get(provider.key)
            return "" if has_key else f"{ref} needs a key: {to_give(provider.key)}"
        case "gguf":
            return fault_of(chat.bench.folder / Path(ref.name).expanduser())
        case "scripted":
            script = chat.bench.folder / ref.name
            return "" if script.is_file() else f"there is no script {script}"
        case "ollama":
            return ""
        case _:
            assert_never(provider.kind)


def _current(roles: ModelRoles, role: str) -> ModelRef | None:
    try:
        assigned = {each.role: each.model for each in roles.assigned()}
    except ModelError:  # what was named is of no use: another one is about to take its place
        return None
    return assigned.get(role) or assigned[""]


def _checked(chat: Chat, ref: ModelRef, provider: Provider) -> str:
    """What is to be said of a model whose server does not answer; UsageError if it has others, but not this."""
    if not provider.url:
        return ""
    try:
        names = _names(chat, provider)
    except LookFailed as error:
        place = Place(provider.name, ref.name, provider.url)
        remedy = reach(place, "start it with: ollama serve" if provider.kind == "ollama" else "start the server there")
        return f"; whether it is there is not known: {provider.name} at {provider.url}: {error}; {remedy}"
    if ref.name in names or f"{ref.name}:latest" in names:
        return ""
    help = did_you_mean(ref.name, names, "it has") or "it has none"
    raise UsageError(f"{provider.name} has no model '{ref.name}'; {help}; everything stays as it was")


def _names(chat: Chat, provider: Provider) -> list[str]:
    """The models that a provider lists; LookFailed if it does not."""
    look = HttpLook(_PATIENCE_S)
    match provider.kind:
        case "openai":
            key = (chat.bench.secrets.get(provider.key) or "") if provider.key else ""
            return look.openai_models(provider.url, key)
        case "ollama":
            return look.ollama_models(provider.url)
        case "gguf":
            return [str(path.relative_to(chat.bench.folder)) for path in chat.bench.folder.glob("*.gguf")]
        case "scripted":
            return [str(path.relative_to(chat.bench.folder)) for path in chat.bench.folder.glob("*.yaml")]
        case _:
            assert_never(provider.kind)


def _completes(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if len(words) > 1:
        return
    roles = _roles(chat)
    if not words:
        yield from (Candidate(role, "a role") for role in _ROLES)
    current = _current(roles, "")
    if current is not None:
        with suppress(LookFailed):
            names = _names(chat, roles.providers[current.provider])
            yield from (Candidate(f"{current.provider}/{name}") for name in names)


MODELS = (
    SlashCommand(
        "model",
        "the models by their roles; or another one, from the next request on",
        _model,
        "[[ROLE] NAME]",
        _completes,
        more="A name is written provider/model; without a provider it is one of the server that is used so far.",
    ),
)
