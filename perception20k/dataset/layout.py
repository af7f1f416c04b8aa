"""Where everything lies inside a dataset directory.

Every other module takes its paths from here, so the layout is defined once.
"""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import Final, Literal

from perception20k.core.errors import UserError


def image_file(kind: Literal["source", "distorted"], name: str, suffix: str, *, flat: bool = False) -> str:
    """Path in the dataset of an image: in one of 256 folders, by the name's first two hex digits.

    In a dataset that was begun before 0.2 images lie in one folder, and stay there (``flat``).

    >>> image_file("source", "0123456789abcdef", ".png")
    'images/source/01/0123456789abcdef.png'
    """
    return f"images/{kind}/{name}{suffix}" if flat else f"images/{kind}/{name[:2]}/{name}{suffix}"


class Layout:
    """The paths of one dataset directory. Only :meth:`is_flat` and :meth:`require` touch the disk."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root

        # what the user reads and shares
        self.card: Final = root / "README.md"
        """The dataset card, with the Hugging Face metadata block."""
        self.croissant: Final = root / "croissant.json"
        """Croissant metadata."""
        self.config: Final = root / "config.yaml"
        """The resolved configuration the dataset was built with; of paths, their last part."""
        self.recipe: Final = root / "recipe.parquet"
        """The sample table (:data:`perception20k.dataset.records.SAMPLE_SCHEMA`)."""
        self.sources: Final = root / "sources.parquet"
        """The source-image table (:data:`perception20k.dataset.records.SOURCE_SCHEMA`)."""
        self.stats: Final = root / "stats.json"
        """Distributions of group, severity and box area."""
        self.manifest: Final = root / "manifest.json"
        """Digest of every file above and below; written last, so its existence means that the build is complete."""
        self.source_images: Final = root / "images" / "source"
        """Source images: a photo's original bytes, a keyframe losslessly."""
        self.distorted_images: Final = root / "images" / "distorted"
        """The samples, lossless."""
        self.split: Final = root / "split.csv"
        """Every image that was ever dealt to a part, with its scene; rows are only added."""
        self.shards: Final = root / "shards"
        """RFT samples: ``train-*.parquet`` and ``test-*.parquet``."""
        self.figures: Final = root / "figures"
        """Figures and contact sheets."""
        self.quarantine: Final = root / "quarantine"
        """One ``.jsonl`` a stage: what failed (error) and what was filtered out (reason)."""
        self.review: Final = root / "review"
        """Everything that human review produces."""
        self.decisions: Final = self.review / "decisions.sqlite"
        """Every human decision, append-only SQLite."""

        # what only the pipeline reads
        self.work: Final = root / ".perception20k"
        """The pipeline's working files, not part of the dataset."""
        self.local_config: Final = self.work / "config.yaml"
        """The same configuration with the places of its files on this machine."""
        self.stamp: Final = self.work / "stamp.json"
        """What the last finished build was made from (:mod:`perception20k.pipeline.stamp`)."""
        self.journal: Final = self.work / "journal.sqlite"
        """Results of finished items by key, which make a build resumable."""

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
        if self.root.is_file():
            raise UserError(f"{self.root}: a file, not a dataset's directory")
        if not self.root.is_dir():
            raise UserError(f"{self.root}: no such directory", "Build a dataset first: perception20k build")
        if not self.recipe.is_file():
            if self.config.is_file() and self.work.is_dir():
                config = self.local_config if self.local_config.is_file() else self.config
                raise UserError(
                    f"{self.root}: the build has not finished",
                    f"Finish it: perception20k build {quote(str(config))} --out {quote(str(self.root))}",
                )
            raise UserError(f"{self.root}: not a Perception20K dataset (no recipe.parquet)")
        return self
