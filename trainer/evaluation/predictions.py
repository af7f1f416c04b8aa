"""Predictions: what was asked, what came back word for word, and the truth beside it.

``predictions.parquet`` holds one row for each answer. It is complete in itself: every table is worked out from it
without the images or the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq

from perception20k.core.files import written_aside
from perception20k.dataset.records import schema_of


@dataclass(frozen=True)
class Prediction:
    """One answer to one question."""

    suite: str
    index: int
    """The question's place in its suite."""
    draw: int
    """0: the greedy answer; 1..K: sampled answers."""
    row_id: str
    text: str
    """The raw answer."""
    digits: Annotated[tuple[float, ...] | None, pa.list_(pa.float64())]
    """Probabilities of 0..4 at the score's integer digit, where they are known."""
    value: float | None
    """A classical metric's score, turned so that higher is better."""
    error: str
    """Why there is no answer: the server's refusal, the metric's failure."""
    truth: Annotated[Mapping[str, Any], pa.string()]
    """In the table JSON."""

    @property
    def scene(self) -> str:
        """What the question is about, with all others about it: a bootstrap draws scenes."""
        return str(self.truth.get("scene", self.row_id))  # runs of version 0.1 do not tell


SCHEMA = schema_of(Prediction)
"""Columns of ``predictions.parquet``."""


def to_row(prediction: Prediction) -> dict[str, Any]:
    """A prediction as a row of :data:`SCHEMA`."""
    return {**asdict(prediction), "truth": json.dumps(prediction.truth, sort_keys=True)}


def from_row(row: Mapping[str, Any]) -> Prediction:
    """The inverse of :func:`to_row`."""
    values = {field.name: row[field.name] for field in fields(Prediction)}
    digits = None if row["digits"] is None else tuple(row["digits"])
    return Prediction(**{**values, "digits": digits, "truth": json.loads(row["truth"])})


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions as Parquet, aside and renamed; the same predictions give the same bytes."""
    table = pa.Table.from_pylist([to_row(prediction) for prediction in predictions], schema=SCHEMA)
    with written_aside(path) as aside:
        pq.write_table(table, aside, compression="zstd")


def read_predictions(path: Path) -> list[Prediction]:
    """The predictions of a ``predictions.parquet``; none where there is no such file."""
    return [from_row(row) for row in pq.read_table(path).to_pylist()] if path.is_file() else []
