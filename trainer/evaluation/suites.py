"""Suites: lists of questions with known answers, and who answers them.

A suite's rows are the trainer's (:mod:`trainer.data.rows`), made on access, so that a model is evaluated
on exactly what it would be trained on: the same prompts, the same grid, the same frame of boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol

from perception20k.core.files import digest, file_sha256
from trainer.data.boxes import Grid
from trainer.data.images import Line
from trainer.data.rows import COLUMNS, Row, Rows

AS_STORED = Grid(step=1, min_pixels=1, max_pixels=10**12)
"""Leaves every image at its own size, for those who need no grid."""

_TRUTH = [column for column in COLUMNS if column not in ("prompt", "images", "row_id")]


@dataclass(frozen=True)
class Suite:
    """One list of questions.

    Args:
        name: tells it from the others of a run, and pairs it with the same suite of another run. Its first word is its
            kind, which says what tables it belongs to.
        rows: the questions.
        fingerprint: digest of what is asked, whatever the grid; a run is not mixed from different questions.
    """

    name: str
    rows: Rows
    fingerprint: str

    def __len__(self) -> int:
        return len(self.rows.datasets)


@dataclass(frozen=True)
class Lines(Generic[Line]):
    """The lines of a file of questions whose images can be read, and why the others are left out."""

    path: Path
    asked: tuple[Line, ...]
    missing: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Digest of the file, and where some lines are left out, of the places of those that are asked."""
        whole = file_sha256(self.path)
        return digest([whole, [line.where for line in self.asked]]) if self.missing else whole


def kind_of(suite: str) -> str:
    """The kind of the suite of this name."""
    return suite.partition(" ")[0]


class Response(NamedTuple):
    """What came back."""

    text: str
    digits: tuple[float, ...] | None = None
    """Probabilities of 0..4 at the score's integer digit, where the answerer can tell them."""
    value: float | None = None
    """A classical metric's score, higher is better."""
    error: str = ""


class Predictor(Protocol):
    """Answers questions: a local model, a server, a script, a classical metric."""

    grid: Grid
    """The sizes that images are brought to before they are shown to it."""

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """For each row its greedy answer, then ``samples`` sampled ones; None to be asked again another time."""


def truth_of(row: Row) -> dict[str, Any]:
    """What is known of a row, as plain JSON: the truth, and what the tables group it by."""
    known = {name: row[name] for name in _TRUTH if row.get(name) is not None}
    known["dataset"] = Path(known["dataset"]).name  # a folder's path says nothing elsewhere
    return {**known, **row.get("truth", {})}


def wants_digits(row: Row) -> bool:
    """Whether Eq. 8 applies: a score asked for in Refine-IQA's words, on 0..5."""
    return row["task"] == "score" and row["mode"] in ("think", "no-think")
