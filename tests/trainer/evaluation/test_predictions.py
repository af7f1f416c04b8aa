"""Predictions on disk."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.evaluation.conftest import prediction
from trainer.evaluation.predictions import read_predictions, write_predictions

FOUND = [
    prediction(
        "<answer>Score: 3.4</answer>\nÜ\u2028x",
        suite="s",
        digits=(0.1, 0.2, 0.3, 0.4, 0.0),
        mos=3.1,
        box=[1.5, 2, 3, 4],
    ),
    prediction("", suite="s", index=1, value=-12.5, error="HTTP 400", draw=2),
]


def test_predictions_come_back_as_they_were(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.parquet", FOUND)
    assert read_predictions(tmp_path / "p.parquet") == FOUND
    assert read_predictions(tmp_path / "none.parquet") == []


def test_the_same_predictions_are_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_predictions(tmp_path / name, FOUND)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
