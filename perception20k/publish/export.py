"""Export: survivors of the review, split, written as shards with statistics, figures, card and Croissant.

Runs at the end of every build, and alone after a review (``perception20k export``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from shlex import quote

from perception20k.config import Config, load_config, located
from perception20k.core.errors import UserError
from perception20k.core.extras import installed
from perception20k.core.files import digest_of, write_json, write_text, written_aside
from perception20k.core.hashed_set import HashedSet
from perception20k.core.lock import held
from perception20k.core.reporting import Reporter
from perception20k.core.spill_list import Rereadable, SpillList
from perception20k.dataset.decisions import ReviewState, read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import all_present, read_manifest, write_manifest
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import (
    Sample,
    Source,
    each_sample,
    each_source,
    sample_row,
    source_row,
    write_samples,
    write_sources,
)
from perception20k.dataset.shards import plan_shards, write_shard
from perception20k.execution.local import LocalExecutor
from perception20k.execution.stage import Executor
from perception20k.publish.card import card
from perception20k.publish.croissant import croissant
from perception20k.publish.figures import CHARTS, draw_figure, drawings
from perception20k.publish.overview import overview
from perception20k.publish.parts import PARTS, parts_table, recorded_parts, supplied_parts
from perception20k.publish.provenance import metric_notes, objects_note
from perception20k.publish.split import split
from perception20k.publish.stats import statistics
from perception20k.publish.work import file_fault, outcomes
from perception20k.saved_config import changed_keys, dump_config, portable


class DamagedImages(UserError):
    """Images of the dataset that are missing, or whose bytes are not those recorded; ``files`` names them."""

    def __init__(self, layout: Layout, files: list[str]) -> None:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        super().__init__(
            f"{layout.root / files[0]}{more}: missing, or the bytes differ from the recorded digest",
            "Run the same build again: it makes them again from the source files",
        )
        self.files = files


@dataclass(frozen=True)
class Exported:
    """What an export wrote."""

    samples: int
    rft: dict[str, int]
    review: dict[str, int]
    changed: bool
    """False if everything was up to date."""


def export_dataset(
    root: Path,
    executor: Executor | None = None,
    *,
    allow_unverified: bool = False,
    reviewed_only: bool = False,
    reporter: Reporter | None = None,
) -> Exported:
    """Export a dataset again from its recipe, for example after a review.

    Raises:
        UserError: not a dataset; its review has deletions nobody has verified and ``allow_unverified`` is off; nobody
            has reviewed any sample and ``reviewed_only`` is on; another process builds or exports it.
    """
    layout = Layout(root).require()
    choice = {"allow_unverified": allow_unverified, "reviewed_only": reviewed_only}
    with held(layout.work / "lock", str(layout.root)):
        config = _config_of(layout)
        samples, sources = SpillList(each_sample(layout.recipe)), SpillList(each_source(layout.sources))
        return export(layout, config, samples, sources, executor, **choice, reporter=reporter)


def _config_of(layout: Layout) -> Config:
    """The configuration that the recipe was made with, with the places of its files if they are known."""
    if layout.local_config.is_file():
        local = load_config(layout.local_config)
        if not changed_keys(layout.config, local):  # else it is that of a build with --force that has not finished
            return local
    return load_config(layout.config)


def export(
    layout: Layout,
    config: Config,
    samples: Rereadable[Sample],
    sources: Rereadable[Source],
    executor: Executor | None = None,
    *,
    allow_unverified: bool = False,
    reviewed_only: bool = False,
    reporter: Reporter | None = None,
) -> Exported:
    """Split the survivors and write everything that is made from them, the manifest last.

    Args:
        layout: the dataset.
        config: its configuration.
        samples: every sample that was made, those of one source image next to each other.
        sources: the source images they come from, in the same order.
        executor: where images are checked and shards are written; by default here. The bytes do not depend on it.
        allow_unverified: treat deletions that nobody has verified as deletions.
        reviewed_only: leave out what nobody has reviewed.
        reporter: where progress goes.

    Raises:
        DamagedImages: images are missing or damaged; nothing has been written.
        UserError: nobody has verified some deletions, or no sample would be left.
    """
    reporter, executor = reporter or Reporter(), executor or LocalExecutor()
    ids = HashedSet(sample.sample_id for sample in samples)
    state = read_review(layout.decisions).among(ids)
    if state.unverified and not allow_unverified:
        raise UserError(
            f"{layout.root}: {len(state.unverified)} deletions have not been verified",
            "Verify them in the review app (perception20k review), or export with --allow-unverified",
        )
    gone = state.left_out((sample.sample_id for sample in samples), reviewed_only=reviewed_only)
    every, parts = _with_split(layout, config, samples, sources, gone)
    survivors = sum(bool(sample.split) for sample in every)
    if reviewed_only and not survivors:
        raise UserError(
            f"{layout.root}: no sample would be left: people have kept none so far",
            f"Review it first (perception20k review {quote(str(layout.root))}), or export without --reviewed-only",
        )
    if between := len(samples) - survivors - len(gone):
        reporter.line(
            f"Split: {between} samples left out: their photos belong to a scene that is in both parts already"
        )
    review = review_counts(ids, state)
    before = read_manifest(layout)
    fingerprint = _fingerprint(layout, config, every, sources, review)
    has_plots = installed("matplotlib")
    charts_lack = survivors and has_plots and not all((layout.figures / name).is_file() for name in CHARTS)
    if before and before["state"] == fingerprint and all_present(layout) and not charts_lack:
        return Exported(survivors, before["rft_samples"], review, changed=False)

    _check_images(layout, every, sources, executor, reporter)
    layout.manifest.unlink(missing_ok=True)
    write_text(layout.config, dump_config(portable(config)))
    write_text(layout.split, parts)
    with written_aside(layout.recipe) as aside:
        write_samples(aside, every)
    with written_aside(layout.sources) as aside:
        write_sources(aside, sources)
    shards, rft = _write_shards(layout, config, every, sources, executor, reporter)
    if config.test_fraction > 0 and rft.get("test") == 0:
        few = f"too few scenes for test_fraction {config.test_fraction}"
        reporter.line(f"The test part is empty: {few}. More photos fill it, or a larger fraction")
    view = overview(sample for sample in every if sample.split)
    write_json(layout.stats, statistics(view, rft))
    without = "" if has_plots else "; the charts need matplotlib: pip install 'perception20k[plots]'"
    reporter.line(f"Figures and contact sheets{without}")
    figures = list(drawings(view))
    for _ in outcomes("figures", partial(draw_figure, Layout(layout.root.absolute()), view), figures, executor):
        pass
    _replace_all(layout.figures, [layout.figures / name for name in figures])
    used = HashedSet(sample.image_id for sample in every if sample.split)
    licences = sorted({s.licence for s in sources if s.licence and s.image_id in used})
    write_json(layout.croissant, croissant(layout.root.name, layout, shards, licences))
    drops = dict(Counter(row.stage for row in read_quarantine(layout.quarantine)))
    credited = (source for source in sources if source.image_id in used)
    write_text(layout.card, card(layout.root.name, config, view, credited, rft, drops, review, fingerprint))
    about = {
        "rft_samples": rft,
        "review": review,
        # one set of versions, but for a dataset that was continued after an update
        "made_with": [dict(one) for one in sorted({tuple(sorted(sample.made_with.items())) for sample in every})],
        "metrics": metric_notes(config.score),
        "objects": objects_note(config),
    }
    write_manifest(layout, fingerprint, lambda: _digests(every, sources), about)
    return Exported(survivors, rft, review, changed=True)


def review_counts(ids: HashedSet, state: ReviewState) -> dict[str, int]:
    """Numbers of samples: all, reviewed, kept, deleted, and deleted without verification."""
    state = state.among(ids)
    return {
        "samples": len(ids),
        "reviewed": state.reviewed,
        "kept": len(state.kept),
        "deleted": len(state.deleted | state.unverified),
        "unverified": len(state.unverified),
        "unreviewed": len(ids) - state.reviewed,
    }


def _with_split(
    layout: Layout, config: Config, samples: Rereadable[Sample], sources: Rereadable[Source], deleted: frozenset[str]
) -> tuple[SpillList[Sample], str]:
    """The samples with their parts, and the text of ``split.csv``."""
    recorded = recorded_parts(layout)
    # Of a dataset that was shared the table may be missing; what it said is recorded.
    table = located(config.split) if config.split else None
    supplied = supplied_parts(table, sources, recorded) if table and table.is_file() else {}
    scenes = {s.image_id: s.scene or s.image_id for s in sources}
    survivors = (s for s in samples if s.sample_id not in deleted)
    dealt = split(survivors, config.test_fraction, config.seed, scenes=scenes, parts={**supplied, **recorded})
    every = SpillList(replace(s, split="" if s.sample_id in deleted else dealt[s.image_id]) for s in samples)
    return every, parts_table(recorded, dealt, scenes)


def _fingerprint(
    layout: Layout, config: Config, samples: Iterable[Sample], sources: Iterable[Source], review: dict[str, int]
) -> str:
    """Digest of everything that the exported files depend on."""
    settings = asdict(portable(config))
    del settings["image_format"]  # the images' names tell it; datasets of before it keep their digests
    about = [6, settings, review]
    rows = (asdict(row) for row in read_quarantine(layout.quarantine))
    return digest_of(chain([about], map(sample_row, samples), map(source_row, sources), rows))


def _digests(samples: Iterable[Sample], sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    """Path in the dataset and digest of every image."""
    return chain(((s.file, s.file_sha256) for s in samples), ((s.file, s.file_sha256) for s in sources))


def _check_images(
    layout: Layout, samples: Rereadable[Sample], sources: Rereadable[Source], executor: Executor, reporter: Reporter
) -> None:
    fault = partial(file_fault, layout.root.absolute())
    with reporter.progress("images", len(samples) + len(sources), "file") as advance:
        checked = outcomes("files", fault, _digests(samples, sources), executor, advance, batch_size=64)
        if wrong := sorted(name for (name, _), found in checked if found):
            raise DamagedImages(layout, wrong)


def _write_shards(
    layout: Layout,
    config: Config,
    samples: Rereadable[Sample],
    sources: Rereadable[Source],
    executor: Executor,
    reporter: Reporter,
) -> tuple[list[Path], dict[str, int]]:
    plans = [shard for part in PARTS for shard in plan_shards(layout, part, samples, sources)]
    reporter.line(f"Shards: about {sum(shard.distinct for shard in plans) / 1e6:.0f} MB to write")
    counts = dict.fromkeys(PARTS, 0)
    write = partial(write_shard, Layout(layout.root.absolute()), rft_per_sample=config.rft_per_sample, seed=config.seed)
    with reporter.progress("shards", len(plans), "file") as advance:
        for shard, count in outcomes("shards", write, plans, executor, advance):
            counts[shard.split] += count
    written = [layout.root / shard.file for shard in plans]
    _replace_all(layout.shards, written)
    return written, counts


def _replace_all(folder: Path, written: Sequence[Path]) -> None:
    """Remove files of an earlier export that this one did not write."""
    if folder.is_dir():
        for path in set(folder.iterdir()) - set(written):
            path.unlink()
