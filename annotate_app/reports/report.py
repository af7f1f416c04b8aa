"""A page about a dataset's review, in one file: outcome, plots, reviewers and their agreement, what was flagged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from annotate_app.reports.agreement import agreements, reliabilities
from annotate_app.reports.figures import FIGURES
from annotate_app.review.dataset import Dataset
from annotate_app.review.history import decision_rows, session_rows
from annotate_app.review.log import ReviewLog
from perception20k.dataset.decisions import read_review
from perception20k.dataset.records import Sample

_TEMPLATES = Path(__file__).parent


def render_report(log: ReviewLog, dataset: Dataset) -> str:
    """The report as HTML. It needs no other file and asks no other host; names are escaped."""
    everyone = decision_rows(log)
    shown = [d for d in everyone if d.role == "sample" and d.sample_id in dataset.samples]
    state = read_review(dataset.layout.decisions).among(dataset.samples)
    reasons = {d.sample_id: d.reason for d in shown if d.action == "delete" and d.verdict != "restore"}
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["share"] = lambda value: "none" if value is None else f"{value:.0%}"
    return environment.get_template("report.html").render(
        dataset=dataset.layout.root.name,
        samples=len(dataset.samples),
        state=state,
        removed=dataset.removed,
        reasons=Counter(reason or "no reason given" for reason in reasons.values()),
        figures=[(title, Markup(draw(shown, dataset.samples))) for title, draw in FIGURES.values()] if shown else [],
        reliabilities=reliabilities(everyone),
        agreements=agreements(everyone),
        session_rows=[_session_row(row) for row in session_rows(log.connection)],
        flagged=[_words(sample_id, dataset.samples) for sample_id in sorted(state.flagged)],
    )


def _session_row(row: Mapping[str, Any]) -> dict[str, Any]:
    when = datetime.fromtimestamp(row["opened_at"], UTC).strftime("%Y-%m-%d %H:%M")
    return {**row, "when": f"{when} UTC", "minutes": row["seconds"] / 60, "away": row["away_seconds"] / 60}


def _words(sample_id: str, samples: Mapping[str, Sample]) -> str:
    sample = samples.get(sample_id)
    return sample_id if sample is None else f"{sample_id}: {sample.object}, {sample.type}, severity {sample.severity}"
