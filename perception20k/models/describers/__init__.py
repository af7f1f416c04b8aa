"""Vision-language models that name the objects of an image, one module each."""

from __future__ import annotations

from perception20k.config import Describe
from perception20k.models.describers.base import Busy, Describer, NoReply, Reply
from perception20k.models.describers.gemini import Gemini
from perception20k.models.describers.openai import OpenAI
from perception20k.models.describers.throttled import ThrottledDescriber

__all__ = ["Busy", "Describer", "NoReply", "Reply", "ThrottledDescriber", "open_describer"]


def open_describer(config: Describe) -> ThrottledDescriber:
    """The configured API, to be asked about one image at a time.

    Args:
        config: backend, model, and how it is called.

    Raises:
        UserError: a package or the key is missing.
    """
    client = OpenAI(config) if config.backend == "openai" else Gemini(config)
    return ThrottledDescriber(client, config.calls, f"{config.backend} {config.model}")
