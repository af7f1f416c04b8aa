"""From answers to what a run leaves: tables, confusion pictures and the page.

RUN/
  tables.md tables.csv tables.json   every table; Markdown rounds
  confusion/                         what was said for each distortion and severity, as pictures
  index.html                         all of it on one page, with the worst cases drawn
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from perception20k.dataset.boxes import iou
from trainer import pages
from trainer.data import answers
from trainer.evaluation import degradation, interpreting, pairs, perception, published, scoring
from trainer.evaluation.measures import Measure, average
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Suite, kind_of
from trainer.evaluation.tables import Cell, Table, shown, write_tables

AVERAGE = "scoring, average of {} datasets"
"""Where a measure of scores is averaged over datasets, as the papers' tables do."""

WORST = 24
"""Groundings drawn of each perception suite."""


class _Kind(NamedTuple):
    tables: Callable[[Mapping[str, Sequence[Prediction]]], list[Table]]
    measures: Callable[[Sequence[Prediction]], list[Measure]]
    headline: re.Pattern[str]
    """The measures that the overview shows, by name."""


KINDS: dict[str, _Kind] = {
    "perception": _Kind(
        perception.tables,
        perception.measures,
        re.compile("description, (all three|both parts), overall|grounding, IoU, overall"),
    ),
    "scoring": _Kind(scoring.tables, scoring.measures, re.compile("[SP][RL]CC, .*")),
    "degradation": _Kind(degradation.tables, degradation.measures, re.compile(".*")),
    "interpreting": _Kind(interpreting.tables, interpreting.measures, re.compile("accuracy, overall")),
    "comparison": _Kind(pairs.tables, pairs.measures, re.compile("accuracy|order changes the answer")),
}
"""Every kind of suite, by the first word of a suite's name, in the order of the report."""


def by_suite(predictions: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    """The predictions of each suite, suites in the order of ``KINDS``."""
    found: dict[str, list[Prediction]] = {}
    for kind in KINDS:
        for prediction in predictions:
            if kind_of(prediction.suite) == kind:
                found.setdefault(prediction.suite, []).append(prediction)
    return found


def measures(suite: str, predictions: Sequence[Prediction]) -> list[Measure]:
    """The measures of one suite."""
    return KINDS[kind_of(suite)].measures(_counted(suite, predictions))


def _counted(suite: str, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
    """What a suite's tables are made of: its greedy answers; for scoring, the sampled ones too."""
    return predictions if kind_of(suite) == "scoring" else greedy(predictions)


def greedy(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The greedy answers."""
    return [prediction for prediction in predictions if prediction.draw == 0]


def tables(predictions: Sequence[Prediction]) -> list[Table]:
    """Every table of a run."""
    suites = by_suite(predictions)
    found: list[Table] = []
    for kind, names in groupby(suites, kind_of):
        found += KINDS[kind].tables({name: _counted(name, suites[name]) for name in names})
    if any(prediction.draw for prediction in predictions):
        found.append(_spread(suites))
    errors = _errors(suites)
    found += [errors] if errors.rows else []
    return [*found, *published.beside(suites)]


def overview(predictions: Sequence[Prediction]) -> Table:
    """The few numbers that say how a run went."""
    rows: list[tuple[Cell, ...]] = []
    scored: dict[str, list[float | None]] = {}
    for name, part in by_suite(predictions).items():
        for measure in measures(name, part):
            if KINDS[kind_of(name)].headline.fullmatch(measure.name):
                value = shown(measure.number, measure.percent) + (" %" if measure.percent else "")
                rows.append((name, measure.name, value))
                if kind_of(name) == "scoring":
                    scored.setdefault(measure.name, []).append(measure.number)
    rows += [
        (AVERAGE.format(len(numbers)), name, shown(average(numbers), percent=False))
        for name, numbers in scored.items()
        if len(numbers) > 1
    ]
    return Table("overview", "Overview", ("suite", "measure", "value"), tuple(rows))


def write(run: Path, title: str, predictions: Sequence[Prediction], suites: Mapping[str, Suite]) -> Table:
    """Write tables, pictures and page into ``run``; ``suites`` give the pictures of the worst cases.

    Returns:
        The overview.
    """
    first = overview(predictions)
    found = tables(predictions)
    perceived = {name: part for name, part in by_suite(greedy(predictions)).items() if kind_of(name) == "perception"}
    confused = perception.confusions(perceived)
    everything = [*found, *(confusion.table() for confusion in confused)]
    write_tables(run, "tables", title, everything, above=[first])
    pictures = []
    for confusion in confused:
        path = run / "confusion" / f"{confusion.name.replace(', ', ' ').replace(' ', '-')}.png"
        confusion.draw(path)
        pictures.append(pages.data_url(path.read_bytes(), "png"))
    pages.write_page(
        run / "index.html",
        "evaluation",
        title=title,
        tables=[first, *found],
        shown=shown,
        confusions=pictures,
        cases={name: _worst(part, suites[name]) for name, part in perceived.items() if name in suites},
    )
    return first


def _worst(predictions: Sequence[Prediction], suite: Suite) -> list[dict[str, str]]:
    """The worst groundings of a perception suite, drawn, with what the same samples' descriptions say."""
    described = {_sample(one): one.text for one in predictions if one.truth["task"] == "description"}
    cases = []
    for prediction in perception.worst(predictions, WORST):
        truth, said = prediction.truth, answers.box(prediction.text)
        what = f"{truth['object']}: {truth['distortion']}, {truth['severity_label']}"
        image = suite.rows[prediction.index]["images"][-1]
        cases.append(
            {
                "picture": pages.picture(image, truth["box"], [said], frame=truth.get("frame"), longest=480),
                "earned": "unread" if said is None else f"IoU {iou(said, truth['box']):.2f}",
                "caption": f"{truth['mode'].upper()} {what}",
                "where": " ".join(prediction.text.split()),
                "what": " ".join(described.get(_sample(prediction), "").split()),
            }
        )
    return cases


def _sample(prediction: Prediction) -> tuple[str, str]:
    """The sample and mode a question is about."""
    sample, _, mode = prediction.row_id.rsplit("-", 2)
    return sample, mode


def _spread(suites: Mapping[str, Sequence[Prediction]]) -> Table:
    """Every measure of the sampled answers, draw by draw: mean and standard deviation over the draws."""
    rows: list[tuple[Cell, ...]] = []
    for name, predictions in suites.items():
        draws = sorted({prediction.draw for prediction in predictions})
        alone = ([replace(one, draw=0) for one in predictions if one.draw == draw] for draw in draws)
        numbers = [{m.name: m.number for m in measures(name, part)} for part in alone]
        for what, first in numbers[0].items():
            drawn = [value for found in numbers[1:] if (value := found.get(what)) is not None]
            if drawn:
                rows.append((name, what, first, float(np.mean(drawn)), float(np.std(drawn)), len(drawn)))
    columns = ("suite", "measure", "greedy", "mean of draws", "standard deviation", "draws")
    return Table("draws", "Sampled answers, one draw at a time", columns, tuple(rows))


def _errors(suites: Mapping[str, Sequence[Prediction]]) -> Table:
    """Answers that did not come, by reason; they are unread in the tables above."""
    counts = Counter(
        (name, prediction.error)
        for name, predictions in suites.items()
        for prediction in predictions
        if prediction.error
    )
    rows: list[tuple[Cell, ...]] = [(name, error, count) for (name, error), count in sorted(counts.items())]
    return Table("errors", "Questions without an answer", ("suite", "reason", "answers"), tuple(rows))
