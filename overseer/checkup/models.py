"""The language model: which one is used and why, what there is at each place, and how to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from overseer.checkup.finding import Finding, Status, TooSlow, within
from overseer.config import Settings
from overseer.errors import UsageError
from overseer.jsonvalue import Json
from overseer.models import Choice, Look, LookFailed, ModelSettings, ModelUnavailable, Probe, detect, parse_models
from overseer.models.detection import probe_all
from overseer.models.look import HttpLook
from overseer.secrets import Secrets

WAYS: Final = (
    "a key of OpenAI's: export OPENAI_API_KEY=...",
    "a compatible server (LM Studio, vLLM, llama.cpp): export OPENAI_BASE_URL=http://127.0.0.1:8080/v1",
    "Ollama on this machine: ollama pull qwen3, and it is found while it runs",
)

# Each look has a limit of its own, but finding out where a name is has none.
_MOST_S = 6.0


def model(settings: Settings, environment: Mapping[str, str], secrets: Secrets, folder: Path) -> Finding:
    """What answers questions, found out without asking one."""
    look = _Remembering(HttpLook())
    asked = settings.model_environment(environment)
    try:
        known = parse_models(settings.models, asked)
        choice, is_broken = within(_MOST_S, lambda: _chosen(known, asked, secrets, look, folder))
        others = within(_MOST_S, lambda: probe_all(known, asked, secrets.get, look))
    except TooSlow:
        return _broken(f"no place answered within {_MOST_S:g} s; check OLLAMA_HOST and OPENAI_BASE_URL")
    except UsageError as error:
        return _broken(str(error))
    seen = {probe.place for probe in choice.probes}
    probes = (*choice.probes, *(probe for probe in others if probe.place not in seen))
    chosen = None if choice.model is None else str(choice.model)
    status: Status = "broken" if is_broken else "ok" if chosen else "note"
    ways = WAYS if chosen is None and not is_broken else ()
    facts: dict[str, Json] = {
        "model": chosen,
        "reason": choice.reason,
        "probes": [{"place": probe.place, "outcome": probe.outcome, "detail": probe.detail} for probe in probes],
        "ways": list(ways),
    }
    verdict = f"{chosen}: {choice.reason}" if chosen else choice.reason
    return Finding("model", status, verdict, (*map(_line, probes), *(f"to add one: {way}" for way in ways)), facts)


def _broken(why: str) -> Finding:
    return Finding("model", "broken", why, (), {"model": None, "reason": why, "probes": [], "ways": []})


def _chosen(
    settings: ModelSettings, environment: Mapping[str, str], secrets: Secrets, look: Look, folder: Path
) -> tuple[Choice, bool]:
    """The choice, and whether it is none because the model that was named cannot be used."""
    try:
        return detect(settings, environment, secrets.get, look, folder=folder), False
    except ModelUnavailable as error:
        return Choice(None, None, str(error), error.probes), True


def _line(probe: Probe) -> str:
    return f"{probe.outcome:<8}  {probe.place}" + (f": {probe.detail}" if probe.detail else "")


class _Remembering(Look):
    """Looks once at each place."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: dict[tuple[str, str], list[str] | LookFailed] = {}

    def ollama_models(self, url: str) -> list[str]:
        return self._once("ollama", url, lambda: self._look.ollama_models(url))

    def openai_models(self, url: str, key: str) -> list[str]:
        return self._once("openai", url, lambda: self._look.openai_models(url, key))

    def _once(self, kind: str, url: str, look: Callable[[], list[str]]) -> list[str]:
        if (kind, url) not in self._seen:
            try:
                self._seen[kind, url] = look()
            except LookFailed as error:
                self._seen[kind, url] = error
        seen = self._seen[kind, url]
        if isinstance(seen, LookFailed):
            raise seen
        return seen
