"""What a build will take, in numbers for people: images, API tokens and money, samples, disk and time.

:mod:`perception20k.pipeline.measure_sample` measures them on a few files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import variance

from perception20k.config import Config, Describe
from perception20k.models.metrics import find_metric

OBJECTS = 20907 / 8221
"""Objects of an image where models find them: the paper's samples by its images."""

TOKENS_IN, TOKENS_ANSWER, TOKENS_THOUGHT = 1300, 20, 780
"""Of one request: the prompt with a picture of 1536 px, the answer, and what a model thinks before it."""

PRICES = {"gemini-2.5-pro": (1.25, 10.0)}
"""USD for a million tokens in and out."""

BATCH_PRICE = 0.5
"""Share of the price in Gemini's batch mode."""


@dataclass(frozen=True)
class ApiCost:
    """What requests to an API will take, each made once."""

    describe: Describe
    requests: int

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in and out of one request."""
        budget = self.describe.thinking_budget
        thought = TOKENS_THOUGHT if budget is None or budget < 0 else min(budget, TOKENS_THOUGHT)
        return TOKENS_IN, TOKENS_ANSWER + thought

    @property
    def prices(self) -> tuple[float, float] | None:
        """USD for a million tokens in and out; None if the model's are not in ``PRICES``."""
        prices = PRICES.get(self.describe.model)
        share = BATCH_PRICE if self.describe.calls.batch else 1
        return None if prices is None else (share * prices[0], share * prices[1])

    @property
    def dollars(self) -> float | None:
        """Price of the requests; None if the model's is not known."""
        if self.prices is None:
            return None
        return self.requests * sum(n * price for n, price in zip(self.tokens, self.prices, strict=True)) / 1e6

    def __str__(self) -> str:
        read, written = (self.requests * tokens / 1e6 for tokens in self.tokens)
        cost = "price unknown" if self.dollars is None else f"about {self.dollars:,.2f} USD"
        return f"{self.requests:,} requests, {read:.2g} M tokens in and {written:.2g} M out, {cost}"

    @property
    def hours(self) -> float:
        """Time at the configured pace; none in batch mode, which answers when it likes."""
        calls = self.describe.calls
        return 0.0 if calls.batch else self.requests / calls.per_minute / 60

    @property
    def assumed(self) -> str:
        """What the figures assume."""
        price = f", {self.prices[0]:g} and {self.prices[1]:g} USD a million" if self.prices else ""
        later = "; the batch mode answers within a day" if self.describe.calls.batch else ""
        return f"{self.tokens[0]:,} tokens in and {self.tokens[1]:,} out a request{price}; check today's prices{later}"


@dataclass
class Measured:
    """What the sampled files of one kind gave."""

    files: int
    """All files of the kind, those beyond the sample included."""
    images: list[int] = field(default_factory=list)
    """Of each sampled file, its images that are large enough."""
    good: list[int] = field(default_factory=list)
    samples: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    """Of each sampled file, its source images and samples on disk, once."""
    seconds: list[float] = field(default_factory=list)
    """Of each sampled file, the work of one core."""

    def total(self, name: str) -> float:
        """One of the lists, scaled from the sample to all files."""
        values = getattr(self, name)
        return float(sum(values)) * self.files / len(values) if values else 0.0

    @property
    def error(self) -> float:
        """Standard error of the total of ``samples``; zero when every file was measured."""
        n = len(self.samples)
        if n < 2:
            return 0.0
        return self.files * math.sqrt(variance(self.samples) / n * (1 - n / self.files))


@dataclass(frozen=True)
class Estimate:
    """What a build will take; see :attr:`lines`."""

    config: Config
    photos: Measured
    videos: Measured
    workers: int

    def total(self, name: str) -> float:
        """A sum over all files, by the name of one of :class:`Measured`'s lists."""
        return self.photos.total(name) + self.videos.total(name)

    @property
    def api(self) -> ApiCost | None:
        """Requests to an API, without those that are repeated; None if there are none."""
        describe = self.config.describe
        requests = round(self.total("good")) if describe is not None and describe.backend != "local" else 0
        return ApiCost(describe, requests) if describe is not None and requests else None

    @property
    def bytes(self) -> float:
        """Size of the dataset: the images, and once more in the shards."""
        return 2 * self.total("bytes")

    @property
    def hours(self) -> float:
        """Time for decoding, scoring without models and distorting, and for the API at its configured pace."""
        paced = self.api.hours if self.api else 0.0
        return self.total("seconds") / self.workers / 3600 + paced

    @property
    def lines(self) -> list[str]:
        """The estimate for people, the assumptions last."""
        sampled = len(self.photos.images) + len(self.videos.images)
        count, spread = self.total("samples"), 2 * math.hypot(self.photos.error, self.videos.error)
        between = f" ({max(0, count - spread):,.0f} to {count + spread:,.0f})" if spread else ""
        rows = [
            ("Files", f"photos: {self.photos.files:,}, videos: {self.videos.files:,}; measured: {sampled}"),
            ("Images", f"{self.total('images'):,.0f}, of which {self.total('good'):,.0f} are good enough"),
            ("API", str(self.api or "no request")),
            ("Samples", f"about {count:,.0f}{between}"),
            ("Disk", f"about {_size(self.bytes)}"),
            ("Time", f"about {_duration(self.hours)} with {self.workers} worker{'s' * (self.workers > 1)}"),
            *zip(("Assumed", *[""] * 9), self._assumptions(), strict=False),
        ]
        return [f"{word:9}{text}" for word, text in rows]

    def _assumptions(self) -> list[str]:
        config = self.config
        said = ["the measured files are typical, and this machine stays as fast and as busy as now"]
        if self.api:
            said.append(self.api.assumed)
        if config.annotations is None and config.objects != "whole-image":
            said.append(f"{OBJECTS:.1f} objects in every image, as in the paper; the models' time is not included")
        if any(score.table is None and find_metric(score.metric).is_model for score in config.score or ()):
            said.append("every image passes the metrics that are models, whose time is not included")
        return [*said, "no duplicates; the shards hold every image once more"]


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _duration(hours: float) -> str:
    return f"{hours:,.1f} hours" if hours >= 1 else f"{max(1, round(60 * hours))} min"
