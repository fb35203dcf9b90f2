"""The models that tools and plans ask by role: which one that is, the settings say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from overseer.errors import ModelUnavailable, UsageError
from overseer.models.capabilities import Capabilities
from overseer.models.detection import Choice
from overseer.models.model import Model, ModelError, OnText, Turn, at_once
from overseer.models.offers import Offer, Secret
from overseer.models.ollama_model import OllamaModel
from overseer.models.openai_model import OPENAI_URL, OpenAIModel
from overseer.models.scripted import ScriptedModel
from overseer.models.settings import ModelRef, ModelSettings, Provider, RoleSettings, model_ref
from overseer.tool import Cancellation, Question, Reply


@dataclass(frozen=True, slots=True)
class Assigned:
    """The model of a role, and why it is that one; the role '' stands for all that have none of their own."""

    role: str
    model: ModelRef | None
    reason: str


Connect = Callable[[ModelRef, Provider], Model]


class ModelRoles:
    """Answers every question with the model of its role. Models are connected when first asked."""

    def __init__(self, settings: ModelSettings, connect: Connect, *, find: Callable[[], Choice] | None = None) -> None:
        """`find` chooses the default model; it is called once, when one is needed. Else the settings name it."""
        self._settings = settings
        self._connect = connect
        self._find = find
        self._reason = ""  # for the default model, where it was found or chosen
        self._chosen_here: set[str] = set()  # roles that were given another model since
        self.in_vain = ""  # what somebody has set up, and why it is of no use
        self._refusal = ""  # why the default model that was named cannot be used
        self._models: dict[ModelRef, Model] = {}
        self._offers: dict[str, Offer] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, model: Model) -> ModelRoles:
        """One model for all roles."""
        ref, provider = ModelRef(model.provider, model.name), Provider(model.provider, "scripted")
        return cls(ModelSettings().with_default(ref, provider), lambda _ref, _provider: model)

    def ask(
        self,
        question: Question,
        *,
        cancellation: Cancellation | None = None,
        on_text: OnText | None = None,
        turn: Turn = at_once,
    ) -> Reply:
        """What the model of the question's role answers."""
        model = self.model(question.role)
        return model.ask(self.as_set(question), cancellation=cancellation or Cancellation(), on_text=on_text, turn=turn)

    def as_set(self, question: Question) -> Question:
        """The question as its role is to be asked, on which the user has the last word."""
        role = self._role(question.role)
        return replace(
            question,
            temperature=question.temperature if role.temperature is None else role.temperature,
            max_tokens=min((limit for limit in (question.max_tokens, role.max_tokens) if limit), default=None),
        )

    def model(self, role: str) -> Model:
        """The model that has a role; ModelError if none has."""
        with self._lock:
            own = self._settings.roles.get(role, _NOTHING).model
            ref = self._named(role) or own or self._default()
            if ref is None:
                raise _no_model(role)
            if ref not in self._models:
                self._models[ref] = self._connect(ref, self._settings.providers[ref.provider])
            return self._models[ref]

    def _named(self, role: str) -> ModelRef | None:
        """The model, where a program names one (provider/model) instead of a role."""
        if "/" not in role:
            return None
        try:
            ref = model_ref(role, self._settings.providers)
        except ValueError as error:
            raise ModelError(f"model '{role}': {error}", kind="bad_request") from error
        if self._settings.providers[ref.provider].kind == "gguf" and not self._settings.names(ref):
            # It is read by native code; a program that may write files could name one of its own.
            raise ModelError(f"{ref.name} is not among the models in config.yaml; name it there", kind="denied")
        return ref

    def use(self, text: str, role: str = "") -> ModelRef:
        """Give a role another model from here on, or all roles that have none of their own; ModelError says why not."""
        try:
            ref = model_ref(text, self._settings.providers)
        except ValueError as error:
            raise ModelError(f"model '{text}': {error}", kind="bad_request") from error
        with self._lock:
            if role:
                own = replace(self._settings.roles.get(role, _NOTHING), model=ref)
                self._settings = replace(self._settings, roles={**self._settings.roles, role: own})
                self._chosen_here.add(role)
            else:
                self._find, self._refusal, self._reason = None, "", _CHOSEN_HERE
                self._settings = self._settings.with_default(ref, self._settings.providers[ref.provider])
        return ref

    def use_none(self) -> None:
        """Let no role have a model from here on."""
        with self._lock:
            self._find, self._refusal, self._reason, self.in_vain = None, "", _CHOSEN_HERE, ""
            self._settings = self._settings.without_models()

    def assigned(self) -> list[Assigned]:
        """The default model and those that roles have of their own; ModelError if the one that was named is of no use.

        Where none was named, it is looked for.
        """
        with self._lock:
            ref = self._default()
            reason = self._reason or ("named in the settings" if ref is not None else "none is connected")
            own = [
                Assigned(role, settings.model, _CHOSEN_HERE if role in self._chosen_here else "named in the settings")
                for role, settings in self._settings.roles.items()
                if settings.model is not None
            ]
            return [Assigned("", ref, reason), *own]

    @property
    def chosen(self) -> ModelRef | None:
        """The default model, where it was chosen in this session and not at its beginning."""
        return self._settings.default.model if self._reason == _CHOSEN_HERE else None

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What is known by now of the models that servers have, by their providers. No server is asked for that."""
        return self._offers

    def note(self, offers: Iterable[Offer]) -> None:
        """Take note of what servers listed, as far as they did."""
        self._offers = {**self._offers, **{offer.provider.name: offer for offer in offers if not offer.fault}}

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The servers there are, also those that were found."""
        return self._settings.providers

    def _default(self) -> ModelRef | None:
        if self._find is not None and not self._refusal:
            try:
                choice = self._find()
            except ModelUnavailable as error:
                self._refusal = str(error)
            else:
                self._find, self._reason, self.in_vain = None, choice.reason, choice.in_vain
                self.note(choice.offers)
                if choice.model is not None and choice.provider is not None:
                    self._settings = self._settings.with_default(choice.model, choice.provider)
        if self._refusal:
            raise ModelError(self._refusal, kind="bad_request")
        return self._settings.default.model

    def _role(self, role: str) -> RoleSettings:
        default = self._settings.default
        own = self._settings.roles.get(role)
        if own is None:
            return default
        return own if own.model is not None else replace(own, model=default.model)


_NOTHING = RoleSettings()
_CHOSEN_HERE = "chosen in this session"


def connector(secret: Secret, *, folder: Path | None = None) -> Connect:
    """What makes the model that the settings name. Scripts and files of models are looked for in `folder`."""
    known = Capabilities()

    def connect(ref: ModelRef, provider: Provider) -> Model:
        timeout = {} if provider.timeout_s is None else {"timeout_s": provider.timeout_s}
        match provider.kind:
            case "openai":
                return OpenAIModel(
                    ref.name,
                    base_url=provider.url or OPENAI_URL,
                    key=(secret(provider.key) or "") if provider.key else "",
                    key_name=provider.key,
                    provider=_shown(provider),
                    capabilities=known,
                    **timeout,
                )
            case "ollama":
                return OllamaModel(ref.name, host=provider.url, provider=provider.name, capabilities=known, **timeout)
            case "gguf":
                from overseer.models.local_model import LocalModel  # few have one

                path = (folder or Path()) / Path(ref.name).expanduser()
                return LocalModel(path, provider=provider.name, window=provider.window, capabilities=known)
            case "scripted":
                return _scripted(ref.name, folder or Path())
            case _:
                assert_never(provider.kind)

    return connect


def _shown(provider: Provider) -> str:
    """A provider as replies and messages name it: another server is not OpenAI because it speaks like it."""
    host = urlsplit(provider.url).netloc.rpartition("@")[2]
    is_another = provider.name == "openai" and provider.url not in ("", OPENAI_URL)
    return f"openai@{host}" if is_another else provider.name


def _scripted(name: str, folder: Path) -> ScriptedModel:
    try:
        return ScriptedModel.from_file(folder / name)
    except UsageError as error:
        raise ModelError(str(error), kind="bad_request") from error


WAYS_TO_CONNECT = (
    "set OPENAI_API_KEY before Overseer is started",
    "set OPENAI_BASE_URL to the address of a compatible server before it is started",
    "start Ollama and name its model: in the chat with `/model ollama/NAME`, or under `models:` in config.yaml, such "
    "as `default: ollama/qwen3`",
)


def _no_model(role: str) -> ModelError:
    ways = "; or ".join(WAYS_TO_CONNECT)
    return ModelError(f"there is no language model for the role '{role}'. Connect one: {ways}", kind="denied")
