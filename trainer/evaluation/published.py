"""The papers' published rows, shown beside a user's where the user has the same images.

``published.json`` holds them as printed. Same images means the same dataset and as many images as the paper's part has.
The perception and degradation tables have none: their test images are not public, and a user's are others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from trainer.evaluation.predictions import Prediction
from trainer.evaluation.tables import Table


@cache
def _published() -> dict[str, list[dict[str, Any]]]:
    text = (files("trainer.evaluation") / "published.json").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = json.loads(text)
    return found


def beside(kind: str, predictions: Sequence[Prediction]) -> list[Table]:
    """The published tables for the data of one suite's greedy answers; none where the data differ."""
    dataset, count = predictions[0].truth["dataset"], len(predictions)
    mine = [entry for entry in _published().get(kind, []) if entry["data"] == dataset and count in entry["count"]]
    return [_table(entry, kind == "interpreting") for entry in mine]


def _table(entry: dict[str, Any], percent: bool) -> Table:
    columns = tuple(next(iter(entry["rows"].values())))
    rows = tuple((name, *(numbers[column] for column in columns)) for name, numbers in entry["rows"].items())
    name = f"published {entry['data']}, {entry['paper']}"
    title = f"Published for {entry['data']}: {entry['paper']}"
    return Table(name, title, ("model", *columns), rows, percent=percent, note=f"As printed; {entry['note']}.")
