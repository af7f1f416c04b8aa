"""Vision-language models that name the objects of an image, one module each."""

from __future__ import annotations

from perception20k.config import Describe
from perception20k.models.describers.base import Busy, Describer, NoReply, Reply
from perception20k.models.describers.throttled import ThrottledDescriber

__all__ = ["Busy", "Describer", "NoReply", "Reply", "ThrottledDescriber", "open_describer"]


def open_describer(config: Describe, revision: str = "") -> Describer:
    """The configured model, ready to use.

    Args:
        config: backend, model, and how an API is called.
        revision: for ``local``, the commit of a hub model to load.

    Raises:
        UserError: a package, the key or the model is missing.
    """
    if config.backend == "local":
        from perception20k.models.describers.local import Local

        return Local(config.model, revision)
    if config.backend == "openai":
        from perception20k.models.describers.openai import OpenAI

        return ThrottledDescriber(OpenAI(config), config.calls, f"{config.backend} {config.model}")
    from perception20k.models.describers.gemini import Gemini

    return ThrottledDescriber(Gemini(config), config.calls, f"{config.backend} {config.model}")
