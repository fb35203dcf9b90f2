"""The command about models: which one has which role, and giving a role another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from overseer.chat.slash import Candidate, SlashCommand, words_of
from overseer.commands.output import put_lines
from overseer.console import say
from overseer.errors import UsageError
from overseer.frontends.rules.connecting import Connecting
from overseer.frontends.rules.standing import Standing
from overseer.models import ModelRoles
from overseer.models.gguf_file import fault_of
from overseer.models.look import HttpLook
from overseer.models.model import ModelError, is_loopback
from overseer.models.offers import Look, LooksOnce, lines_of, located, offer_of, to_list, to_look_at
from overseer.models.place import Place
from overseer.models.remedies import reach, to_give
from overseer.models.settings import ModelRef, Provider, is_whole, model_ref
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.models.roles import Assigned

_PATIENCE_S = 3.0  # with a server that is asked which models it has
IN_CHAT = Standing(
    to_connect=Connecting(
        "To connect one, start Ollama on this machine and type /model ollama/NAME. Or leave, set OPENAI_API_KEY, and "
        "go on with: overseer chat --continue.",
        again="/doctor model tells how to connect one.",
    ),
    demo="/demo",
    tools="/tools",
    without_model="/model none plans by rules alone, without a model.",
    to_leave="/quit leaves, and so does Ctrl-D on an empty line.",
)
_NONE = "none"  # in the place of a model
_ROLES = ("overseer", "coder", "generator", "translator", "summarizer", "classifier", "extractor")


def _model(chat: Chat, rest: str) -> None:
    roles = _roles(chat)
    match words_of(rest):
        case []:
            _show(chat, roles)
        case [name] if name == _NONE:
            roles.use_none()
            say("no model is used from the next request on: plans are made by rules")
        case [name]:
            _use(chat, roles, name, "")
        case [role, name]:
            _use(chat, roles, name, role)
        case _:
            raise UsageError("write /model, /model NAME or /model ROLE NAME")


def _roles(chat: Chat) -> ModelRoles:
    models = chat.bench.broker.models
    if not isinstance(models, ModelRoles):
        raise UsageError("the models of this chat cannot be changed")
    return models


def _show(chat: Chat, roles: ModelRoles) -> None:
    try:
        assigned = roles.assigned()
    except ModelError as error:
        raise UsageError(str(error)) from error
    for each in assigned:
        put_lines([assigned_line(each)])
    _show_others(chat, roles, [each.model for each in assigned if each.model is not None])
    if assigned[0].model is None:
        say("/doctor model tells how to connect one")


def _show_others(chat: Chat, roles: ModelRoles, used: Sequence[ModelRef]) -> None:
    """The models that servers have, where there is one that is not used already."""
    look, secret = HttpLook(_PATIENCE_S), chat.bench.secrets.get
    offers = [offer_of(provider, secret, look) for provider in to_list(roles.providers, secret)]
    roles.note(offers)
    for offer in offers:
        if offer.fault and offer.provider.name in {ref.provider for ref in used}:
            say(f"{offer.provider.name} at {offer.provider.url} does not say what it has: {offer.fault}")
    lines = [line for _, line in lines_of(offers, used)]
    if len(lines) > 1 or (lines and not used):
        put_lines(["there are:", *(f"  {line}" for line in lines)])
        say("to take another: /model NAME")


def assigned_line(assigned: Assigned) -> str:
    """A role with its model, and where that comes from."""
    return f"{assigned.role or 'model'}: {assigned.model or 'none'} ({assigned.reason})"


def _use(chat: Chat, roles: ModelRoles, name: str, role: str) -> None:
    _require_known(roles, role)
    look = LooksOnce(HttpLook(_PATIENCE_S))
    ref = _meant(chat, roles, name, role, look)
    provider = roles.providers[ref.provider]
    if fault := _fault(chat, ref, provider):
        raise UsageError(f"{fault}; everything stays as it was")
    note = _checked(chat, roles, ref, provider, look)
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


def _meant(chat: Chat, roles: ModelRoles, name: str, role: str, look: Look) -> ModelRef:
    """The model that a name stands for: with its provider, or else where it is found.

    The server that the role is served by so far goes before all others.
    """
    try:
        if is_whole(name, roles.providers):
            return model_ref(name, roles.providers)
        secret, current = chat.bench.secrets.get, _current(roles, role)
        servers = to_look_at(roles.providers, secret)
        own = next((each for each in servers if current is not None and each.name == current.provider), None)
        usual = None if own is None else offer_of(own, secret, look)
        if usual is not None and usual.has(name):
            return ModelRef(usual.provider.name, name)
        others = [offer_of(provider, secret, look) for provider in servers if provider is not own]
        if usual is not None and usual.fault and not any(offer.has(name) for offer in others):
            return ModelRef(usual.provider.name, name)  # which may well have it
        return located(name, [usual, *others] if usual is not None else others, roles.providers)
    except ValueError as error:
        raise UsageError(f"model '{name}': {error}; everything stays as it was") from error


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


def _checked(chat: Chat, roles: ModelRoles, ref: ModelRef, provider: Provider, look: Look) -> str:
    """What is to be said of a model whose server does not answer; UsageError if it has others, but not this."""
    if not provider.url:
        return ""
    offer = offer_of(provider, chat.bench.secrets.get, look)
    if offer.fault:
        place = Place(provider.name, ref.name, provider.url)
        remedy = reach(place, "start it with: ollama serve" if provider.kind == "ollama" else "start the server there")
        return f"; whether it is there is not known: {provider.name} at {provider.url}: {offer.fault}; {remedy}"
    roles.note([offer])
    if offer.has(ref.name):
        return ""
    help = did_you_mean(ref.name, offer.names, "it has") or "it has none"
    raise UsageError(f"{provider.name} has no model '{ref.name}'; {help}; everything stays as it was")


def _completes(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    """Roles, and models that are known already: a key that is pressed sends no request."""
    if len(words) > 1:
        return
    roles = _roles(chat)
    for offer in roles.offers.values():
        yield from (Candidate(str(model), also=model.name) for model in offer.models)
    yield from (Candidate(str(path.relative_to(chat.bench.folder))) for path in chat.bench.folder.glob("*.gguf"))
    if not words:
        yield from (Candidate(role, "a role") for role in _ROLES)
        yield Candidate(_NONE, "plan by rules alone")


MODELS = (
    SlashCommand(
        "model",
        "the models by their roles; or another one, from the next request on",
        _model,
        "[[ROLE] NAME]",
        _completes,
        more="A name is written provider/model; without a provider it is one of the server that is used so far, or of "
        "the one that has it. /model none uses none: plans are made by rules alone.",
    ),
)
