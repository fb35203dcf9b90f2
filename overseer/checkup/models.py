"""The language model: which one is used and why, what there is at each place, and how to add one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from overseer.checkup.finding import Finding, Status, TooSlow, within
from overseer.errors import ModelUnavailable, UsageError
from overseer.jsonvalue import Json
from overseer.models import Choice, ModelSettings, Offer, Probe, parse_models
from overseer.models.detection import probe_all
from overseer.models.look import LOOK_TIMEOUT_S, NAMED_TIMEOUT_S, HttpLook
from overseer.models.model import is_loopback
from overseer.models.offers import LooksOnce, lines_of, offer_of, to_list
from overseer.models.roles import WAYS_TO_CONNECT
from overseer.models.settings import ModelRef
from overseer.plan.suggestions import did_you_mean
from overseer.secrets import Secrets
from overseer.settings.config import Settings
from overseer.wiring import choose_model

# Each look has a limit of its own, but finding out where a name is has none.
MOST_S = 20.0
_CLOSED = (401, 403)


@dataclass(slots=True)
class _Seen:
    """What was found out so far."""

    choice: Choice = field(default_factory=lambda: Choice(None, None, ""))
    refusal: str = ""
    probes: tuple[Probe, ...] = ()
    offers: dict[str, Offer] = field(default_factory=dict)  # by their providers
    roles: dict[str, ModelRef] = field(default_factory=dict)


def model(settings: Settings, secrets: Secrets, folder: Path) -> Finding:
    """What answers questions, found out without asking one."""
    seen = _Seen()
    try:
        known = parse_models(settings.models, os.environ)
        seen.roles = {name: role.model for name, role in known.roles.items() if role.model is not None}
        within(MOST_S, lambda: _look_around(settings, known, secrets, folder, seen))
    except TooSlow:
        seen.refusal = f"no place answered within {MOST_S:g} s; check OLLAMA_HOST and OPENAI_BASE_URL"
    except UsageError as error:
        seen.refusal = str(error)
    return _finding(seen)


def _look_around(settings: Settings, known: ModelSettings, secrets: Secrets, folder: Path, seen: _Seen) -> None:
    brief = LooksOnce(HttpLook(LOOK_TIMEOUT_S))
    patient = brief.by(HttpLook(NAMED_TIMEOUT_S))
    try:
        seen.choice = choose_model(settings, secrets, folder, look_for=lambda limit_s: brief.by(HttpLook(limit_s)))
        seen.probes = seen.choice.probes
    except ModelUnavailable as error:
        seen.refusal, seen.probes = str(error), error.probes
    places = {probe.place for probe in seen.probes}
    others = probe_all(known, settings.model_environment(os.environ), secrets.get, brief)
    seen.probes = (*seen.probes, *(probe for probe in others if probe.place not in places))
    providers = {provider.name: provider for provider in to_list(known.providers, secrets.get)}
    if (chosen := seen.choice.provider) is not None and chosen.kind in ("openai", "ollama"):
        providers[chosen.name] = chosen  # to see whether its key is accepted, and whether it has the model
    for provider in providers.values():
        look = brief if is_loopback(provider.url) else patient
        seen.offers[provider.name] = offer_of(provider, secrets.get, look)


def _finding(seen: _Seen) -> Finding:
    choice, refusal = seen.choice, seen.refusal
    name = None if choice.model is None else str(choice.model)
    closed, doubt = ("", "") if choice.model is None else _doubts(choice.model, seen.offers)
    status: Status = "broken" if refusal or closed else "ok" if name and not doubt else "note"
    is_set_up = any(probe.outcome == "unusable" for probe in seen.probes)
    ways = () if refusal or name or is_set_up else WAYS_TO_CONNECT
    facts: dict[str, Json] = {
        "name": name,
        "reason": choice.reason or None,
        "refusal": refusal or closed or None,
        "doubt": doubt or None,
        "planner": "model" if name else "rules",
        "probes": [{"place": probe.place, "outcome": probe.outcome, "detail": probe.detail} for probe in seen.probes],
        "offers": {name: list(offer.names) for name, offer in seen.offers.items()},
        "roles": {role: str(ref) for role, ref in seen.roles.items()},
        "ways": list(ways),
    }
    told = (probe for probe in seen.probes if not probe.detail or probe.detail not in refusal + choice.reason)
    details = (
        *(f"{probe.outcome:<8}  {probe.place}{f': {probe.detail}' if probe.detail else ''}" for probe in told),
        *(f"role {role}: {ref}{_aside(ref, seen.offers)}" for role, ref in seen.roles.items()),
        *(f"to connect one: {way}" for way in ways),
    )
    verdict = f"none; {refusal or choice.reason}"
    if name and not refusal:
        verdict = f"{name}, {choice.because}" + (f"; {closed or doubt}" if closed or doubt else "")
    return Finding("model", status, verdict, details, facts, tuple(_others(seen)))


def _doubts(model: ModelRef, offers: dict[str, Offer]) -> tuple[str, str]:
    """Why a model will not answer, or else why it may not."""
    offer = offers.get(model.provider)
    if offer is None:
        return "", ""
    place = f"the server at {offer.provider.url}"
    if offer.status in _CLOSED:
        return f"{place} does not accept the key {offer.provider.key}; check it", ""
    if offer.fault:
        return "", f"whether it can be used is not known: {offer.provider.url}: {offer.fault}"
    if not offer.has(model.name):
        return "", f"{place} does not list it; {did_you_mean(model.name, offer.names, 'it has') or 'it has none'}"
    return "", ""


def _aside(model: ModelRef, offers: dict[str, Offer]) -> str:
    closed, doubt = _doubts(model, offers)
    return f" ({closed or doubt})" if closed or doubt else ""


def _others(seen: _Seen) -> Iterator[str]:
    """The models that could be taken instead, where there are any."""
    listed = [offer for offer in seen.offers.values() if not offer.fault]
    used = [ref for ref in (seen.choice.model, *seen.roles.values()) if ref is not None]
    if any(ref not in used for offer in listed for ref in offer.models):
        yield from (line for _, line in lines_of(listed, used))
        yield "to take another: overseer --model NAME, or /model NAME in the chat"
