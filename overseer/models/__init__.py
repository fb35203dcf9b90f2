"""Language models: what answers a `Question`, and over which server.

The SDKs are imported when the first question is asked: that takes longer than starting.
"""

from overseer.models.capabilities import Capabilities
from overseer.models.model import Model, ModelError, OnText
from overseer.models.ollama_model import OLLAMA_URL, OllamaModel
from overseer.models.openai_model import OPENAI_URL, OpenAIModel

__all__ = [
    "OLLAMA_URL",
    "OPENAI_URL",
    "Capabilities",
    "Model",
    "ModelError",
    "OllamaModel",
    "OnText",
    "OpenAIModel",
]
