"""What a describer is, and what the APIs behind some of them have in common."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from perception20k.errors import UserError
from perception20k.images import Array

MOST_SIDE = 1536
"""Longest side of the picture a model is shown, in pixels; enough to name what is in it."""


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
            ItemError: it will not answer for this image: a safety block, an empty or cut answer.
            UserError: it will answer for none: a revoked key, an unknown model.
        """
        ...


class Busy(Exception):
    """An API is busy, broken or silent; ``wait`` is what it asks for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


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


def key_from(*variables: str) -> str:
    """An API key from the environment, the only place it is ever read from.

    Raises:
        UserError: none of the variables is set.
    """
    for name in variables:
        if key := os.environ.get(name, "").strip():
            return key
    raise UserError(f"describe: no API key: {' or '.join(variables)} is not set", "Set it in the environment")


def without_key(text: str, key: str) -> str:
    """``text`` on one line, shortened, the key blotted out wherever an API or a library repeated it."""
    return " ".join(text.replace(key, "[key]").split())[:300]
