"""What a describer is, and what the APIs behind some of them have in common."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from perception20k.core.errors import ItemError
from perception20k.imaging.images import Array
from perception20k.models.api_keys import without_key

MOST_SIDE = 1536
"""Longest side of the picture a model is shown, in pixels; enough to name what is in it."""

PASSING_STATUS = {408, 409, 429, 499}
"""HTTP's client errors that may pass, for the API and not the image is their cause; those from 500 on may too."""

_TOLD = {"TimeoutException", "NetworkError", "RemoteProtocolError"}
"""Exceptions of the HTTP library below the clients that speak of the connection and not of the request."""


@dataclass(frozen=True)
class Answer:
    """What a model said of an image."""

    text: str
    tokens: int
    """In and out, as the API counts them; 0 for a model of one's own."""
    model: str
    """The model as it calls itself, its version included where it says so."""


class Describer(Protocol):
    """A vision-language model."""

    def ask(self, prompt: str, image: Array) -> Answer:
        """The model's answer to ``prompt`` about an RGB image of shape (height, width, 3), dtype uint8.

        Raises:
            Busy: it may answer when asked again later.
            Refused: it will not answer for this image: a safety block, an empty or cut answer, an unreadable picture.
            UserError: it will answer for none: a revoked key, an unknown model.
        """
        ...


class Busy(Exception):
    """An API is busy, broken or silent; ``wait`` is what it asks for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Refused(ItemError):
    """No answer for this image, today or tomorrow; ``tokens`` is what it cost all the same."""

    def __init__(self, message: str, tokens: int = 0) -> None:
        super().__init__(message)
        self.tokens = tokens


def shown(image: Array) -> Array:
    """The image as a model is shown it: no side longer than ``MOST_SIDE``."""
    picture = Image.fromarray(image)
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def jpeg(image: Array) -> bytes:
    """The image as JPEG bytes, for sending."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def trouble(error: Exception, key: str) -> Busy:
    """What an exception from below an API's client means: to be asked again.

    The text of timeouts and broken connections is told; of others, which may quote a request with its headers,
    only the kind.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("httpx")}  # or httpx2
    if kinds & _TOLD:
        return Busy(f"{type(error).__name__}: {without_key(str(error), key)}")
    return Busy(type(error).__name__)
