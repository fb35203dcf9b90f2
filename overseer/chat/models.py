"""The command about models: which one has which role, and giving a role another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, assert_never

from overseer.chat.slash import Candidate, SlashCommand, words_of
from overseer.commands.output import put_lines
from overseer.console import say
from overseer.errors import UsageError
from overseer.models import ModelRoles
from overseer.models.detection import LookFailed
from overseer.models.look import HttpLook
from overseer.models.model import ModelError
from overseer.models.settings import ModelRef, Provider, model_ref
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.models.roles import Assigned

_PATIENCE_S = 3.0  # with a server that is asked which models it has
_ROLES = ("overseer", "coder", "generator", "translator", "summarizer")


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
        say("to connect one: /doctor tells how; then /model NAME")


def assigned_line(assigned: Assigned) -> str:
    """A role with its model, and where that comes from."""
    return f"{assigned.role or 'model'}: {assigned.model or 'none'} ({assigned.reason})"


def _use(chat: Chat, roles: ModelRoles, name: str, role: str) -> None:
    ref = _meant(roles, name, role)
    provider = roles.providers[ref.provider]
    note = _checked(chat, ref, provider)
    try:
        roles.use(str(ref), role)
    except ModelError as error:
        raise UsageError(str(error)) from error
    say(f"{f'the role {role} has' if role else 'the model is'} {ref} from the next request on{note}")


def _meant(roles: ModelRoles, name: str, role: str) -> ModelRef:
    """The model that a name stands for: with its provider, or one of the provider that serves the role so far."""
    provider, slash, _ = name.partition("/")
    if not slash or provider not in roles.providers:
        current = _current(roles, role)
        if current is not None:
            return ModelRef(current.provider, name)
    try:
        return model_ref(name, roles.providers)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def _current(roles: ModelRoles, role: str) -> ModelRef | None:
    try:
        assigned = {each.role: each.model for each in roles.assigned()}
    except ModelError:  # what was named is of no use: another one is about to take its place
        return None
    return assigned.get(role) or assigned[""]


def _checked(chat: Chat, ref: ModelRef, provider: Provider) -> str:
    """What is to be said of a model that cannot be looked for; UsageError if its server has others, but not this."""
    try:
        names = _names(chat, provider)
    except LookFailed as error:
        return f" (whether it is there is not known: {error})"
    if ref.name in names or f"{ref.name}:latest" in names:
        return ""
    help = did_you_mean(ref.name, names, "it has") or "it has none"
    raise UsageError(f"{provider.name} has no model '{ref.name}'; {help}. Everything stays as it was")


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
