"""Vision-language models that name the objects of an image, each behind a module of its own."""

from __future__ import annotations

from perception20k.config import Describe
from perception20k.models.describers.base import Answer, Busy, Describer, Refused
from perception20k.models.describers.throttled import Patient

__all__ = ["Answer", "Busy", "Describer", "Patient", "Refused", "open_describer"]


def open_describer(config: Describe, revision: str = "") -> Describer:
    """The model that ``config`` asks for, ready to be asked.

    Args:
        config: backend, model, and how an API is called.
        revision: for ``local``, the commit to load of a model of the hub.

    Raises:
        UserError: a package, the key or the model is missing.
    """
    if config.backend == "local":
        from perception20k.models.describers.local import Local

        return Local(config.model, revision)
    if config.backend == "openai":
        from perception20k.models.describers.openai import OpenAI

        return Patient(OpenAI(config), config.calls, f"{config.backend} {config.model}")
    from perception20k.models.describers.gemini import Gemini

    return Patient(Gemini(config), config.calls, f"{config.backend} {config.model}")
