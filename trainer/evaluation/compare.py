"""Two runs side by side: every measure with its bootstrap interval, and the papers' published rows.

Both runs are resampled by the same draws of scenes, so that the interval of the difference is that of paired answers
and does not take a dozen questions about one photo for a dozen photos. A difference whose interval leaves out zero is
marked.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from trainer.evaluation import report
from trainer.evaluation.measures import Measure, bootstrap
from trainer.evaluation.predictions import Prediction, read_predictions
from trainer.evaluation.statistics import interval
from trainer.evaluation.suites import kind_of
from trainer.evaluation.tables import Cell, Table


def compare(first: Path, second: Path) -> list[Table]:
    """One table for each kind of suite that both runs answered, then what is published for the same data.

    Raises:
        UserError: a directory is no finished run, or the runs have no questions in common.
    """
    runs = [_read(path) for path in (first, second)]
    (described, answers), (other, others) = runs
    same = [name for name in answers if name in others and described["suites"][name] == other["suites"][name]]
    if not same:
        have = "; ".join(f"{path}: {', '.join(found)}" for path, (_, found) in zip((first, second), runs, strict=True))
        raise UserError(f"{first} and {second} answered no questions in common", have)
    tables = []
    for kind, names in groupby(same, kind_of):
        tables += _tables(kind, {name: (answers[name], others[name]) for name in names})
    return [*tables, *report.beside_published(answers | others)]


def _read(run: Path) -> tuple[dict[str, Any], dict[str, list[Prediction]]]:
    described, answers = run / "run.json", run / "predictions.parquet"
    if not described.is_file():
        raise UserError(f"{run}: not an evaluation (no run.json)", "Run perception20k evaluate first")
    if not answers.is_file() or (run / ".parts").exists():
        raise UserError(f"{run}: the evaluation has not finished", "Run its command again")
    return json.loads(described.read_text(encoding="utf-8")), report.by_suite(read_predictions(answers))


def _tables(kind: str, suites: dict[str, tuple[list[Prediction], list[Prediction]]]) -> list[Table]:
    shares: list[tuple[Cell, ...]] = []
    others: list[tuple[Cell, ...]] = []
    for name, pair in suites.items():
        first, second = ({m.name: m for m in report.measures(name, part)} for part in pair)
        for what in dict.fromkeys([*first, *second]):
            line = (name, *_line(what, first.get(what), second.get(what)))
            measure = first.get(what) or second[what]
            (shares if measure.percent else others).append(line)
    columns = ("suite", "measure", "scenes", "A", "from", "to", "B", "from", "to", "B - A", "from", "to", "differ")
    note = "95 % bootstrap intervals, 1,000 resamples of scenes. Differ: the interval of B - A leaves out zero."
    if any("fitted" in str(row[1]) for row in others):
        note += " PLCC after the fit has no interval: it would be fitted anew in every resample."
    title = f"{kind.capitalize()}, A and B"
    parts = [(shares, True, "shares"), (others, False, "means and correlations")]
    return [
        Table(f"{kind}, {words}", f"{title}: {words}", columns, tuple(rows), percent=percent, note=note)
        for rows, percent, words in parts
        if rows
    ]


def _line(name: str, first: Measure | None, second: Measure | None) -> tuple[Cell, ...]:
    """Name, scenes, A with its interval, B with its interval, their difference with its interval, and a mark."""
    there = [measure for measure in (first, second) if measure]
    drawn = dict(zip(map(id, there), bootstrap(*there), strict=True))
    cells: list[Cell] = [name, len(set(there[0].scenes))]
    for measure in (first, second):
        cells += [measure.number, *(interval(drawn[id(measure)]) or (None, None))] if measure else [None] * 3
    if first is None or second is None or first.number is None or second.number is None:
        return (*cells, None, None, None, "")
    spread = interval([b - a for a, b in zip(drawn[id(first)], drawn[id(second)], strict=True)])
    differ = "yes" if spread and (spread[0] > 0 or spread[1] < 0) else ""
    return (*cells, second.number - first.number, *(spread or (None, None)), differ)
