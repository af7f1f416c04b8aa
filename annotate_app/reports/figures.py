"""The plots of the summary and the report, as SVG: grey on white, since they stand beside images to be judged."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from annotate_app.review.history import DecisionRow
from distortions import SEVERITY_LEVELS
from perception20k.dataset.groups import groups_of
from perception20k.dataset.records import Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DARK, _LIGHT = "#333333", "#c8c8c8"


def deletions_by_group(decisions: Sequence[DecisionRow], samples: Mapping[str, Sample]) -> str:
    """Judged and deleted samples of each group."""
    groups = [samples[d.sample_id].group for d in decisions]
    present = {group: label for group, label in groups_of(samples.values()).items() if group in groups}
    return _bars(list(present.values()), groups, list(present), decisions, "", rotate=True)


def deletions_by_severity(decisions: Sequence[DecisionRow], samples: Mapping[str, Sample]) -> str:
    """Judged and deleted samples of each severity."""
    severities = [samples[d.sample_id].severity for d in decisions]
    return _bars([str(level) for level in SEVERITY_LEVELS], severities, SEVERITY_LEVELS, decisions, "severity")


def time_on_task(decisions: Sequence[DecisionRow], samples: Mapping[str, Sample]) -> str:
    """Seconds on each item in the order shown, deletions marked, with the running median of 15."""
    timed = [d for d in decisions if d.dwell_ms is not None]
    seconds = np.array([(d.dwell_ms or 0.0) / 1000 for d in timed])
    place = np.arange(1, len(seconds) + 1)
    gone = np.array([d.action == "delete" for d in timed], dtype=bool)
    axes = _axes()
    axes.plot(place[~gone], seconds[~gone], ".", color="#888888", label="accepted")
    axes.plot(place[gone], seconds[gone], "x", color="black", label="deleted")
    if len(seconds) >= 15:
        median = [float(np.median(seconds[max(0, k - 7) : k + 8])) for k in range(len(seconds))]
        axes.plot(place, median, "-", color=_DARK, label="running median")
    axes.set(xlabel="item, in the order shown", ylabel="seconds")
    axes.set_ylim(bottom=0)
    if len(seconds):
        axes.legend(frameon=False, fontsize="small")
    return _svg(axes)


FIGURES = {
    "groups": ("Deletions by group", deletions_by_group),
    "severities": ("Deletions by severity", deletions_by_severity),
    "time": ("Time on task", time_on_task),
}
"""Name to title and drawing; each takes the decisions (samples alone) and the dataset's samples by id."""


def _bars(
    labels: Sequence[str],
    values: Sequence[object],
    present: Sequence[object],
    decisions: Sequence[DecisionRow],
    axis: str,
    *,
    rotate: bool = False,
) -> str:
    judged = [sum(v == p for v in values) for p in present]
    deleted = [sum(v == p and d.action == "delete" for v, d in zip(values, decisions, strict=True)) for p in present]
    axes = _axes()
    axes.bar(labels, judged, color=_LIGHT, label="judged")
    bars = axes.bar(labels, deleted, color=_DARK, label="deleted")
    axes.bar_label(bars, [str(n) if n else "" for n in deleted], fontsize="small")
    axes.set(xlabel=axis, ylabel="samples")
    axes.locator_params(axis="y", integer=True)
    if rotate:
        axes.tick_params(axis="x", rotation=40)
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("right")
    axes.legend(frameon=False, fontsize="small")
    return _svg(axes)


def _axes() -> Axes:
    from matplotlib.figure import Figure  # takes longer to import than the review takes to start

    axes = Figure(figsize=(6, 3), layout="constrained").subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _svg(axes: Axes) -> str:
    figure = axes.get_figure(root=True)
    assert figure is not None
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
