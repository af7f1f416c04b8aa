"""The build: every stage in order, from photos and videos to an exported dataset.

It reads like the paper's paragraph: find the source images, keep the good ones, take their objects and boxes,
draw distortions, make the samples, split, export. Killed at any moment and started again, it ends with the same
bytes; run again, it does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.config import Config, dump_config, located
from perception20k.errors import UserError
from perception20k.executor import Executor
from perception20k.export import Exported, Say, export
from perception20k.files import clear_leftovers, write_text
from perception20k.journal import Journal
from perception20k.layout import Layout
from perception20k.manifest import prune
from perception20k.records import Sample, read_samples
from perception20k.stages.annotate import CocoAnnotations
from perception20k.stages.base import run_stage
from perception20k.stages.distort import Distort
from perception20k.stages.draw import Plan, draw
from perception20k.stages.filters import enough_objects, select_objects
from perception20k.stages.score import ScoreStage, good_enough
from perception20k.stages.sources import (
    Candidate,
    Ingest,
    candidates_of,
    discover,
    drop_duplicates,
    with_source,
)


@dataclass(frozen=True)
class Built:
    """What a build did."""

    exported: Exported
    source_images: int
    worked: int
    """Items that had to be worked on; the others were done by an earlier run."""


class _Build:
    """One run of the pipeline over one dataset directory."""

    def __init__(self, config: Config, layout: Layout, executor: Executor, *, say: Say, progress: bool) -> None:
        self.config, self.layout, self.executor = config, layout, executor
        self.say, self.progress = say, progress
        self.worked = 0
        self.left_out: dict[str, list[dict[str, str]]] = {}
        self.journal = Journal(layout.journal)

    def run(self, *, force: bool, allow_unverified: bool) -> Built:
        candidates = self.find_sources()
        candidates = self.keep_good(candidates)
        candidates = self.take_objects(candidates)
        samples = self.make_samples(candidates)
        used = {s.image_id for s in samples}
        sources = [c.source for c in candidates if c.source.image_id in used]
        self.refuse_loss(samples, force)
        self.write_quarantine()
        prune(self.layout, self.layout.source_images, {s.file for s in sources})
        prune(self.layout, self.layout.distorted_images, {s.file for s in samples})
        exported = export(self.layout, self.config, samples, sources, allow_unverified=allow_unverified, say=self.say)
        return Built(exported, len(sources), self.worked)

    def find_sources(self) -> list[Candidate]:
        """Decode every photo and video; drop what cannot be read and what is there twice."""
        found = list(discover(self.config.sources))
        stage = Ingest(self.config.max_frames_per_video)
        candidates: list[Candidate] = []
        for item, value in self._run(stage, found, [item.name for item in found]):
            candidates += candidates_of(item, value)
        kept, dropped = drop_duplicates(candidates)
        self.drop("sources", dropped)
        self.say(f"Sources: {len(kept)} images from {len(found)} files")
        return kept

    def keep_good(self, candidates: list[Candidate]) -> list[Candidate]:
        """Score every image; keep those on which all metrics agree."""
        wanted = self.config.score
        if not wanted:
            return candidates
        kept = []
        for candidate, scores in self._run(ScoreStage(wanted), candidates, _origins(candidates)):
            keep, reason = good_enough(scores, wanted)
            if keep:
                kept.append(with_source(candidate, scores=scores))
            else:
                self.drop("score", [(candidate.source.origin, reason)])
        self.say(f"Score: {len(kept)} of {len(candidates)} images are good enough")
        return kept

    def take_objects(self, candidates: list[Candidate]) -> list[Candidate]:
        """Objects and boxes, filtered by size and overlap; keep scenes with enough distinct objects."""
        annotations = CocoAnnotations(located(self.config.annotations.coco))
        kept = []
        for candidate in candidates:
            source, reason = annotations.objects_of(candidate.source)
            if source is None:
                self.drop("objects", [(candidate.source.origin, reason)])
                continue
            objects, dropped = select_objects(source, self.config.filters)
            self.drop("objects", [(f"{source.origin}: {name}", why) for name, why in dropped])
            keep, reason = enough_objects(objects, self.config.filters)
            if keep:
                kept.append(with_source(Candidate(candidate.path, source), objects=objects))
            else:
                self.drop("objects", [(source.origin, reason)])
        self.say(f"Objects: {len(kept)} images with {sum(len(c.source.objects) for c in kept)} objects")
        return kept

    def make_samples(self, candidates: list[Candidate]) -> list[Sample]:
        """Draw the distortions and make the samples; drop those nobody could see."""
        config = self.config
        plans: list[Plan] = []
        for candidate in candidates:
            plans += draw(candidate, config.samples_per_object, config.seed)
        stage = Distort(self.layout.root, config.preset, config.filters)
        samples: list[Sample] = []
        names = [f"{p.candidate.source.origin}: {p.item.name}: {p.type} {p.severity}" for p in plans]
        for plan, made in self._run(stage, plans, names):
            if "dropped" in made:
                name = f"{plan.candidate.source.origin}: {plan.item.name}: {plan.type} {plan.severity}"
                self.drop("distort", [(name, made["dropped"])])
            else:
                samples.append(stage.sample(plan, made))
        self.say(f"Samples: {len(samples)} of {len(plans)} drawn are visible")
        return samples

    def refuse_loss(self, samples: list[Sample], force: bool) -> None:
        """Refuse to drop samples that an earlier build made, unless told to: people may have judged them."""
        if force or not self.layout.recipe.is_file():
            return
        gone = {s.sample_id for s in read_samples(self.layout.recipe)} - {s.sample_id for s in samples}
        if gone:
            raise UserError(
                f"{self.layout.root}: {len(gone)} samples of the dataset would be removed, their source files or "
                "annotations have changed",
                "Put them back, or go on with --force",
            )

    def drop(self, stage: str, dropped: Sequence[tuple[str, str]]) -> None:
        """Note what was filtered out."""
        rows = self.left_out.setdefault(stage, [])
        rows += [{"stage": stage, "item": item, "reason": reason} for item, reason in dropped]

    def write_quarantine(self) -> None:
        """``quarantine/<stage>.jsonl``: what failed and what was filtered out, in the pipeline's order."""
        for stage, rows in self.left_out.items():
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            path = self.layout.quarantine / f"{stage}.jsonl"
            if rows:
                _write_if_new(path, lines)
            else:
                path.unlink(missing_ok=True)

    def _run(self, stage: Any, items: list[Any], names: list[str]) -> list[tuple[Any, Any]]:
        """Run a stage; the items that succeeded with their values, the others noted in the quarantine."""
        outcomes, tally = run_stage(stage, items, self.journal, self.executor, progress=self.progress)
        self.worked += tally.total - tally.cached
        rows = self.left_out.setdefault(stage.name, [])
        done = []
        for item, name, outcome in zip(items, names, outcomes, strict=True):
            if outcome.error is None:
                done.append((item, outcome.value))
            else:
                rows.append({"stage": stage.name, "item": name, "error": outcome.error})
        return done


def build(
    config: Config,
    out: Path,
    executor: Executor,
    *,
    force: bool = False,
    allow_unverified: bool = False,
    say: Say = print,
    progress: bool = True,
) -> Built:
    """Build, resume or extend the dataset in ``out``.

    Args:
        config: what to build.
        out: the dataset directory, made if it is not there.
        executor: where the work is done; the result never depends on it.
        force: go on although ``out`` was built with another configuration.
        allow_unverified: export although deletions of the review have not been verified.
        say: where progress lines go.
        progress: show bars.

    Raises:
        UserError: bad input; ``out`` holds something else, or was built with another configuration.
    """
    layout = Layout(out)
    _check_directory(layout, config, force)
    layout.work.mkdir(parents=True, exist_ok=True)
    clear_leftovers(layout.root)
    write_text(layout.config, dump_config(config))
    run = _Build(config, layout, executor, say=say, progress=progress)
    try:
        return run.run(force=force, allow_unverified=allow_unverified)
    finally:
        run.journal.close()


def _check_directory(layout: Layout, config: Config, force: bool) -> None:
    root = layout.root
    if root.exists() and not root.is_dir():
        raise UserError(f"{root}: is a file", "Name a directory with --out")
    if not root.exists() or not any(root.iterdir()):
        return
    if not layout.work.is_dir() or not layout.config.is_file():
        raise UserError(f"{root}: not empty and not a dataset of ours", "Name a new directory with --out")
    before = layout.config.read_text(encoding="utf-8")
    if before != dump_config(config) and not force:
        changed = [a.split(":")[0] for a in dump_config(config).splitlines() if a not in before.splitlines()]
        keys = ", ".join(dict.fromkeys(key.strip(" -") for key in changed)) or "fewer keys"
        raise UserError(
            f"{root}: was built with another configuration (different: {keys})",
            "Name a new directory with --out, or replace it with --force",
        )


def _origins(candidates: list[Candidate]) -> list[str]:
    return [candidate.source.origin for candidate in candidates]


def _write_if_new(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
