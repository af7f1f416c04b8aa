"""The dataset card: ``README.md`` with the Hugging Face metadata block, every number taken from the data."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib.resources import files

from distortions import SEVERITIES, SEVERITY_LEVELS, catalog, groups
from perception20k import __version__
from perception20k.config import Config
from perception20k.dataset.records import Source
from perception20k.publish.overview import Overview
from perception20k.publish.provenance import metric_notes, objects_sentence

_SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]


def card(
    name: str,
    config: Config,
    view: Overview,
    sources: Iterable[Source],
    rft_counts: dict[str, int],
    drops: dict[str, int],
    review: dict[str, int],
    state: str,
) -> str:
    """The card's text.

    Args:
        name: the dataset's name.
        config: the configuration it was built with.
        view: of the samples that survived review, with their split.
        sources: the source images they come from.
        rft_counts: RFT samples by split.
        drops: rows of the quarantine by stage.
        review: the review's counts, see :func:`perception20k.publish.export.review_counts`.
        state: hexadecimal digest of what the export was made from. The version in the metadata follows it: without
            one, ``load_dataset`` of a folder gives the rows that it read there first, also after another export.
    """
    template = (files("perception20k.publish") / "card.md").read_text(encoding="utf-8")
    return template.format(
        name=name,
        quoted_name=json.dumps(name, ensure_ascii=False),
        load_version=f"0.0.{int(state[:8], 16)}",
        size_category=next((word for limit, word in _SIZES if sum(rft_counts.values()) < limit), "n>1M"),
        data_files="\n".join(
            f"  - split: {part}\n    path: shards/{part}-*.parquet" for part, count in rft_counts.items() if count
        ),
        samples=view.count(),
        source_images=view.sources,
        version=__version__,
        parts="\n".join(
            f"| {part} | {view.count(part)} | {view.images.get(part, 0)} | {count} |"
            for part, count in rft_counts.items()
        ),
        seed=config.seed,
        preset=config.preset,
        where="the whole image" if config.objects == "whole-image" else "the box of one object",
        drops=_drops(drops),
        metrics=f"{_metrics(config)}\n\n{objects_sentence(config)}",
        review=review_sentence(review),
        severity_heads=" | ".join(SEVERITIES),
        family=catalog(config.preset)[0].family.title,
        types=len(catalog(config.preset)),
        groups=len(groups(config.preset)),
        table="\n".join(_group_row(group, label, view) for group, label in groups(config.preset).items()),
        licences=_licences(sources),
    )


def review_sentence(review: dict[str, int]) -> str:
    """What the card and the command line say about the review."""
    if not review["reviewed"]:
        return f"Not reviewed: none of the {review['samples']} samples has been seen by a person yet."
    text = (
        f"{review['reviewed']} of {review['samples']} samples were reviewed; {review['deleted']} were deleted and are "
        f"not in the shards, {review['unreviewed']} have not been seen by a person."
    )
    if review["unverified"]:
        text += f" {review['unverified']} of the deletions have not been verified."
    return text


def _group_row(group: str, label: str, view: Overview) -> str:
    cells = " | ".join(str(view.count(None, group, level)) for level in SEVERITY_LEVELS)
    return f"| {label} | {cells} | {view.count(None, group)} |"


def _drops(drops: dict[str, int]) -> str:
    left_out = {stage: count for stage, count in drops.items() if stage not in ("inputs", "redrawn")}
    text = "Nothing failed or was filtered out."
    if left_out:
        counts = ", ".join(f"{count} at {stage}" for stage, count in left_out.items())
        text = f"Left out, with the reasons in `quarantine/`: {counts}."
    if redrawn := drops.get("redrawn"):
        text += (
            f" {redrawn} samples were drawn again because their pixels denied the label (`quarantine/redrawn.jsonl`)."
        )
    return text


def _metrics(config: Config) -> str:
    if not config.score:
        return "Source images were not scored."
    rows = [
        f"| {note['name']} | {note['min']:g} | {note['rule']} | {note['revision']} | {note['licence']} |"
        for note in metric_notes(config.score)
    ]
    head = "Source images were kept where every metric agreed, on 0 to 100 with 100 the best:\n\n"
    return head + "\n".join(
        ["| metric | least | rule | revision | licence |", "| --- | --- | --- | --- | --- |", *rows]
    )


def _licences(sources: Iterable[Source]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in sources:
        credit = source.licence or "not stated", source.author or "not stated"
        counts[credit] += 1
        if counts[credit] <= 7:
            names[credit].append(source.origin if counts[credit] <= 6 else "...")
    rows = [
        f"| {licence} | {author} | {counts[licence, author]} | {', '.join(files)} |"
        for (licence, author), files in sorted(names.items())
    ]
    return "\n".join(["| licence | author | source images | files |", "| --- | --- | --- | --- |", *rows])
