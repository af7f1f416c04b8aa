"""Stage 3 with models, first half: a vision-language model names the objects of each image (Refine-IQA, dataset
construction and "Prompts Used in Refine-Perception-20K Construction").

Answers are kept as they came, by image, prompt and model, so that none is asked for, or paid for, twice; they are
read anew by every build.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from perception20k.config import Describe
from perception20k.describers.base import MOST_SIDE, Describer, shown
from perception20k.files import digest, sha256
from perception20k.stages.base import Stage
from perception20k.stages.sources import Candidate, load_source

PROMPT_VERSION = "objects.v1"

MOST_OBJECTS = 3
"""The prompt allows three."""

MOST_WORDS = 4
"""The prompt asks for one or two; a phrase of more than this is a sentence."""

_MARKS = "<>⟨⟩\"'“”‘’. "  # what models put around a phrase, or around them all

_BACKGROUND = """
background beach carpet ceiling cloud field floor foreground forest grass ground horizon lawn meadow ocean pavement
road room sand scenery sea sidewalk sky snow street wall water
"""
BACKGROUND = frozenset(_BACKGROUND.split())
"""Last words of phrases that name no subject; the prompt's "sky, grass, wall, floor, etc."."""


class DescribeStage(Stage[Candidate]):
    """The model's answer for every image: in threads where it is an API, on the GPUs where it is one's own."""

    name = "describe"

    def __init__(self, config: Describe) -> None:
        self._config = config
        self._revision = ""
        self.place = "threads"
        if config.backend == "local":
            from perception20k.models import revision_of

            self._revision = revision_of(config.model, config.revision, "describe")
            self.place = "gpu"
        self._describer: Describer | None = None

    @property
    def at_once(self) -> int:
        """See :class:`Stage`."""
        return self._config.calls.at_once

    def setup(self) -> None:
        """See :class:`Stage`."""
        from perception20k.describers import open_describer

        self._describer = open_describer(self._config, self._revision)

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        asked = [self._config.backend, self._config.model, self._revision]
        return digest([self.name, 1, item.source.image_id, sha256(prompt().encode()), MOST_SIDE, *asked])

    def process_one(self, item: Candidate) -> dict[str, Any]:
        """The answer: ``text``, ``tokens`` and ``model``."""
        assert self._describer is not None
        _, pixels = load_source(item)
        return asdict(self._describer.ask(prompt(), shown(pixels)))


@dataclass(frozen=True)
class Named:
    """An image with the phrases that name its objects."""

    candidate: Candidate
    phrases: tuple[str, ...]


@cache
def prompt() -> str:
    """The paper's prompt."""
    return (files("perception20k") / "prompts" / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()


def read_answer(text: str) -> tuple[tuple[str, ...], list[tuple[str, str]], str]:
    """The phrases of an answer in the form ``a | b | c``.

    Returns:
        The phrases that name a subject, in the answer's order, at most ``MOST_OBJECTS``; ``(phrase, reason)`` of
        the others; and why the answer as a whole gives none, if it does not.

    >>> read_answer("Black poodle | red car | sky")
    (('black poodle', 'red car'), [('sky', 'a background word')], '')
    """
    line = text.strip().strip(_MARKS + "[]`\n")
    if line.casefold() == "nan":
        return (), [], "the model sees fewer than two distinct subjects (NAN)"
    phrases = [" ".join(part.strip(_MARKS).split()).lower() for part in line.split("|")]
    if "\n" in line or not all(_is_phrase(phrase) for phrase in phrases):
        return (), [], f"not an answer in the form 'a | b | c': {' '.join(text.split())[:80]!r}"
    kept: list[str] = []
    refused: list[tuple[str, str]] = []
    for phrase in phrases:
        twin = next((earlier for earlier in kept if _subject(earlier) == _subject(phrase)), None)
        if _subject(phrase) in BACKGROUND:
            refused.append((phrase, "a background word"))
        elif twin is not None:
            refused.append((phrase, f"the same type of subject as '{twin}'"))
        elif len(kept) == MOST_OBJECTS:
            refused.append((phrase, f"the answer already has {MOST_OBJECTS} subjects"))
        else:
            kept.append(phrase)
    return tuple(kept), refused, ""


def _is_phrase(phrase: str) -> bool:
    return re.fullmatch(r"[a-z0-9]+([ '’/&-][a-z0-9]+)*", phrase) is not None and len(phrase.split()) <= MOST_WORDS


def _subject(phrase: str) -> str:
    """The word that says what a phrase names, in the singular: the last one."""
    word = phrase.split()[-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
