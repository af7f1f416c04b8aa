"""Confusion tables: what was said for each truth, as counts and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from perception20k.core.files import written_aside
from trainer.evaluation.tables import Cell, Table

UNREAD = "unread or other"
"""The column of answers that cannot be read or that name nothing from the list."""


@dataclass(frozen=True)
class Confusion:
    """Counts of answers by truth.

    Args:
        name: what is confused with what.
        labels: the true labels, the rows; the columns are these and :data:`UNREAD`.
        counts: int64 of shape (labels, labels + 1).
    """

    name: str
    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def count(cls, name: str, labels: Sequence[str], truth: Sequence[str], said: Sequence[str]) -> Confusion:
        """Count answers; an answer outside ``labels`` goes to the last column."""
        place = {label: i for i, label in enumerate(labels)}
        counts = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
        for true, answer in zip(truth, said, strict=True):
            counts[place[true], place.get(answer, len(labels))] += 1
        return cls(name, tuple(labels), counts)

    def table(self) -> Table:
        """The counts as a table, one truth per row."""
        rows: list[tuple[Cell, ...]] = [
            (label, *line) for label, line in zip(self.labels, self.counts.tolist(), strict=True)
        ]
        columns = ("truth \\ answer", *self.labels, UNREAD)
        return Table(f"{self.name} confusion", f"Confusion: {self.name}", columns, tuple(rows))

    def draw(self, path: Path) -> None:
        """Draw the shares of each row as a PNG, the counts written in."""
        size = len(self.labels)
        figure = Figure(figsize=(2.6 + 0.62 * size, 2.2 + 0.45 * size), layout="constrained")
        axes = figure.add_subplot()
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in zip(*np.nonzero(self.counts), strict=True):
            dark = shares[row, column] > 0.6
            axes.text(
                column, row, str(self.counts[row, column]), ha="center", va="center", color="white" if dark else "black"
            )
        axes.axvline(size - 0.5, color="grey", linewidth=1)
        axes.set_xticks(range(size + 1), [*self.labels, UNREAD], rotation=40, ha="right")
        axes.set_yticks(range(size), self.labels)
        axes.set(title=self.name, xlabel="answer", ylabel="truth")
        with written_aside(path) as aside:
            figure.savefig(aside, dpi=110, format="png", metadata={"Software": None})
