"""The score stage: objective quality of each source image; an image is kept if every metric agrees.

Each metric runs over all images before the next, so that only one model is in memory at a time and a metric added
later does not repeat the others. User-supplied scores are looked up in a table.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from perception20k.config import Score, located
from perception20k.core.errors import ItemError, UserError
from perception20k.core.files import digest
from perception20k.core.tables import read_table
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.execution.stage import Outcome, Stage, together
from perception20k.imaging.images import Array
from perception20k.models.metrics import Scorer, find_metric
from perception20k.models.weights import Weights
from perception20k.pipeline.stages.names import Names, plain, video_of, with_videos
from perception20k.pipeline.stages.sources import Candidate, load_source


class ScoreStage(Stage[Candidate]):
    """One metric on every source image.

    The images of a batch may go through the model together, which changes the last digits of a score. Batches are
    therefore always the same and always complete, whatever an earlier run has done.
    """

    name = "score"
    whole_batches = True

    def __init__(self, metric: str) -> None:
        self._metric = find_metric(metric)
        self.batch_size = 8 if self._metric.is_model else 1
        self.place = "gpu" if self._metric.is_model else "worker"
        self._weights = Weights(self._metric.revision, "main", self.title) if self._metric.on_hub else None
        self._score: Scorer | None = None

    @property
    def title(self) -> str:
        """See :class:`Stage`."""
        return f"score {self._metric.name}"

    def setup(self) -> None:
        """See :class:`Stage`."""
        self._score = self._metric.load(self._metric.name, self._weights.needed() if self._weights else "")

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        revision = self._weights.mark if self._weights else self._metric.revision
        return digest([self.name, 2, item.source.image_id, self._metric.name, revision])

    def process(self, batch: list[Candidate]) -> list[Outcome]:
        """Outcomes: quality in 0..100. An image on which the model fails does not affect the others."""
        return together(batch, _pixels, self._qualities)

    def _qualities(self, images: Sequence[Array]) -> list[float]:
        assert self._score is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a metric's fits may not converge on odd content
            raw = self._score(images) if images else []
        if not all(math.isfinite(value) for value in raw):
            raise ItemError(f"{self._metric.name} gives no number for this image")
        return [round(self._metric.quality(value), 4) for value in raw]


def _pixels(item: Candidate) -> Array:
    return load_source(item)[1]


class ScoreTable:
    """User-supplied scores: a CSV or Parquet file with a column ``file`` and one named after the metric.

    ``file`` is matched to a source's name, or for a keyframe to the name of its video; see
    :class:`perception20k.pipeline.stages.names.Names`.

    Args:
        score: names the table and its column.
        origins: of all photos, to detect ambiguous names.

    Attributes:
        names: its files, matched to photos.

    Raises:
        UserError: the file cannot be read, lacks a column, names a file twice, or holds something that is not a number.
    """

    def __init__(self, score: Score, origins: Iterable[str] = ()) -> None:
        assert score.table is not None
        self._path = located(score.table)
        self._worst, self._best = score.range
        self._scores = _read_table(self._path, score.metric)
        self.names = Names(self._scores, with_videos(origins))

    def find(self, source: Source) -> float | Reason:
        """A source's quality in 0..100, or the reason why it has none."""
        for origin in (source.origin, video_of(source.origin)):
            name = self.names.find(origin)
            if isinstance(name, Reason):
                return name
            if name is not None:
                raw = self._scores[name]
                if raw is None:
                    return Reason("not_listed", f"{self._path.name} has an empty score for this file")
                share = (raw - self._worst) / (self._best - self._worst)
                return round(min(max(100 * share, 0.0), 100.0), 4)
        return Reason("not_listed", f"{self._path.name} has no score for this file")


def _read_table(path: Path, metric: str) -> dict[str, float | None]:
    """Scores by file, None where the cell is empty."""
    table = read_table(path, "scores", "score")
    for column in ("file", metric):
        if column not in table.column_names:
            raise UserError(f"{path}: no column '{column}'", f"Columns: {', '.join(table.column_names)}")
        if table.column_names.count(column) > 1:
            raise UserError(f"{path}: duplicate column '{column}'", "Rename one of them")
    scores: dict[str, float | None] = {}
    for row, (file, value) in enumerate(zip(table["file"].to_pylist(), table[metric].to_pylist(), strict=True), 1):
        try:
            number = _number(value)
        except (TypeError, ValueError):
            raise UserError(f"{path}: row {row}: {value!r} is not a score") from None
        if file is None:
            raise UserError(f"{path}: row {row}: no file name")
        if scores.setdefault(plain(str(file)), number) != number:
            raise UserError(f"{path}: row {row}: a second score for '{file}'")
    return scores


def _number(value: Any) -> float | None:
    """A cell as a number, None if it is empty; a column with one word in it is read as text.

    Raises:
        TypeError, ValueError: it is anything else.
    """
    if value is None:
        return None
    number = float(value)
    if isinstance(value, bool) or math.isinf(number):
        raise ValueError
    return None if math.isnan(number) else number


def good_enough(scores: dict[str, float], wanted: tuple[Score, ...]) -> Reason | None:
    """Keep an image if every metric is at least its minimum (Refine-IQA, dataset construction)."""
    low = [f"{s.metric} {scores[s.metric]:.1f} is below {s.min:g}" for s in wanted if scores[s.metric] < s.min]
    return Reason("low_score", "; ".join(low)) if low else None
