"""The degradation task (Q-Insight): what a whole image may have, and how badly, in words and in rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from distortions import catalog, distort
from perception20k.core.errors import UserError
from perception20k.core.seeding import key_int
from trainer.data import prompts
from trainer.data.boxes import Grid
from trainer.data.rows import Row, make_row
from trainer.data.shards import ShardRows

CLASSES = ("noise", "compression", "blur", "darken", "null")
"""The five classes in the prompt's words; ``null`` is an image without a distortion."""

LEVELS = ("slight", "moderate", "obvious", "serious", "catastrophic")
"""The words of severity 1 to 5. The level of ``null`` is ``null``."""


class DegradationRows:
    """Q-Insight's degradation task: whole source images with one of our distortions, or none.

    Every source image gives one row for each of the five classes, so that they are balanced; type and severity
    are drawn by a key of seed, image and class.
    """

    def __init__(self, shards: ShardRows, grid: Grid, seed: int) -> None:
        self.shards, self.grid, self.seed = shards, grid, seed
        self._originals = list(shards.originals().items())
        if not self._originals:
            raise UserError("the shards hold no full-reference rows", "Export with more rft_per_sample")
        self.datasets: Sequence[str] = ["degradation"] * (len(self._originals) * len(CLASSES))
        self.scenes: Sequence[str] = [shards.scenes[shown] for _, shown in self._originals for _ in CLASSES]

    def __getitem__(self, index: int) -> Row:
        image_id, shown = self._originals[index // len(CLASSES)]
        image = self.shards.original(shown)
        name = CLASSES[index % len(CLASSES)]
        level = "null"
        if name != "null":
            types = [entry.type for entry in catalog() if entry.group == name]
            draw = key_int("degradation", self.seed, image_id, name)
            severity = draw % 5 + 1
            level = LEVELS[severity - 1]
            pixels = distort(np.asarray(image), types[draw // 5 % len(types)], severity, seed=draw)
            image = Image.fromarray(pixels)
        (prompt,) = self.prompts()
        return make_row(
            prompt=prompt,
            images=[self.grid.resize(image)],
            row_id=f"{image_id}/{name}",
            dataset="degradation",
            scene=self.scenes[index],
            task="degradation",
            mode="think",
            solution=f'{{"distortion_class": "{name}", "severity": "{level}"}}',
            distortion=name,
            severity_label=level,
        )

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """The one that all images share."""
        return [prompts.ask("q-insight-degradation.v1", system="q-insight-system.v1")]
