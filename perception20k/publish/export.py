"""Export: survivors of the review, split, written as shards with statistics, figures, card and Croissant.

Runs at the end of every build, and alone after a review (``perception20k export``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from perception20k.config import Config, load_config, located
from perception20k.core.errors import UserError
from perception20k.core.files import digest, write_json, write_text, written_aside
from perception20k.core.reporting import Reporter
from perception20k.dataset.decisions import ReviewState, read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import all_present, damaged, read_manifest, write_manifest
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import (
    Sample,
    Source,
    read_samples,
    read_sources,
    sample_row,
    samples_table,
    source_row,
    sources_table,
)
from perception20k.dataset.shards import expected_bytes, write_shards
from perception20k.publish.card import card
from perception20k.publish.croissant import croissant
from perception20k.publish.figures import CHARTS, draw_figures, has_plots
from perception20k.publish.parts import parts_table, recorded_parts, supplied_parts
from perception20k.publish.provenance import metric_notes, objects_note
from perception20k.publish.split import split
from perception20k.publish.stats import statistics
from perception20k.saved_config import portable


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


def export_dataset(root: Path, *, allow_unverified: bool = False, reporter: Reporter | None = None) -> Exported:
    """Export a dataset again from its recipe, for example after a review.

    Raises:
        UserError: not a dataset, or its review has deletions nobody has verified and ``allow_unverified`` is off.
    """
    layout = Layout(root).require()
    config = load_config(layout.local_config if layout.local_config.is_file() else layout.config)
    samples, sources = read_samples(layout.recipe), read_sources(layout.sources)
    return export(layout, config, samples, sources, allow_unverified=allow_unverified, reporter=reporter)


def export(
    layout: Layout,
    config: Config,
    samples: Sequence[Sample],
    sources: Sequence[Source],
    *,
    allow_unverified: bool = False,
    reporter: Reporter | None = None,
) -> Exported:
    """Split the survivors and write everything that is made from them, the manifest last.

    Args:
        layout: the dataset.
        config: its configuration.
        samples: every sample that was made, those of one source image next to each other.
        sources: the source images they come from.
        allow_unverified: treat deletions that nobody has verified as deletions.
        reporter: where progress goes.

    Raises:
        DamagedImages: images are missing or damaged; nothing has been written.
        UserError: nobody has verified some deletions.
    """
    reporter = reporter or Reporter()
    state = read_review(layout.decisions).among({sample.sample_id for sample in samples})
    if state.unverified and not allow_unverified:
        raise UserError(
            f"{layout.root}: {len(state.unverified)} deletions have not been verified",
            "Verify them in the review app (perception20k review), or export with --allow-unverified",
        )
    every, parts = _with_split(layout, config, samples, sources, state.deleted | state.unverified)
    survivors = [s for s in every if s.split]
    between = len(samples) - len(survivors) - len((state.deleted | state.unverified) & {s.sample_id for s in samples})
    if between:
        reporter.line(
            f"Split: {between} samples left out: their photos belong to a scene that is in both parts already"
        )
    review = review_counts(every, state)
    before = read_manifest(layout)
    rows = list(read_quarantine(layout.quarantine))
    fingerprint = digest(
        [
            5,
            asdict(portable(config)),
            [sample_row(s) for s in every],
            [source_row(s) for s in sources],
            review,
            [asdict(row) for row in rows],
        ]
    )
    charts_lack = bool(survivors) and has_plots() and not all((layout.figures / name).is_file() for name in CHARTS)
    if before and before["state"] == fingerprint and all_present(layout, before["files"]) and not charts_lack:
        return Exported(len(survivors), before["rft_samples"], review, changed=False)

    known = {s.file: s.file_sha256 for s in samples} | {s.file: s.file_sha256 for s in sources}
    with reporter.progress("images", len(known), "file") as advance:
        if wrong := damaged(layout, known, advance):
            raise DamagedImages(layout, wrong)
    layout.manifest.unlink(missing_ok=True)
    write_text(layout.split, parts)
    with written_aside(layout.recipe) as aside:
        pq.write_table(samples_table(every), aside)
    with written_aside(layout.sources) as aside:
        pq.write_table(sources_table(sources), aside)
    files = {s.image_id: s.file for s in sources}
    reporter.line(f"Shards: about {expected_bytes(layout, survivors, files) / 1e6:.0f} MB to write")
    shards, rft = _write_shards(layout, survivors, files, config)
    used = [s for s in sources if s.image_id in {sample.image_id for sample in survivors}]
    write_json(layout.stats, statistics(survivors, used, rft))
    without = "" if has_plots() else "; the charts need matplotlib: pip install 'perception20k[plots]'"
    reporter.line(f"Figures and contact sheets{without}")
    _replace_all(layout.figures, draw_figures(layout, survivors))
    licences = sorted({s.licence for s in used if s.licence})
    write_json(layout.croissant, croissant(layout.root.name, layout, shards, licences))
    drops = dict(Counter(row.stage for row in rows))
    write_text(layout.card, card(layout.root.name, config, survivors, used, rft, drops, review))
    about = {
        "rft_samples": rft,
        "review": review,
        "made_with": _versions(every),
        "metrics": metric_notes(config.score),
        "objects": objects_note(config),
    }
    write_manifest(layout, fingerprint, known, about)
    return Exported(len(survivors), rft, review, changed=True)


def review_counts(samples: Sequence[Sample], state: ReviewState) -> dict[str, int]:
    """Numbers of samples: all, reviewed, kept, deleted, and deleted without verification."""
    ids = {s.sample_id for s in samples}
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
    layout: Layout, config: Config, samples: Sequence[Sample], sources: Sequence[Source], deleted: frozenset[str]
) -> tuple[list[Sample], str]:
    """The samples with their parts, and the text of ``split.csv``."""
    recorded = recorded_parts(layout)
    # Of a dataset that was shared the table may be missing; what it said is recorded.
    table = located(config.split) if config.split else None
    supplied = supplied_parts(table, sources, recorded) if table and table.is_file() else {}
    scenes = {s.image_id: s.scene or s.image_id for s in sources}
    survivors = [s for s in samples if s.sample_id not in deleted]
    dealt = split(survivors, config.test_fraction, config.seed, scenes=scenes, parts={**supplied, **recorded})
    every = [replace(s, split="" if s.sample_id in deleted else dealt[s.image_id]) for s in samples]
    return every, parts_table(recorded, dealt, scenes)


def _versions(samples: Iterable[Sample]) -> list[dict[str, str]]:
    """The sets of versions that made the samples: one, but for a dataset that was continued after an update."""
    found = {tuple(sorted(sample.made_with.items())) for sample in samples}
    return [dict(versions) for versions in sorted(found)]


def _write_shards(
    layout: Layout, samples: Sequence[Sample], files: dict[str, str], config: Config
) -> tuple[list[Path], dict[str, int]]:
    shards: list[Path] = []
    counts: dict[str, int] = {}
    for part in ("train", "test"):
        new = write_shards(layout, part, samples, files, rft_per_sample=config.rft_per_sample, seed=config.seed)
        counts[part] = sum(pq.read_metadata(path).num_rows for path in new)
        shards += new
    _replace_all(layout.shards, shards)
    return shards, counts


def _replace_all(folder: Path, written: Sequence[Path]) -> None:
    """Remove files of an earlier export that this one did not write."""
    if folder.is_dir():
        for path in set(folder.iterdir()) - set(written):
            path.unlink()
