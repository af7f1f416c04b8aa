"""The chain of stages, from photos and videos to samples.

It reads like the paper's paragraph: find the source images, keep the good ones, take their objects and boxes,
draw distortions, make the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from perception20k.config import Config, Detect, Objects, Score, located
from perception20k.core.hashed_set import HashedSet
from perception20k.core.reporting import SILENT, Reporter
from perception20k.core.spill_list import SpillList
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import Quarantine, Reason
from perception20k.dataset.records import Sample
from perception20k.execution.journal import Journal
from perception20k.execution.run import run_stage
from perception20k.execution.stage import Executor, NullExecutor, Stage
from perception20k.pipeline.estimate import ApiCost
from perception20k.pipeline.scenes import SceneTable, distinct, find_scenes
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.stages.annotate import AnnotatedPhotos
from perception20k.pipeline.stages.credit import CreditTable
from perception20k.pipeline.stages.describe import DescribeStage, Named, read_answer
from perception20k.pipeline.stages.detect import DetectClassesStage, DetectStage, confident, salient
from perception20k.pipeline.stages.discover import VIDEO_SUFFIXES, discover
from perception20k.pipeline.stages.distort import Distort
from perception20k.pipeline.stages.draw import draw
from perception20k.pipeline.stages.filters import enough_objects, large_enough, select_objects, whole_image
from perception20k.pipeline.stages.score import ScoreStage, ScoreTable, good_enough
from perception20k.pipeline.stages.sources import (
    Candidate,
    Ingest,
    candidates_of,
    check_decoders,
    duplicates,
    with_source,
)
from perception20k.pipeline.unused import UnusedInputs
from perception20k.publish.parts import read_parts


class Chain:
    """One run of the stages over one dataset directory.

    Attributes:
        items_processed: items that no earlier run had done.
        settled: whether no item failed in a way that the next run tries again.
        max_pending: at most how many images the earlier stages may still add.
        rewritten: digests of source files that another version encoded than first read them, by ``image_id``.
    """

    def __init__(
        self, config: Config, layout: Layout, executor: Executor, scope: BuildScope, reporter: Reporter
    ) -> None:
        self.config, self.layout, self.executor, self.scope = config, layout, executor, scope
        self.reporter = reporter
        self.flat = layout.is_flat()
        self.totals = SILENT if scope.dry_run else reporter  # a dry run does not know them yet
        self.items_processed = self.max_pending = 0
        self.settled = True
        self.names: SpillList[str] = SpillList()  # of every file and keyframe, for matching tables
        self.quarantine = Quarantine()
        self.unused = UnusedInputs(self.quarantine)
        self.journal = Journal(layout.journal if layout.journal.is_file() or not scope.dry_run else None)
        if scope.retry_failed:
            self.journal.forget_failures(None if scope.retry_failed == "all" else scope.retry_failed)

    def run(self) -> tuple[SpillList[Candidate], SpillList[Sample]]:
        """All stages: the images that were kept and the samples made of them."""
        images = self.credit(self.take_objects(self.keep_good(self.find_sources())))
        if self.unused.line:
            self.totals.line(self.unused.line)
        return images, self.make_samples(images)

    def find_sources(self) -> SpillList[Candidate]:
        """Decode every photo and video; drop unreadable files and duplicates."""
        everything = SpillList(discover(self.config.sources, self.layout.root, self.unused.unread))
        self.names = SpillList(file.name for file in everything)
        found = SpillList(islice(everything, self.scope.limit))
        check_decoders(found)
        decoded: SpillList[Candidate] = SpillList()
        stage = Ingest(self.config.max_frames_per_video, self.config.max_side, self.flat, self.config.image_format)
        for item, records in self._run(stage, found, lambda item: item.name):
            for record in records:
                if "dropped" in record:
                    self.quarantine.drop("sources", record["origin"], Reason("look_alike", record["dropped"]))
            for candidate in candidates_of(item, records):
                decoded.append(candidate)
                if candidate.source.frame is not None:
                    self.names.append(candidate.source.origin)
        if self.max_pending:
            videos = sum(file.path.suffix.lower() in VIDEO_SUFFIXES for file in found)
            self.max_pending += (self.config.max_frames_per_video - 1) * min(self.max_pending, videos)
        unlike = distinct(decoded) if self.config.near_duplicates == "drop" else ((c, None) for c in decoded)
        judged = (
            (candidate, duplicate or large_enough(candidate.source, self.config.filters) or near)
            for (candidate, duplicate), (_, near) in zip(duplicates(decoded), unlike, strict=True)
        )
        kept = self._kept("sources", judged)
        self.unused.partial = bool(self.max_pending) or len(found) < len(everything)
        table = SceneTable(located(self.config.scenes) if self.config.scenes else None, self.names)
        self.unused.unmatched(self.config.scenes, table.names.unmatched())
        if self.config.split and not self.unused.partial:
            known = HashedSet(chain(self.names, (candidate.source.image_id for candidate in decoded)))
            parts = read_parts(located(self.config.split))
            self.unused.unmatched(self.config.split, (name for name in parts if name not in known))
        scenes = find_scenes(kept, table)
        kept = SpillList(
            replace(with_source(candidate, scene=scene), fingerprint="")
            for candidate, scene in zip(kept, scenes, strict=True)
        )
        self.totals.line(f"Sources: {len(kept)} images of {len(set(scenes))} scenes from {len(found)} files")
        return kept

    def keep_good(self, candidates: SpillList[Candidate]) -> SpillList[Candidate]:
        """Score every image; keep those on which all metrics agree."""
        wanted = self.config.score
        if not wanted:
            return candidates
        scored = candidates
        for score in wanted:
            by_image = self.qualities(score, scored)
            scored = SpillList(with_source(c, scores={**c.source.scores, score.metric: value}) for c, value in by_image)
        kept = self._kept("score", ((c, good_enough(c.source.scores, wanted)) for c in scored))
        self.totals.line(f"Score: {len(kept)} of {len(candidates)} images are good enough")
        return kept

    def qualities(self, score: Score, candidates: SpillList[Candidate]) -> Iterator[tuple[Candidate, float]]:
        """Quality by a built-in metric, or from a user-supplied table."""
        if score.table is None:
            return (yield from self._run(ScoreStage(score.metric), candidates, _origin))
        table = ScoreTable(score, self.names)
        self.unused.unmatched(score.table, table.names.unmatched())
        for candidate in candidates:
            found = table.find(candidate.source)
            if isinstance(found, Reason):
                self.quarantine.drop("score", candidate.source.origin, found)
            else:
                yield candidate, found

    def take_objects(self, candidates: SpillList[Candidate]) -> SpillList[Candidate]:
        """Objects and boxes, filtered by size and overlap; keep images with enough distinct objects."""
        if self.config.objects == "whole-image":
            return SpillList(with_source(c, objects=(whole_image(c.source),)) for c in candidates)

        def judged() -> Iterator[tuple[Candidate, Reason | None]]:
            for candidate in self.with_objects(candidates):
                objects, dropped = select_objects(candidate.source, self.config.filters)
                self._drop_objects("objects", candidate.source.origin, dropped)
                yield with_source(candidate, objects=objects), enough_objects(objects, self.config.filters)

        kept = self._kept("objects", judged())
        count = sum(len(candidate.source.objects) for candidate in kept)
        self.totals.line(f"Objects: {len(kept)} images with {count} objects")
        return kept

    def credit(self, candidates: SpillList[Candidate]) -> SpillList[Candidate]:
        """Candidates with licence and author."""
        table = CreditTable(self.config.credits, self.names)
        self.unused.unmatched(self.config.credits.table, table.names.unmatched())
        return SpillList(replace(candidate, source=table.credited(candidate.source)) for candidate in candidates)

    def with_objects(self, candidates: SpillList[Candidate]) -> Iterator[Candidate]:
        """Candidates with all objects known of them: from annotations, from a detector, or named and then boxed."""
        if self.config.annotations:
            return self.annotated(candidates)
        if self.config.detector:
            return self.found(candidates, self.config.detector)
        return self.detected(self.described(candidates))

    def annotated(self, candidates: SpillList[Candidate]) -> Iterator[Candidate]:
        """Candidates with the objects of their annotations."""
        assert self.config.annotations is not None
        key, spec = self.config.annotations.given
        annotations = AnnotatedPhotos(key, spec, self.names)
        self.unused.unmatched(spec, annotations.unmatched())
        for candidate in candidates:
            found = annotations.objects_of(candidate.source)
            if isinstance(found, Reason):
                self.quarantine.drop("objects", candidate.source.origin, found)
                continue
            source, refused = found
            self._drop_objects("objects", source.origin, refused)
            yield Candidate(candidate.path, source)

    def described(self, candidates: SpillList[Candidate]) -> SpillList[Named]:
        """Candidates with the phrases a vision-language model names their objects by."""
        assert self.config.describe is not None
        named: SpillList[Named] = SpillList()
        wanted = self.config.filters.min_objects
        stage = DescribeStage(self.config.describe)
        paid = stage.place == "threads" and self.scope.includes(stage.name)
        if due := paid and sum(self.journal.get(stage.name, stage.key(c)) is None for c in candidates):
            cost = ApiCost(self.config.describe, due)
            self.reporter.line(f"Describe: estimated {cost} ({cost.assumed})")
        for candidate, answer in self._run(stage, candidates, _origin):
            origin = candidate.source.origin
            parsed = read_answer(answer["text"])
            if isinstance(parsed, Reason):
                self.quarantine.drop("describe", origin, parsed)
                continue
            phrases, refused = parsed
            self._drop_objects("describe", origin, refused)
            if len(phrases) >= wanted:
                named.append(Named(candidate, phrases))
            else:
                text = f"{len(phrases)} distinct subjects named, fewer than {wanted}"
                self.quarantine.drop("describe", origin, Reason("too_few_objects", text, len(phrases)))
        self.totals.line(f"Describe: {len(named)} of {len(candidates)} images have enough objects")
        return named

    def detected(self, named: SpillList[Named]) -> Iterator[Candidate]:
        """Candidates with the boxes a detector finds for their phrases."""
        assert self.config.detect is not None
        for item, found in self._run(DetectStage(self.config.detect), named, lambda item: _origin(item.candidate)):
            objects, dropped = confident(found, self.config.detect.threshold)
            self._drop_objects("detect", _origin(item.candidate), dropped)
            yield with_source(item.candidate, objects=objects)

    def found(self, candidates: SpillList[Candidate], wanted: Objects) -> Iterator[Candidate]:
        """Candidates with what a detector finds by itself, of its own classes or of the configured phrases."""
        rows: Iterator[tuple[Candidate, Any]]
        if wanted.phrases:
            named = SpillList(Named(candidate, wanted.phrases) for candidate in candidates)
            stage = DetectStage(Detect(wanted.model, wanted.revision))
            asked = self._run(stage, named, lambda item: _origin(item.candidate))
            rows = ((item.candidate, boxes) for item, boxes in asked)
        else:
            rows = self._run(DetectClassesStage(wanted), candidates, _origin)
        for candidate, boxes in rows:
            objects, dropped = salient(candidate.source, boxes, wanted, self.config.filters)
            self._drop_objects("detect", _origin(candidate), dropped)
            yield with_source(candidate, objects=objects)

    def make_samples(self, candidates: SpillList[Candidate]) -> SpillList[Sample]:
        """Draw the distortions and make the samples; drop invisible ones."""
        config = self.config
        self.quarantine.clear("distort", "redrawn")
        self.rewritten: dict[str, str] = {}
        drawn = (draw(c, config.samples_per_object, config.seed, config.preset) for c in candidates)
        plans = SpillList(chain.from_iterable(drawn))
        # Absolute, because workers on another machine start in another folder.
        stage = Distort(self.layout.root.absolute(), config.preset, config.filters, self.flat, config.image_format)
        samples: SpillList[Sample] = SpillList()
        for plan, made in self._run(stage, plans, lambda plan: plan.title):
            if "dropped" in made:
                reason = Reason(made.get("rule", "invisible"), made["dropped"], made.get("value"))
                self.quarantine.drop("distort", plan.title, reason)
            else:
                samples.append(stage.sample(plan, made))
                if "source_sha256" in made:
                    self.rewritten[plan.candidate.source.image_id] = made["source_sha256"]
                if "redrawn" in made:
                    text = f"{made['why']}; redrawn as {made['redrawn']['type']} {made['redrawn']['severity']}"
                    self.quarantine.drop("redrawn", plan.title, Reason("denied", text))
        self.totals.line(f"Samples: {len(samples)} of {len(plans)} drawn are visible")
        return samples

    def _kept(self, stage: str, judged: Iterable[tuple[Candidate, Reason | None]]) -> SpillList[Candidate]:
        """The candidates that there is no reason to drop; the others are noted in the quarantine."""
        kept: SpillList[Candidate] = SpillList()
        for candidate, reason in judged:
            if reason is None:
                kept.append(candidate)
            else:
                self.quarantine.drop(stage, candidate.source.origin, reason)
        return kept

    def _drop_objects(self, stage: str, origin: str, dropped: list[tuple[str, Reason]]) -> None:
        for name, reason in dropped:
            self.quarantine.drop(stage, f"{origin}: {name}", reason)

    def _run(self, stage: Stage[Any], items: SpillList[Any], name: Callable[[Any], str]) -> Iterator[tuple[Any, Any]]:
        """Run a stage; the items that succeeded with their values, the others noted in the quarantine."""
        executor = self.executor if self.scope.includes(stage.name) else NullExecutor()
        results, tally = run_stage(stage, items, self.journal, executor, reporter=self.reporter)
        self.items_processed += tally.done
        self.settled &= not tally.passing
        if self.scope.dry_run or self.scope.only:
            calls = f" = {tally.due} API calls, not counting retries" if stage.place == "threads" else ""
            done = f"{tally.cached} done before, {tally.done} now, {tally.failed} of them failed"
            more = f"; up to {self.max_pending} more images may come from earlier stages" if self.max_pending else ""
            self.reporter.line(f"{stage.title}: {tally.total} known, {done}; {tally.due} to do{calls}{more}")
        self.max_pending += tally.due
        self.quarantine.open(stage.name)
        for item, outcome in results:
            if outcome.error is None:
                yield item, outcome.value
            else:
                self.quarantine.fail(stage.name, name(item), outcome.error)


def _origin(candidate: Candidate) -> str:
    return candidate.source.origin
