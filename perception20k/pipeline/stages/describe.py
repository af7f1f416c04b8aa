"""The describe stage: a vision-language model names the objects of each image (Refine-IQA, dataset construction and
"Prompts Used in Refine-Perception-20K Construction").

Raw answers are journalled by image, prompt and model, so that none is paid for twice; every build parses them again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from perception20k.config import Describe
from perception20k.core.files import digest, sha256
from perception20k.dataset.quarantine import Reason
from perception20k.execution.stage import Outcome, Stage, to_outcome, together
from perception20k.imaging.images import Array
from perception20k.models.describers import ThrottledDescriber, open_describer
from perception20k.models.describers.base import MAX_SIDE, Busy, NoReply, Reply, downscaled, jpeg
from perception20k.models.describers.gemini_batch import JOB_SIZE, GeminiBatch
from perception20k.models.describers.local import Local
from perception20k.models.describers.prompt import prompt
from perception20k.models.weights import Weights
from perception20k.pipeline.stages.object_names import MAX_NAME, bad_name
from perception20k.pipeline.stages.sources import Candidate, load_source

MAX_OBJECTS = 3
"""The prompt allows three."""

MAX_WORDS = 4
"""The prompt asks for one or two; a phrase of more than this is a sentence."""

LOCAL_BATCH = 8
"""Images that go through a local model together."""

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
    """The model's answer for every image: in threads for an API, in batches on the GPUs for a local model.

    A local model's batches are always the same and complete: which images go through it together changes the last
    digits. An API's batches are jobs of its batch mode.
    """

    name = "describe"
    max_alike = 5  # a refused call costs money too

    def __init__(self, config: Describe) -> None:
        self._config = config
        self._weights: Weights | None = None
        self.place = "threads"
        self.batch_size = JOB_SIZE if config.calls.batch else 1
        if config.backend == "local":
            self._weights = Weights(config.model, config.revision, "describe")
            self.place, self.batch_size, self.whole_batches = "gpu", LOCAL_BATCH, True
        self._local: Local | None = None
        self._api: ThrottledDescriber | None = None
        self._jobs: GeminiBatch | None = None

    @property
    def at_once(self) -> int:
        """See :class:`Stage`."""
        return self._config.calls.at_once

    def setup(self) -> None:
        """See :class:`Stage`."""
        if self._weights is not None:
            self._local = Local(self._config.model, self._weights.needed())
        elif self._config.calls.batch:
            self._jobs = GeminiBatch(self._config)
        else:
            self._api = open_describer(self._config)

    def stop(self) -> None:
        """See :class:`Stage`."""
        for api in (self._api, self._jobs):
            if api is not None:
                api.stop()

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        asked = [self._config.backend, self._config.model, self._weights.mark if self._weights else ""]
        settings = {"thinking_budget": self._config.thinking_budget, "temperature": self._config.temperature}
        usual = {"thinking_budget": None, "temperature": 0.0}
        more = [[name, value] for name, value in settings.items() if value != usual[name]]
        return digest([self.name, 1, item.source.image_id, sha256(prompt().encode()), MAX_SIDE, *asked, *more])

    def process(self, batch: list[Candidate]) -> list[Outcome]:
        """Outcomes: ``text``, ``tokens`` and ``model`` of each answer."""
        if self._local is not None:
            ask = self._local.ask_together
            return together(batch, _picture, lambda pictures: [asdict(reply) for reply in ask(prompt(), pictures)])
        if self._jobs is not None:
            return self._job(batch, self._jobs)
        return [to_outcome(self._ask, item) for item in batch]

    def _ask(self, item: Candidate) -> dict[str, Any]:
        assert self._api is not None
        return asdict(self._api.ask(prompt(), _picture(item)))

    def _job(self, batch: list[Candidate], jobs: GeminiBatch) -> list[Outcome]:
        """Outcomes of images that an API is asked about in one job, named by what it asks."""
        unread: dict[int, Outcome] = {}

        def pictures() -> Iterator[tuple[int, bytes]]:
            for number, item in enumerate(batch):
                opened = to_outcome(lambda one: jpeg(_picture(one)), item)
                if opened.error is None:
                    yield number, opened.value
                else:
                    unread[number] = opened

        name = digest([self.key(item) for item in batch])
        done = to_outcome(jobs.ask_together, prompt(), pictures, len(batch), name)
        if done.error is not None:
            return [done] * len(batch)
        answers = {number: _outcome(reply) for number, reply in done.value.items()} | unread
        nothing = Outcome(error="no answer in the batch", cacheable=False)
        return [answers.get(number, nothing) for number in range(len(batch))]


def _picture(item: Candidate) -> Array:
    return downscaled(load_source(item)[1])


def _outcome(reply: Reply | NoReply | Busy) -> Outcome:
    if isinstance(reply, Reply):
        return Outcome(asdict(reply))
    return Outcome(error=str(reply), cacheable=isinstance(reply, NoReply))


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
