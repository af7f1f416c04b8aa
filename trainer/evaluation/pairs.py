"""Comparison (Q-Insight, section 4.5): which of two images is better, with or without a reference.

A CSV with the columns ``image_a``, ``image_b``, ``better`` (a or b) and, if wanted, ``reference`` and ``scene`` (by
default the reference, or else the pair itself); paths are relative to the file. Every pair is asked in both orders, so
that a model that prefers a place is found out. An answer that cannot be read is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from trainer.data import answers, prompts
from trainer.data.boxes import Grid
from trainer.data.images import Entry, read_image, readable
from trainer.data.rows import Row
from trainer.data.table_files import csv_rows
from trainer.evaluation.measures import Measure, mean_of
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Lines, Suite
from trainer.evaluation.tables import Cell, Table


@dataclass(frozen=True)
class Pair(Entry):
    """Two images, after their reference if there is one, and which of the two is better."""

    better: str
    """``a`` or ``b``."""
    scene: str
    """What the pair shows: pairs of one scene are not independent of each other."""


Pairs = Lines[Pair]


def read(path: Path, reporter: Reporter = SILENT) -> Pairs:
    """Read the pairs of a CSV whose images can be read.

    Raises:
        UserError: no such file, not UTF-8, a missing column, ``better`` is neither a nor b, or no pair is left.
    """
    pairs = []
    for where, line in csv_rows(path, "image_a", "image_b", "better"):
        better = line["better"].strip().lower()
        if better not in ("a", "b"):
            raise UserError(f"{path}: {where}: better must be a or b, not {line['better']!r}")
        names = [line["image_a"], line["image_b"], *filter(None, [line.get("reference")])]
        first, second, *reference = (path.parent / name for name in names)
        scene = line.get("scene") or "".join(path.name for path in reference) or where
        pairs.append(Pair(where, (*reference, first, second), better, scene))
    if not pairs:
        raise UserError(f"{path}: no pairs in it")
    return Pairs(path, *readable(pairs, str(path), reporter))


class PairRows:
    """Pairs as rows: row 2 i asks pair i as it stands, row 2 i + 1 the other way round."""

    def __init__(self, pairs: Pairs, grid: Grid) -> None:
        self.pairs, self.grid = pairs.asked, grid
        self.datasets: Sequence[str] = [pairs.path.stem] * (2 * len(pairs.asked))

    def __getitem__(self, index: int) -> Row:
        """One order of one pair."""
        pair, swapped = self.pairs[index // 2], bool(index % 2)
        *reference, first, second = pair.images
        files = [*reference, second, first] if swapped else pair.images
        mode = "reference" if reference else "alone"
        right = "Image B" if (pair.better == "b") != swapped else "Image A"
        return {
            "prompt": _ask(mode),
            "images": [self.grid.resize(read_image(file)) for file in files],
            "row_id": f"{index // 2}/{'swapped' if swapped else 'as given'}",
            "dataset": self.datasets[index],
            "scene": pair.scene,
            "task": "comparison",
            "mode": mode,
            "solution": right,
            "truth": {"images": [file.name for file in files]},
        }


def suite(pairs: Pairs, grid: Grid) -> Suite:
    """All pairs of a file, in both orders."""
    return Suite(f"comparison {pairs.path.stem}", PairRows(pairs, grid), pairs.fingerprint)


def better(text: str) -> str | None:
    """``Image A`` or ``Image B``, as the answer says; None if it says neither or both.

    >>> better("<think>B is soft.</think><answer>image a</answer>")
    'Image A'
    """
    said = answers.normal(answers.answer(text) or "")
    found = re.fullmatch(r"(?:image )?([ab])", said)
    return None if found is None else f"Image {found[1].upper()}"


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Accuracy in each order and in both, and how often the order changes the answer."""
    rows: list[tuple[Cell, ...]] = []
    for name, predictions in suites.items():
        for mode, words in (("reference", "with reference"), ("alone", "without reference")):
            mine = [prediction for prediction in predictions if prediction.truth["mode"] == mode]
            if mine:
                numbers = [measure.number for measure in measures(mine)]
                unread = sum(better(prediction.text) is None for prediction in mine)
                rows.append((name, words, *numbers, len(mine) // 2, unread))
    columns = ("suite", "shown", *_NAMES, "pairs", "unread")
    note = (
        "Order changes the answer: the two orders chose different images, among the pairs with both answers readable. "
        "By chance half the answers are right."
    )
    title = "Comparison (Q-Insight, section 4.5)"
    return [Table("comparison", title, columns, tuple(rows), percent=True, note=note)]


_NAMES = ("accuracy", "as given", "swapped", "right in both", "order changes the answer")


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """The numbers of the table over all pairs."""
    by_pair: dict[str, list[Prediction]] = {}
    for prediction in sorted(predictions, key=lambda prediction: prediction.index):
        by_pair.setdefault(prediction.row_id.partition("/")[0], []).append(prediction)
    marks = []
    for pair in by_pair.values():
        said = [better(one.text) for one in pair]
        given, swapped = (float(answer == one.truth["solution"]) for answer, one in zip(said, pair, strict=True))
        # The chosen images differ exactly where one of two readable answers is right.
        changes = math.nan if None in said else abs(given - swapped)
        marks.append((pair[0], ((given + swapped) / 2, given, swapped, min(given, swapped), changes)))
    return [mean_of(name, [(about, each[i]) for about, each in marks]) for i, name in enumerate(_NAMES)]


def _ask(kind: str) -> list[dict[str, Any]]:
    """The prompt's parts: text, and an image where its words name one."""
    pieces = re.split(r"(<ref_image>|<image_A>|<image_B>)", prompts.prompt(f"comparison-{kind}.v1"))
    parts = [
        {"type": "image"} if re.fullmatch(r"<\w+>", piece) else {"type": "text", "text": piece}
        for piece in pieces
        if piece
    ]
    system = {"type": "text", "text": prompts.prompt("q-insight-system.v1")}
    return [{"role": "system", "content": [system]}, {"role": "user", "content": parts}]
