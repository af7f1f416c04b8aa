"""The describe stage: a vision-language model names the objects of each image (Refine-IQA, dataset construction and
"Prompts Used in Refine-Perception-20K Construction").

Raw answers are journalled by image, prompt and model, so that none is paid for twice; every build parses them again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from perception20k.config import Describe
from perception20k.core.files import digest, sha256
from perception20k.dataset.quarantine import Reason
from perception20k.execution.stage import Stage
from perception20k.models.describers.base import MAX_SIDE, Describer, downscaled
from perception20k.models.describers.prompt import prompt
from perception20k.models.weights import Weights
from perception20k.pipeline.stages.object_names import MAX_NAME, bad_name
from perception20k.pipeline.stages.sources import Candidate, load_source

MAX_OBJECTS = 3
"""The prompt allows three."""

MAX_WORDS = 4
"""The prompt asks for one or two; a phrase of more than this is a sentence."""

_MARKS = "<>⟨⟩[]\"'“”‘’`*•-–. \n"  # what models put around phrases
_FENCE = re.compile(r"^```\w*\s*\n(.*?)\n?\s*```$", re.DOTALL)  # Markdown's, with or without a language
_NUMBER = re.compile(r"^\(?\d{1,2}[.)]\s*")  # what they put before phrases: "1. dog | 2. cat"
_PHRASE = re.compile(r"[a-z0-9ß-öø-ɏ]+([ '’/&-][a-z0-9ß-öø-ɏ]+)*")  # Latin letters, accents included

_PREPOSITIONS = {"at", "behind", "beside", "by", "for", "from", "in", "near", "of", "on", "over", "under", "with"}
"""A phrase's subject stands before these: "glass of water" names a glass."""

_IRREGULAR = {
    "children": "child", "feet": "foot", "geese": "goose", "knives": "knife", "leaves": "leaf", "lens": "lens",
    "lenses": "lens", "loaves": "loaf", "men": "man", "mice": "mouse", "people": "person", "shelves": "shelf",
    "teeth": "tooth", "wolves": "wolf", "women": "woman",
}  # fmt: skip

_BACKGROUND = """
background beach carpet ceiling cloud field floor foreground forest grass ground horizon lawn meadow ocean pavement
road room sand scenery sea sidewalk sky snow street wall water
"""
BACKGROUND = frozenset(_BACKGROUND.split())
"""Background, not subjects; the prompt's "sky, grass, wall, floor, etc."."""


class DescribeStage(Stage[Candidate]):
    """The model's answer for every image: in threads for an API, on the GPUs for a local model."""

    name = "describe"
    max_alike = 5  # a refused call costs money too

    def __init__(self, config: Describe) -> None:
        self._config = config
        self._weights: Weights | None = None
        self.place = "threads"
        if config.backend == "local":
            self._weights = Weights(config.model, config.revision, "describe")
            self.place = "gpu"
        self._describer: Describer | None = None

    @property
    def at_once(self) -> int:
        """See :class:`Stage`."""
        return self._config.calls.at_once

    def setup(self) -> None:
        """See :class:`Stage`."""
        from perception20k.models.describers import open_describer

        self._describer = open_describer(self._config, self._weights.needed() if self._weights else "")

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        asked = [self._config.backend, self._config.model, self._weights.mark if self._weights else ""]
        return digest([self.name, 1, item.source.image_id, sha256(prompt().encode()), MAX_SIDE, *asked])

    def process_one(self, item: Candidate) -> dict[str, Any]:
        """The answer: ``text``, ``tokens`` and ``model``."""
        assert self._describer is not None
        _, pixels = load_source(item)
        return asdict(self._describer.ask(prompt(), downscaled(pixels)))


@dataclass(frozen=True)
class Named:
    """An image with the phrases that name its objects."""

    candidate: Candidate
    phrases: tuple[str, ...]


def read_answer(text: str) -> tuple[tuple[str, ...], list[tuple[str, Reason]]] | Reason:
    """The phrases of an answer in the form ``a | b | c``.

    Returns:
        The phrases that name a subject, in the answer's order, at most ``MAX_OBJECTS``, and ``(phrase, reason)``
        of the others; or the reason why the answer as a whole cannot be used.

    >>> read_answer("Black poodle | red car | sky")
    (('black poodle', 'red car'), [('sky', Reason(rule='background', text='a background word', value=None))])
    """
    line = _FENCE.sub(r"\1", unicodedata.normalize("NFC", text).strip()).strip(_MARKS)
    if line.casefold() == "nan":
        return Reason("too_few_objects", "the model found fewer than two distinct subjects (NAN)")
    phrases = [_phrase(part) for part in line.split("|")]
    if "\n" in line or not all(_is_phrase(phrase) for phrase in phrases):
        return Reason("bad_answer", f"not an answer in the form 'a | b | c': {' '.join(text.split())[:80]!r}")
    kept: list[str] = []
    refused: list[tuple[str, Reason]] = []
    for phrase in phrases:
        twin = next((earlier for earlier in kept if _subject(earlier) == _subject(phrase)), None)
        if reason := bad_name(phrase):
            refused.append((phrase[:MAX_NAME], reason))
        elif phrase == "nan":
            refused.append((phrase, Reason("bad_answer", "NAN is not a subject")))
        elif _subject(phrase) in BACKGROUND:
            refused.append((phrase, Reason("background", "a background word")))
        elif twin is not None:
            refused.append((phrase, Reason("same_subject", f"the same type of subject as '{twin}'")))
        elif len(kept) == MAX_OBJECTS:
            refused.append((phrase, Reason("too_many_objects", f"the answer already has {MAX_OBJECTS} subjects")))
        else:
            kept.append(phrase)
    return tuple(kept), refused


def _phrase(part: str) -> str:
    """A part of an answer, stripped of marks, in lower case and with single spaces."""
    return " ".join(_NUMBER.sub("", part.strip(_MARKS)).strip(_MARKS).split()).lower()


def _is_phrase(phrase: str) -> bool:
    return _PHRASE.fullmatch(phrase) is not None and len(phrase.split()) <= MAX_WORDS


def _subject(phrase: str) -> str:
    """The stem of a phrase's head word: the last one, or the one before "of" and the like."""
    words = phrase.split()
    end = next((place for place, word in enumerate(words) if place and word in _PREPOSITIONS), len(words))
    return _stem(words[end - 1])


def _stem(word: str) -> str:
    """What a word and its plural have in common: "box" of box and boxes, "hors" of horse and horses.

    >>> [_stem(word) for word in ("bus", "buses", "skies", "sky", "cookie", "cookies", "people", "person", "glass")]
    ['bus', 'bus', 'sky', 'sky', 'cooky', 'cooky', 'person', 'person', 'glass']
    """
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 3 and word.endswith("ie"):
        return word[:-2] + "y"
    if len(word) > 3 and word.endswith(("se", "xe", "ze", "che", "she", "oe")):
        return word[:-1]
    return word
