"""Scoring (Refine-IQA table 3, VisualQuality-R1 table 2): correlation with mean opinion scores.

Every way of asking has a prompt, a scale and a reader. Refine-IQA's two are read out by number, as the answer says
it, and by probability (its Eq. 8); with sampled answers the mean of their numbers is a readout of its own. A score
that cannot be read is 0.

Which images: by default those of Refine-IQA's table 3, the test part of KonIQ-10k and SPAQ, which it trains on, and all
of the others; your own table with a split gives its test part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev
from typing import NamedTuple

from perception20k.core.files import digest
from trainer.data.boxes import Grid
from trainer.data.mos import MosTable
from trainer.data.rows import MosRows
from trainer.evaluation.measures import Measure, average, correlations
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.readout import WAYS, expectation
from trainer.evaluation.suites import Suite
from trainer.evaluation.tables import Cell, Table

TRAINED_ON = ("koniq-10k", "spaq")
"""Datasets whose training part the papers train on."""


def chosen_part(table: MosTable, part: str) -> MosTable:
    """The images of a table that are scored: those of the ``paper``, what training holds out (``test``), or ``all``."""
    trained_on = table.dataset in TRAINED_ON or any(row.split for row in table.rows)
    return table.with_split().part("test") if part == "test" or (part == "paper" and trained_on) else table


def suite(table: MosTable, way: str, grid: Grid) -> Suite:
    """All images of ``table``, asked in one of the ``WAYS``."""
    asked = WAYS[way]
    rows = MosRows(table, grid, asked.prompt, (asked.low, asked.high), asked.system, mode=way)
    return Suite(f"scoring {table.dataset} {way}", rows, _fingerprint(table, way))


def peer_suite(table: MosTable, metric: str, grid: Grid) -> Suite:
    """All images of ``table`` for a classical metric, which needs no prompt."""
    rows = MosRows(table, grid, WAYS["no-think"].prompt, None, mode=metric)
    return Suite(f"scoring {table.dataset} {metric}", rows, _fingerprint(table, metric))


def _fingerprint(table: MosTable, how: str) -> str:
    return digest([how, [[row.image.name, row.mos] for row in table.rows]])


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Table 3's form, then a table with counts for each dataset."""
    readouts = [readout for predictions in suites.values() for readout in _readouts(predictions)]
    datasets = list(dict.fromkeys(readout.dataset for readout in readouts))
    names = list(dict.fromkeys(readout.name for readout in readouts))
    by_place = {(readout.dataset, readout.name): readout for readout in readouts}
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        found = [by_place.get((dataset, name)) for dataset in datasets]
        numbers = [[m.number for m in readout.measures[:2]] if readout else [None, None] for readout in found]
        means = [average(column) for column in zip(*numbers, strict=True)] if len(datasets) > 1 else []
        rows.append((name, *(value for pair in numbers for value in pair), *means))
    shown = [*datasets, *(["average"] if len(datasets) > 1 else [])]
    columns = ("asked, read out", *(f"{dataset} {what}" for dataset in shown for what in ("SRCC", "PLCC")))
    title = "Scoring (Refine-IQA, table 3; PLCC raw)"
    return [Table("scoring", title, columns, tuple(rows)), *(_detail(dataset, readouts) for dataset in datasets)]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """SRCC, raw PLCC and PLCC after the fit for every readout of one suite."""
    return [measure for readout in _readouts(predictions) for measure in readout.measures]


class _Readout(NamedTuple):
    dataset: str
    name: str
    measures: list[Measure]
    spread: float | None
    images: int
    unread: int


def _readouts(predictions: Sequence[Prediction]) -> list[_Readout]:
    greedy = [prediction for prediction in predictions if prediction.draw == 0]
    dataset, way = str(greedy[0].truth["dataset"]), str(greedy[0].truth["mode"])
    truth = [float(prediction.truth["mos"]) for prediction in greedy]

    def readout(name: str, scores: Sequence[float | None]) -> _Readout:
        found = correlations(name, greedy, [score or 0.0 for score in scores], truth)
        return _Readout(dataset, name, found, None, len(truth), sum(score is None for score in scores))

    if way not in WAYS:
        return [readout(way, [prediction.value for prediction in greedy])]
    read = WAYS[way].read
    found = [readout(f"{way}, number", [read(prediction.text) for prediction in greedy])]
    if any(prediction.digits is not None for prediction in greedy):
        expected = [None if prediction.digits is None else expectation(prediction.digits) for prediction in greedy]
        found.append(readout(f"{way}, probability", expected))
    draws = max(prediction.draw for prediction in predictions)
    if draws:
        said: dict[int, list[float | None]] = {prediction.index: [] for prediction in greedy}
        for prediction in predictions:
            if prediction.draw:
                said[prediction.index].append(read(prediction.text))
        scores = [[score or 0.0 for score in drawn] for drawn in said.values()]
        means = readout(f"{way}, mean of {draws} answers", [fmean(drawn) for drawn in scores])
        unread = sum(drawn.count(None) for drawn in said.values())
        found.append(means._replace(spread=fmean(map(pstdev, scores)), unread=unread))
    return found


def _detail(dataset: str, readouts: Sequence[_Readout]) -> Table:
    columns = ("asked, read out", "SRCC", "PLCC", "their mean", "PLCC fitted", "spread", "images", "unread")
    mine = [r for r in readouts if r.dataset == dataset]
    rows = tuple((r.name, *(m.number for m in r.measures), r.spread, r.images, r.unread) for r in mine)
    note = (
        "PLCC is raw; its mean with SRCC is what Refine-IQA's tables 5 and 6 give; PLCC fitted is after the "
        "four-parameter logistic fit. Spread is the standard deviation of the "
        "sampled scores of one image, averaged over images. Unread answers count as score 0."
    )
    return Table(f"scoring {dataset}", f"Scoring, {dataset}", columns, rows, note=note)
