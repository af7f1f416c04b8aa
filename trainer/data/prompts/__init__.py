"""The prompts of the scoring and degradation tasks: the papers' words, in named and versioned text files.

Description and grounding prompts come with the shards. ``q-insight-system.v1`` breaks off after its first tag
in the paper; its end is the wording of DeepSeek-R1, which the paper follows.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

Message = dict[str, Any]


def names() -> list[str]:
    """What prompts there are."""
    found = (entry.name for entry in (files("trainer.data") / "prompts").iterdir())
    return sorted(name.removesuffix(".txt") for name in found if name.endswith(".txt"))


@cache
def prompt(name: str) -> str:
    """The text of ``trainer/data/prompts/NAME.txt``, without its final line break."""
    return (files("trainer.data") / "prompts" / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def ask(name: str, *, images: int = 1, system: str | None = None) -> list[Message]:
    """A conversation that asks prompt ``name`` about ``images`` images, after the prompt ``system`` if given.

    >>> [part["type"] for part in ask("visualquality-r1.v1")[0]["content"]]
    ['image', 'text']
    """
    parts: list[dict[str, str]] = [{"type": "image"} for _ in range(images)]
    question: Message = {"role": "user", "content": [*parts, {"type": "text", "text": prompt(name)}]}
    if system is None:
        return [question]
    return [{"role": "system", "content": [{"type": "text", "text": prompt(system)}]}, question]
