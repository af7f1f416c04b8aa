"""The build: the chain of stages into a dataset directory, then the export.

Killed at any moment and started again, it ends with the same bytes; run again, it does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from perception20k.annotations import FORMATS
from perception20k.config import Config, located
from perception20k.core.errors import UserError
from perception20k.core.files import clear_leftovers, write_text
from perception20k.core.hashed_set import HashedSet
from perception20k.core.lock import held
from perception20k.core.reporting import Reporter
from perception20k.core.spill_list import SpillList
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import prune
from perception20k.dataset.records import Sample, each_sample
from perception20k.execution.stage import Executor
from perception20k.models.detectors.class_detector import check_detector
from perception20k.pipeline.chain import Chain
from perception20k.pipeline.scenes import SceneTable
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.stages.annotate import AnnotatedPhotos
from perception20k.pipeline.stages.credit import CreditTable
from perception20k.pipeline.stages.score import ScoreTable
from perception20k.pipeline.stages.sources import Candidate
from perception20k.pipeline.stamp import inputs_of, read_stamp, write_stamp
from perception20k.publish.export import DamagedImages, Exported, export
from perception20k.publish.parts import read_parts
from perception20k.publish.provenance import metric_notes
from perception20k.saved_config import changed_keys, dump_config, portable
from perception20k.storage.remote import is_url


@dataclass(frozen=True)
class Built:
    """What a build did."""

    exported: Exported | None
    """None when the run was limited to less (``--dry-run``, ``--only``)."""
    source_images: int
    items_processed: int
    """Items that no earlier run had done."""


def build(
    config: Config,
    out: Path,
    executor: Executor,
    *,
    scope: BuildScope | None = None,
    sources: tuple[str, ...] = (),
    force: bool = False,
    allow_unverified: bool = False,
    reporter: Reporter | None = None,
) -> Built:
    """Build, resume or extend the dataset in ``out``.

    Args:
        config: what to build.
        out: the dataset directory, made if it is not there.
        executor: where the work is done; the result never depends on it.
        scope: how much of it; by default all.
        sources: where the configuration's sources lie now, if they have moved; it is still the same configuration.
        force: continue even if ``out`` is a finished dataset of another configuration.
        allow_unverified: export although deletions of the review have not been verified.
        reporter: where progress goes.

    Raises:
        UserError: bad input; ``out`` holds something else, or is a finished dataset of another configuration.
    """
    layout, scope, reporter = Layout(out), scope or BuildScope(), reporter or Reporter()
    _check_stage(config, scope.only)
    check_inputs(config)
    if changed := _check_directory(layout, config, force):
        reporter.line(
            f"{out}: an unfinished build goes on with another configuration (different: {', '.join(changed)})"
        )
    if config.detector is not None and scope.includes("detect") and not layout.manifest.is_file():
        check_detector(config.detector)
    # One build at a time: a second one would pay for the same API answers.
    with nullcontext() if scope.dry_run else held(layout.work / "lock", str(layout.root)):
        if not scope.dry_run:
            clear_leftovers(layout.root)
            write_text(layout.local_config, dump_config(config))
            if not layout.recipe.is_file():  # else the export writes it, beside the recipe that it belongs to
                write_text(layout.config, dump_config(portable(config)))
        here = replace(config, sources=sources or config.sources)
        whole = scope == BuildScope() and not force
        inputs = inputs_of(here, layout) if whole else ""
        if whole and (done := read_stamp(layout, inputs)):
            return Built(Exported(done["samples"], done["rft"], done["review"], False), done["source_images"], 0)
        _read_inputs(config)
        chain = Chain(here, layout, executor, scope, reporter)
        try:
            images, made = chain.run()
            if scope.only and not scope.dry_run:
                chain.quarantine.write(layout.quarantine, ("inputs", scope.only))
            if scope.dry_run or scope.only:
                return Built(None, len(images), chain.items_processed)
            try:
                built = _finish(chain, config, images, made, force=force, allow_unverified=allow_unverified)
            except DamagedImages as found:
                reporter.line(f"{len(found.files)} images are missing or damaged and are made again")
                _set_aside(layout, found.files)
                made = chain.make_samples(images)
                if lost := [name for name in found.files if not (layout.root / name).is_file()]:
                    raise UserError(
                        f"{layout.root}: {len(lost)} damaged images could not be made again: {', '.join(lost[:3])}",
                        "Put their source files back and run the same build again",
                    ) from None
                built = _finish(chain, config, images, made, force=force, allow_unverified=allow_unverified)
            if whole and chain.settled and built.exported:
                done = asdict(built.exported) | {"source_images": built.source_images}
                write_stamp(layout, inputs, done)
            return built
        finally:
            chain.journal.close()


def _finish(
    chain: Chain,
    config: Config,
    images: Iterable[Candidate],
    samples: SpillList[Sample],
    *,
    force: bool,
    allow_unverified: bool,
) -> Built:
    """Remove images the dataset no longer uses, and export the rest."""
    layout = chain.layout
    used = HashedSet(sample.image_id for sample in samples)
    kept = (image.source for image in images if image.source.image_id in used)
    sources = SpillList(replace(s, file_sha256=chain.rewritten.get(s.image_id, s.file_sha256)) for s in kept)
    _refuse_loss(layout, samples, chain.scope.limit, force)
    chain.quarantine.write(layout.quarantine)
    if not samples:
        raise UserError(f"{layout.root}: no sample could be made", f"See why in {layout.quarantine}")
    prune(layout, layout.source_images, HashedSet(source.file for source in sources))
    prune(layout, layout.distorted_images, HashedSet(sample.file for sample in samples))
    executor, reporter = chain.executor, chain.totals
    exported = export(layout, config, samples, sources, executor, allow_unverified=allow_unverified, reporter=reporter)
    return Built(exported, len(sources), chain.items_processed)


def _set_aside(layout: Layout, names: list[str]) -> None:
    """Move damaged images among the working files: what cannot be made again is not thrown away."""
    for name in names:
        if (layout.root / name).exists():
            (layout.work / "damaged").mkdir(exist_ok=True)
            (layout.root / name).replace(layout.work / "damaged" / PurePosixPath(name).name)


def check_inputs(config: Config) -> None:
    """Refuse an unknown metric, a missing annotation file or table, before the first photo is decoded.

    Raises:
        UserError: names what is wrong.
    """
    metric_notes(config.score)
    tables = [score.table for score in config.score or ()]
    named = {"scenes": config.scenes, "split": config.split, "credits: table": config.credits.table}
    named |= {f"score[{place}]: table": table for place, table in enumerate(tables)}
    if config.annotations is not None:
        key, spec = config.annotations.given
        form = FORMATS[key]
        if form.is_folder and not located(spec).is_dir():
            hint = f"The config's 'annotations: {key}' is {form.path}"
            raise UserError(f"{located(spec)}: no such folder", hint, code=2)
        if not form.is_folder and not (form.anywhere and (is_url(spec) or located(spec).is_dir())):
            named["annotations"] = spec
    for name, file in named.items():
        if file and not located(file).is_file():
            raise UserError(f"{located(file)}: no such file", f"Check the config's '{name}'", code=2)


def _read_inputs(config: Config) -> None:
    """Read the annotations and every table once: what is wrong in them is told before hours of decoding, not after."""
    for score in config.score or ():
        if score.table:
            ScoreTable(score)
    SceneTable(located(config.scenes) if config.scenes else None)
    CreditTable(config.credits)
    if config.split:
        read_parts(located(config.split))
    if config.annotations is not None:
        AnnotatedPhotos(*config.annotations.given)


def _check_stage(config: Config, only: str | None) -> None:
    """Refuse ``--only`` for a stage that this config does not use."""
    if only in ("describe", "detect") and config.annotations is not None:
        raise UserError(f"--only {only}: the objects of this config come from annotations", code=2)
    if only in ("describe", "detect") and config.objects == "whole-image":
        raise UserError(f"--only {only}: this config has no objects, the whole image is distorted", code=2)
    if only == "describe" and config.describe is None:
        raise UserError("--only describe: the objects of this config are found by a detector alone", code=2)
    if only == "score" and all(score.table for score in config.score or ()):
        raise UserError("--only score: this config has no metric to compute", code=2)


def _check_directory(layout: Layout, config: Config, force: bool) -> list[str]:
    """Refuse what is not a dataset, or is one of another configuration; the keys in which an unfinished one differs."""
    root = layout.root
    if root.exists() and not root.is_dir():
        raise UserError(f"{root}: is a file", "Name a directory with --out")
    if not root.exists() or all(path == layout.work or path.suffix == ".tmp" for path in root.iterdir()):
        return []  # new, or a first start that ended before it had written its configuration
    if not layout.work.is_dir() or not layout.config.is_file():
        raise UserError(f"{root}: not empty, and not a Perception20K dataset", "Name a new directory with --out")
    keys = [] if force else changed_keys(layout.config, config)
    if keys and layout.recipe.is_file():
        more = {
            "sources": ". If the sources were only moved, keep the config and give their new location with --sources",
            "max_side": ". To continue with a dataset built before 0.2, write max_side: null into the config",
        }
        raise UserError(
            f"{root}: was built with another configuration (different: {', '.join(keys)})",
            "Name a new directory with --out, or rebuild this one with --force"
            + (more.get(keys[0], "") if len(keys) == 1 else ""),
        )
    return keys


def _refuse_loss(layout: Layout, samples: SpillList[Sample], limit: int | None, force: bool) -> None:
    """Refuse to drop samples of an earlier build without ``--force``: people may have reviewed them."""
    if force or not layout.recipe.is_file():
        return
    made = HashedSet(sample.sample_id for sample in samples)
    gone = sum(sample.sample_id not in made for sample in each_sample(layout.recipe))
    if gone:
        why = f"--limit {limit} leaves them out" if limit else "their source files or annotations have changed"
        raise UserError(
            f"{layout.root}: {gone} samples of the dataset would be removed: {why}",
            "Continue with --force, or name a new directory with --out"
            if limit
            else "Put them back, or continue with --force",
        )
