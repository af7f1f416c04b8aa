"""The distort stage: decode a source once, distort one object's box for each of its samples, write them lossless.

The source's bytes are copied into the dataset here, so that only images with samples take space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import distortions
from distortions import distort_region, resolve
from perception20k.config import Filters
from perception20k.core.errors import ItemError
from perception20k.core.files import digest, sha256, write_bytes
from perception20k.dataset.boxes import crop
from perception20k.dataset.layout import image_file
from perception20k.dataset.records import WHOLE_IMAGE, Sample
from perception20k.execution.stage import Outcome, Stage, to_outcome
from perception20k.imaging import images
from perception20k.imaging.direction import denied
from perception20k.imaging.images import Array, ImageFormat
from perception20k.imaging.versions import different, pixel_versions
from perception20k.imaging.visibility import measure
from perception20k.pipeline.stages.draw import SamplePlan, redraws
from perception20k.pipeline.stages.filters import visible
from perception20k.pipeline.stages.sources import load_source

MAX_REDRAWS = 4
"""Other distortions tried for a sample whose pixels deny its label, before it is dropped."""

_NOT_OF_THE_SAMPLE = ("source", "source_sha256", "redrawn", "why")


@dataclass(frozen=True)
class Distort(Stage[SamplePlan]):
    """Make the samples of source images. An item is one sample, a batch all samples of one image."""

    root: Path
    preset: str
    limits: Filters
    flat: bool = False
    """All samples lie in one folder; see :func:`perception20k.dataset.layout.image_file`."""
    image_format: ImageFormat = "webp"
    name = "distort"

    def key(self, item: SamplePlan) -> str:
        """See :class:`Stage`."""
        source = item.candidate.source  # its file too: other bytes with the same pixels must be copied again
        return digest(
            [
                self.name,
                3,
                distortions.__version__,
                item.sample_id,
                self.preset,
                self.limits.min_delta_e,
                source.file,
                source.file_sha256,
                *([] if self.image_format == "webp" else [self.image_format]),  # as it was before there were two
            ]
        )

    def batches(self, items: Iterable[SamplePlan]) -> Iterator[list[SamplePlan]]:
        """All samples of an image together, so that it is decoded once."""
        return (list(group) for _, group in groupby(items, key=lambda plan: plan.candidate.source.image_id))

    def still_there(self, value: Any) -> bool:
        """See :class:`Stage`."""
        return "dropped" in value or ((self.root / value["file"]).exists() and (self.root / value["source"]).exists())

    def process(self, batch: list[SamplePlan]) -> list[Outcome]:
        """Outcomes: the sample's visibility, file and digests; or ``dropped`` and the reason."""
        opened = to_outcome(self._open, batch[0])
        if opened.error is not None:
            return [opened] * len(batch)
        pixels, written = opened.value
        return [to_outcome(lambda plan: {**self._make(plan, pixels), **written}, plan) for plan in batch]

    def _open(self, plan: SamplePlan) -> tuple[Array, dict[str, str]]:
        """The source's pixels, and ``source_sha256`` if its file is not what it was when it was first read.

        Then another version of the encoder, or another processor, has written it; the pixels are the same.
        """
        data, pixels = load_source(plan.candidate)
        write_bytes(self.root / plan.candidate.source.file, data)
        found = sha256(data)
        return pixels, {} if found == plan.candidate.source.file_sha256 else {"source_sha256": found}

    def _make(self, plan: SamplePlan, source: Array) -> dict[str, Any]:
        """The sample, or if its pixels deny its label another of its group in its place."""
        made = self._try(plan, source)
        if made.get("rule") != "denied":
            return made
        for other in redraws(plan, self.preset)[:MAX_REDRAWS]:
            instead = self._try(other, source)
            if "dropped" not in instead:
                drawn = {"type": other.type, "severity": other.severity, "seed": other.seed}
                return {**instead, "redrawn": drawn, "why": made["dropped"]}
        return made

    def _try(self, plan: SamplePlan, source: Array) -> dict[str, Any]:
        box = plan.item.box
        distorted = distort_region(source, box, plan.type, plan.severity, seed=plan.seed, preset=self.preset)
        before, after = crop(source, box), crop(distorted, box)
        seen = measure(before, after)
        reason = visible(seen.delta_e, self.limits)
        if reason is not None:
            return {"dropped": reason.text, "rule": reason.rule, "value": reason.value}
        if why := denied(plan.group, plan.type, before, after):
            return {"dropped": why, "rule": "denied"}
        data, suffix = images.encode(distorted, self.image_format)
        file = image_file("distorted", plan.sample_id, suffix, flat=self.flat)
        write_bytes(self.root / file, data)
        return {
            **asdict(seen),
            "file": file,
            "source": plan.candidate.source.file,
            "file_sha256": sha256(data),
            "pixels_sha256": images.pixels_sha256(distorted),
            "made_with": dict(pixel_versions()),
        }

    def sample(self, plan: SamplePlan, made: dict[str, Any]) -> Sample:
        """The record of a finished sample."""
        plan = replace(plan, **made.get("redrawn", {}))
        source = plan.candidate.source
        return Sample(
            sample_id=plan.sample_id,
            image_id=source.image_id,
            origin=source.origin,
            width=source.width,
            height=source.height,
            object=plan.item.name,
            objects=() if plan.item.name == WHOLE_IMAGE else tuple(item.name for item in source.objects),
            box=plan.item.box,
            group=plan.group,
            type=plan.type,
            severity=plan.severity,
            seed=plan.seed,
            preset=self.preset,
            params=resolve(plan.type, plan.severity, seed=plan.seed, preset=self.preset),
            **{name: value for name, value in made.items() if name not in _NOT_OF_THE_SAMPLE},
        )


def remake(source: Array, sample: Sample) -> Array:
    """Regenerate the distorted image of a recipe row from its source's pixels.

    Raises:
        ItemError: the pixels are not those that the recipe records.
    """
    made = distort_region(source, sample.box, sample.type, sample.severity, seed=sample.seed, preset=sample.preset)
    if images.pixels_sha256(made) != sample.pixels_sha256:
        why = different(sample.made_with)
        raise ItemError(f"{sample.sample_id}: the regenerated pixels differ from the recipe's digest ({why})")
    return made
