"""The question that makes a model name the objects of an image (Refine-IQA, supplement, "Prompts Used in
Refine-Perception-20K Construction")."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PROMPT_VERSION = "objects.v1"


@cache
def prompt() -> str:
    """The paper's prompt."""
    return (files("perception20k.models.describers") / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()
