"""Measure a sample of a build's files, before anything is begun.

``build --dry-run`` counts what a begun build has left to do; ``build --estimate`` measures. It decodes, scores and
distorts the sample in a temporary folder, asks no API and loads no model.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from perception20k.config import Config
from perception20k.core.reporting import SILENT, Reporter
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject
from perception20k.execution.stage import Executor, Stage
from perception20k.models.metrics import find_metric
from perception20k.pipeline.estimate import OBJECTS, Estimate, Measured
from perception20k.pipeline.stages.annotate import AnnotatedPhotos
from perception20k.pipeline.stages.discover import VIDEO_SUFFIXES, SourceFile, discover
from perception20k.pipeline.stages.distort import Distort
from perception20k.pipeline.stages.draw import draw
from perception20k.pipeline.stages.filters import enough_objects, large_enough, select_objects, whole_image
from perception20k.pipeline.stages.score import ScoreStage, ScoreTable, good_enough
from perception20k.pipeline.stages.sources import Candidate, Ingest, candidates_of, with_source

SAMPLE = 20
"""Files measured."""

DRAWN = 2
"""Samples made of each image that is measured."""


def measure_sample(
    config: Config, executor: Executor, workers: int, *, limit: int | None = None, reporter: Reporter = SILENT
) -> Estimate:
    """Measure a sample of a build's files.

    Args:
        config: what would be built.
        executor: decodes the sampled files once before they are measured here: one that crashes a decoder is left out.
        workers: processes that the build would use.
        limit: take only the first files of the sources, as ``build --limit``.
        reporter: shows a bar.

    Raises:
        UserError: the sources, annotations or tables cannot be read.
    """
    files = list(islice(discover(config.sources), limit))
    kinds = [[f for f in files if (f.path.suffix.lower() in VIDEO_SUFFIXES) == is_video] for is_video in (False, True)]
    share = round(SAMPLE * len(kinds[1]) / len(files))
    videos = min(max(share, bool(kinds[1])), SAMPLE - bool(kinds[0]))
    with TemporaryDirectory(prefix="perception20k-") as folder:
        measure = _Measure(config, [file.name for file in files], Path(folder))
        chosen = [_spread(kinds[0], SAMPLE - videos), _spread(kinds[1], videos)]
        sound = _decodable(measure.ingest, [*chosen[0], *chosen[1]], executor)
        found = [Measured(len(kind)) for kind in kinds]
        with reporter.progress("estimate", len(chosen[0]) + len(chosen[1]), "file") as advance:
            for kind, sampled in zip(found, chosen, strict=True):
                for file in sampled:
                    measure.file(file if file.name in sound else None, kind)
                    advance(1)
    return Estimate(config, found[0], found[1], workers)


class _Measure:
    """Does with a file what the build would do, and notes what it took."""

    def __init__(self, config: Config, names: Sequence[str], folder: Path) -> None:
        self._config, self._folder = config, folder
        self.ingest = Ingest(config.max_frames_per_video, config.max_side, image_format=config.image_format)
        self._tables = {score.metric: ScoreTable(score, names) for score in config.score or () if score.table}
        self._stages: dict[str, ScoreStage] = {}
        for score in config.score or ():
            if score.table is None and not find_metric(score.metric).is_model:
                self._stages[score.metric] = ScoreStage(score.metric)
                self._stages[score.metric].setup()
        self._annotations = None
        if config.annotations is not None:
            self._annotations = AnnotatedPhotos(*config.annotations.given, names)
        self._distort = Distort(folder, config.preset, config.filters, image_format=config.image_format)

    def file(self, file: SourceFile | None, into: Measured) -> None:
        """Note what a file gives and takes; None is one that cannot be decoded."""
        begin = time.perf_counter()
        records = self.ingest.process_one(file) if file else []
        found = candidates_of(file, records) if file else []
        images = [candidate for candidate in found if large_enough(candidate.source, self._config.filters) is None]
        good = [candidate for candidate in images if self._is_good(candidate)]
        seconds = time.perf_counter() - begin
        samples = size = 0.0
        for candidate in good:
            made, stored, took = self._samples(candidate)
            samples, size, seconds = samples + made, size + stored, seconds + took
        into.images.append(len(images))
        into.good.append(len(good))
        into.samples.append(samples)
        into.bytes.append(size)
        into.seconds.append(seconds)

    def _is_good(self, candidate: Candidate) -> bool:
        scores: dict[str, Any] = {}
        for metric, table in self._tables.items():
            scores[metric] = table.find(candidate.source)
        for metric, stage in self._stages.items():
            scores[metric] = stage.process([candidate])[0].value
        if any(value is None or isinstance(value, Reason) for value in scores.values()):
            return False
        return good_enough(scores, tuple(s for s in self._config.score or () if s.metric in scores)) is None

    def _samples(self, candidate: Candidate) -> tuple[float, float, float]:
        """Samples of an image, bytes they and their source take, seconds of one core."""
        objects, count = self._objects(candidate)
        if not objects:
            return 0.0, 0.0, 0.0
        wanted = count * self._config.samples_per_object
        plans = draw(with_source(candidate, objects=objects), self._config.samples_per_object, 0, self._config.preset)
        begin = time.perf_counter()
        made = [o.value for o in self._distort.process(plans[:DRAWN]) if o.error is None]
        took = time.perf_counter() - begin
        sizes = [(self._folder / value["file"]).stat().st_size for value in made if "file" in value]
        source = self._folder / candidate.source.file
        each = sum(sizes) / len(sizes) if sizes else 0.0
        return (
            wanted,
            (source.stat().st_size if source.exists() else 0) + wanted * each,
            took * wanted / len(plans[:DRAWN]),
        )

    def _objects(self, candidate: Candidate) -> tuple[tuple[SceneObject, ...], float]:
        """Objects to distort, and how many the build would have: the annotated ones, or one in the image's middle."""
        source = candidate.source
        if self._config.objects == "whole-image":
            return (whole_image(source),), 1
        if self._annotations is None:
            box = (source.width // 4, source.height // 4, 3 * source.width // 4, 3 * source.height // 4)
            return (SceneObject("object", box),), OBJECTS
        found = self._annotations.objects_of(source)
        if isinstance(found, Reason):
            return (), 0
        objects, _ = select_objects(found[0], self._config.filters)
        return (objects, len(objects)) if enough_objects(objects, self._config.filters) is None else ((), 0)


def _spread(files: Sequence[SourceFile], most: int) -> list[SourceFile]:
    """At most so many files, evenly spread."""
    count = min(len(files), most)
    return [files[int((k + 0.5) * len(files) / count)] for k in range(count)]


def _decodable(stage: Stage[SourceFile], files: Iterable[SourceFile], executor: Executor) -> set[str]:
    """Names of the files that decode, found in processes of their own."""
    done = executor.run(stage, stage.batches(files))
    return {
        file.name
        for batch, outcomes in done
        for file, outcome in zip(batch, outcomes, strict=True)
        if not outcome.error
    }
