"""Where everything lies inside a dataset directory.

Every other module takes its paths from here, so the layout is defined once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perception20k.core.errors import UserError


@dataclass(frozen=True)
class Layout:
    """The paths of one dataset directory. Nothing here touches the disk but :meth:`require`."""

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
        """Source images: a photo's original bytes, a keyframe as PNG."""
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
    def journal(self) -> Path:
        """Results of finished items by key, which make a build resumable."""
        return self.work / "journal.sqlite"

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
