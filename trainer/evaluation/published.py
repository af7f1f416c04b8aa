"""The papers' published rows, shown beside a user's where the user has the same images.

``published.json`` holds them as printed. Same images means the same dataset and as many images as the paper's part has.
The perception and degradation tables have none: their test images are not public, and a user's are others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import kind_of
from trainer.evaluation.tables import Table


def beside(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """What is published for the data of ``suites``, each table once; nothing where the data differ."""
    text = (files("trainer.evaluation") / "published.json").read_text(encoding="utf-8")
    entries: dict[str, list[dict[str, Any]]] = json.loads(text)
    found = {}
    for suite, predictions in suites.items():
        kind, dataset = kind_of(suite), predictions[0].truth["dataset"]
        count = sum(prediction.draw == 0 for prediction in predictions)
        for entry in entries.get(kind, []):
            if entry["data"] == dataset and count in entry["count"]:
                table = _table(entry, percent=kind == "interpreting")
                found[table.name] = table
    return list(found.values())


def _table(entry: dict[str, Any], *, percent: bool) -> Table:
    columns = tuple(next(iter(entry["rows"].values())))
    rows = tuple((name, *(numbers[column] for column in columns)) for name, numbers in entry["rows"].items())
    name = f"published {entry['data']}, {entry['paper']}"
    title = f"Published for {entry['data']}: {entry['paper']}"
    return Table(name, title, ("model", *columns), rows, percent=percent, note=f"As printed; {entry['note']}.")
