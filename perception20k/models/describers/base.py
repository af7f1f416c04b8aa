"""The describer protocol, and what the API clients share."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import numpy as np
from PIL import Image

from perception20k.core.errors import ItemError
from perception20k.imaging.images import Array
from perception20k.models.api_keys import without_key

MAX_SIDE = 1536
"""Longest side of the image sent to a model, in pixels; enough to name objects."""

TRANSIENT_STATUS = {408, 409, 429, 499}
"""HTTP client errors that are worth a retry, because they are not about the image; so are those from 500 on."""

_CONNECTION_ERRORS = {"TimeoutException", "NetworkError", "RemoteProtocolError"}
"""Exceptions of the underlying HTTP library whose text is about the connection and not about the request."""


@dataclass(frozen=True)
class Reply:
    """What a model said about an image."""

    text: str
    tokens: int
    """In and out, as the API counts them; 0 for a local model."""
    model: str
    """The name the model reports, with its version if it has one."""


class Describer(Protocol):
    """A vision-language model."""

    def ask(self, prompt: str, image: Array) -> Reply:
        """The model's answer to ``prompt`` about an RGB image of shape (height, width, 3), dtype uint8.

        Raises:
            Busy: it may answer if asked again later.
            NoReply: it will not answer for this image: a safety block, a truncated answer, a bad request.
            UserError: it will answer for no image: a revoked key, an unknown model.
        """
        ...


class Busy(Exception):
    """An API is busy, broken or silent, or its answer is empty.

    ``wait`` is the delay it asks for, in seconds, and ``tokens`` what it cost anyway.
    """

    def __init__(self, message: str, wait: float | None = None, tokens: int = 0) -> None:
        super().__init__(message)
        self.wait, self.tokens = wait, tokens


class NoReply(ItemError):
    """No answer for this image, now or later; ``tokens`` is what it cost anyway."""

    def __init__(self, message: str, tokens: int = 0) -> None:
        super().__init__(message)
        self.tokens = tokens


def downscaled(image: Array) -> Array:
    """The image as it is sent to a model: no side longer than ``MAX_SIDE``."""
    picture = Image.fromarray(image)
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def jpeg(image: Array) -> bytes:
    """The image as JPEG bytes, for sending."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The delay in seconds that an HTTP answer asks for, as a number or as a date; None if it does not.

    >>> retry_after({"retry-after": "7"})
    7.0
    """
    text = headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # absent, not a date, or one without a time zone
        return None


def as_busy(error: Exception, key: str) -> Busy:
    """The :class:`Busy` for an exception from below an API client.

    Timeouts and broken connections keep their text; others, which may quote a request with its headers, only their
    type.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("httpx")}  # or httpx2
    if kinds & _CONNECTION_ERRORS:
        return Busy(f"{type(error).__name__}: {without_key(str(error), key)}")
    return Busy(type(error).__name__)
