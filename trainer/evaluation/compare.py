"""Two runs side by side: every measure with its bootstrap interval, and the papers' published rows.

Both runs are resampled by the same draws of scenes, so that the interval of the difference is that of paired answers
and does not take a dozen questions about one photo for a dozen photos. A difference whose interval leaves out zero is
marked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from perception20k.core.errors import UserError
from trainer.evaluation import published, report
from trainer.evaluation.measures import Measure, average, bootstrap
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
    return [*tables, *published.beside(answers | others)]


def _read(run: Path) -> tuple[dict[str, Any], dict[str, list[Prediction]]]:
    described, answers = run / "run.json", run / "predictions.parquet"
    if not described.is_file():
        raise UserError(f"{run}: not an evaluation (no run.json)", "Run perception20k evaluate first")
    if not answers.is_file() or (run / ".parts").exists():
        raise UserError(f"{run}: the evaluation has not finished", "Run its command again")
    return json.loads(described.read_text(encoding="utf-8")), report.by_suite(read_predictions(answers))


_Pair = tuple[Measure | None, Measure | None]
"""A measure of both runs; None where a run does not have it."""


def _tables(kind: str, suites: dict[str, tuple[list[Prediction], list[Prediction]]]) -> list[Table]:
    lines: list[tuple[str, Measure, list[_Pair]]] = []
    averages: dict[str, tuple[Measure, list[_Pair]]] = {}
    for suite, parts in suites.items():
        first, second = ({m.name: m for m in report.measures(suite, part)} for part in parts)
        for what in dict.fromkeys([*first, *second]):
            pair, either = (first.get(what), second.get(what)), first.get(what) or second[what]
            lines.append((suite, either, [pair]))
            averages.setdefault(what, (either, []))[1].append(pair)
    if kind == "scoring":
        several = [(either, pairs) for either, pairs in averages.values() if len(pairs) > 1]
        lines += [(report.AVERAGE.format(len(pairs)), either, pairs) for either, pairs in several]
    columns = ("suite", "measure", "scenes", "A", "from", "to", "B", "from", "to", "B - A", "from", "to", "differ")
    note = "95 % bootstrap intervals, 1,000 resamples of scenes. Differ: the interval of B - A leaves out zero."
    note += " One scene alone has no interval."
    if kind == "scoring":
        note += " PLCC after the fit has no interval: it would be fitted anew in every resample."
    found = []
    for words, percent in (("shares", True), ("means and correlations", False)):
        rows = [(suite, what.name, *_line(pairs)) for suite, what, pairs in lines if what.percent == percent]
        if rows:
            title = f"{kind.capitalize()}, A and B: {words}"
            found.append(Table(f"{kind}, {words}", title, columns, tuple(rows), percent=percent, note=note))
    return found


def _line(pairs: Sequence[_Pair]) -> tuple[Cell, ...]:
    """A measure averaged over ``pairs``: scenes, A, B and B - A with their intervals, and a mark."""
    scenes = [next(len(set(measure.scenes)) for measure in pair if measure) for pair in pairs]
    cells: list[Cell] = [sum(scenes)]
    sides = []
    for measures, draws in zip(zip(*pairs, strict=True), zip(*map(_drawn, pairs), strict=True), strict=True):
        number = average([measure and measure.number for measure in measures])
        averages = [fmean(values) for values in zip(*draws, strict=False)]  # none where one of them has none
        cells += [number, *(interval(averages) or (None, None))]
        sides.append((number, averages))
    (first, one), (second, other) = sides
    if first is None or second is None:
        return (*cells, None, None, None, "")
    spread = interval([b - a for a, b in zip(one, other, strict=True)])
    differ = "yes" if spread and (spread[0] > 0 or spread[1] < 0) else ""
    return (*cells, second - first, *(spread or (None, None)), differ)


def _drawn(pair: _Pair) -> list[list[float]]:
    """Both measures in every resample, by the same draws; nothing for one that is not there."""
    drawn = iter(bootstrap(*(measure for measure in pair if measure)))
    return [next(drawn) if measure else [] for measure in pair]
