"""Language models: what answers a `Question`, over which server, and which of them has which role.

    settings = parse_models({"default": "ollama/qwen3"}, os.environ)
    models = ModelRoles(settings, connector(os.environ.get))
    reply = models.ask(Question("Say hello.", role="generator"))

The SDKs are imported when the first question is asked: that takes longer than starting.
"""

from overseer.errors import ModelUnavailable
from overseer.models.capabilities import Capabilities
from overseer.models.detection import Choice, Probe, Wanted, detect, wanted_by
from overseer.models.model import Model, ModelError, OnText
from overseer.models.offers import Look, LookFailed, Offer
from overseer.models.ollama_model import OllamaModel
from overseer.models.openai_model import OpenAIModel
from overseer.models.prices import Prices, usual_prices
from overseer.models.roles import ModelRoles, connector
from overseer.models.scripted import Script, ScriptedModel, read_script, script_from
from overseer.models.settings import (
    ModelRef,
    ModelSettings,
    Price,
    Provider,
    RoleSettings,
    built_in,
    is_whole,
    model_ref,
    parse_models,
)

__all__ = [
    "Capabilities",
    "Choice",
    "Look",
    "LookFailed",
    "Model",
    "ModelError",
    "ModelRef",
    "ModelRoles",
    "ModelSettings",
    "ModelUnavailable",
    "Offer",
    "OllamaModel",
    "OnText",
    "OpenAIModel",
    "Price",
    "Prices",
    "Probe",
    "Provider",
    "RoleSettings",
    "Script",
    "ScriptedModel",
    "Wanted",
    "built_in",
    "connector",
    "detect",
    "is_whole",
    "model_ref",
    "parse_models",
    "read_script",
    "script_from",
    "usual_prices",
    "wanted_by",
]
