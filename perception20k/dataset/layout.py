"""Where everything lies inside a dataset directory.

Every other module takes its paths from here, so the layout is defined once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from perception20k.core.errors import UserError


def image_file(kind: Literal["source", "distorted"], name: str, suffix: str, *, flat: bool = False) -> str:
    """Path in the dataset of an image: in one of 256 folders, by the name's first two hex digits.

    In a dataset that was begun before 0.2 images lie in one folder, and stay there (``flat``).

    >>> image_file("source", "0123456789abcdef", ".png")
    'images/source/01/0123456789abcdef.png'
    """
    return f"images/{kind}/{name}{suffix}" if flat else f"images/{kind}/{name[:2]}/{name}{suffix}"


@dataclass(frozen=True)
class Layout:
    """The paths of one dataset directory. Only :meth:`is_flat` and :meth:`require` touch the disk."""

    root: Path

    # -- what the user reads and shares
    @property
    def card(self) -> Path:
        """The dataset card, with the Hugging Face metadata block."""
        return self.root / "README.md"

    @property
    def croissant(self) -> Path:
        """Croissant metadata."""
        return self.root / "croissant.json"

    @property
    def config(self) -> Path:
        """The resolved configuration the dataset was built with; of paths, their last part."""
        return self.root / "config.yaml"

    @property
    def recipe(self) -> Path:
        """The sample table (:data:`perception20k.dataset.records.SAMPLE_SCHEMA`)."""
        return self.root / "recipe.parquet"

    @property
    def sources(self) -> Path:
        """The source-image table (:data:`perception20k.dataset.records.SOURCE_SCHEMA`)."""
        return self.root / "sources.parquet"

    @property
    def stats(self) -> Path:
        """Distributions of group, severity and box area."""
        return self.root / "stats.json"

    @property
    def manifest(self) -> Path:
        """Digest of every file above and below; written last, so its existence means that the build is complete."""
        return self.root / "manifest.json"

    @property
    def source_images(self) -> Path:
        """Source images: a photo's original bytes, a keyframe losslessly."""
        return self.root / "images" / "source"

    @property
    def distorted_images(self) -> Path:
        """The samples, lossless."""
        return self.root / "images" / "distorted"

    @property
    def split(self) -> Path:
        """Every image that was ever dealt to a part, with its scene; rows are only added."""
        return self.root / "split.csv"

    @property
    def shards(self) -> Path:
        """RFT samples: ``train-*.parquet`` and ``test-*.parquet``."""
        return self.root / "shards"

    @property
    def figures(self) -> Path:
        """Figures and contact sheets."""
        return self.root / "figures"

    @property
    def quarantine(self) -> Path:
        """One ``.jsonl`` a stage: what failed (error) and what was filtered out (reason)."""
        return self.root / "quarantine"

    @property
    def review(self) -> Path:
        """Everything that human review produces."""
        return self.root / "review"

    @property
    def decisions(self) -> Path:
        """Every human decision, append-only SQLite."""
        return self.review / "decisions.sqlite"

    # -- what only the pipeline reads
    @property
    def work(self) -> Path:
        """The pipeline's working files, not part of the dataset."""
        return self.root / ".perception20k"

    @property
    def local_config(self) -> Path:
        """The same configuration with the places of its files on this machine."""
        return self.work / "config.yaml"

    @property
    def stamp(self) -> Path:
        """What the last finished build was made from (:mod:`perception20k.pipeline.stamp`)."""
        return self.work / "stamp.json"

    @property
    def journal(self) -> Path:
        """Results of finished items by key, which make a build resumable."""
        return self.work / "journal.sqlite"

    def is_flat(self) -> bool:
        """Whether images lie in one folder, as in datasets that were begun before 0.2."""
        if not self.source_images.is_dir():
            return False
        with os.scandir(self.source_images) as entries:
            return any(entry.is_file() and not entry.name.startswith(".") for entry in entries)

    def require(self) -> Layout:
        """Return self if the directory holds a dataset with a recipe.

        Raises:
            UserError: the directory is missing, is not a dataset, or its build has not finished.
        """
        if not self.root.is_dir():
            raise UserError(f"{self.root}: no such directory", "Build a dataset first: perception20k build")
        if not self.recipe.is_file():
            if self.config.is_file() and self.work.is_dir():
                config = self.local_config if self.local_config.is_file() else self.config
                raise UserError(
                    f"{self.root}: the build has not finished",
                    f"Finish it: perception20k build {config} --out {self.root}",
                )
            raise UserError(f"{self.root}: not a Perception20K dataset (no recipe.parquet)")
        return self
