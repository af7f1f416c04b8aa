"""Figures of a dataset: the paper's figures 7 and 9 to 12 from the dataset's own data, and contact sheets.

7 is the word cloud of objects, 9 one example of each group, 10 and 11 the box areas and severities by group,
12 the distribution of groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from distortions import SEVERITY_LEVELS, groups
from perception20k.core.extras import installed
from perception20k.core.files import write_bytes, written_aside
from perception20k.dataset.groups import label_of
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample
from perception20k.imaging import images
from perception20k.imaging.images import Array
from perception20k.imaging.sheets import contact_sheet
from perception20k.imaging.word_cloud import word_cloud
from perception20k.publish.overview import Overview

SHEET_SAMPLES = 48
"""Samples on one contact sheet."""


CHARTS = ("areas.png", "severities.png", "groups.png")
"""What is drawn with matplotlib."""


def has_plots() -> bool:
    """Whether matplotlib is there."""
    return installed("matplotlib")


def draw_figures(layout: Layout, view: Overview) -> list[Path]:
    """Draw every figure into ``figures/``; returns their paths. An empty dataset has none.

    Without matplotlib (the extra ``plots``) the charts, ``CHARTS``, are left out.
    """
    if not view.first:
        return []
    drawings: dict[str, Callable[[Path], None]] = {"examples.png": lambda path: _examples(path, layout, view)}
    if view.words:
        drawings["objects.png"] = lambda path: _write(path, word_cloud(view.words, (1200, 600)))
    if has_plots():
        charts = (_areas, _severities, _groups)
        drawings |= {name: partial(chart, view=view) for name, chart in zip(CHARTS, charts, strict=True)}
    for name, drawing in drawings.items():
        with written_aside(layout.figures / name) as aside:
            drawing(aside)
    sheets = [_sheet(layout, view.first, number) for number in range(-(-len(view.first) // SHEET_SAMPLES))]
    return [layout.figures / name for name in drawings] + sheets


def boxed_crop(layout: Layout, sample: Sample, size: tuple[int, int]) -> Array:
    """The sample's box with as much context as fits a picture of ``size`` (width, height), the box outlined.

    The outline, white on black, is drawn outside the box, so that it covers none of its pixels.
    """
    image = images.decode((layout.root / sample.file).read_bytes())
    x1, y1, x2, y2 = sample.box
    inside = image[y1:y2, x1:x2].copy()
    pad = max(4, round(0.01 * max(sample.width, sample.height)))
    cv2.rectangle(image, (x1 - pad, y1 - pad), (x2 + pad - 1, y2 + pad - 1), (0, 0, 0), pad)
    cv2.rectangle(image, (x1 - pad, y1 - pad), (x2 + pad - 1, y2 + pad - 1), (255, 255, 255), max(1, pad // 2))
    image[y1:y2, x1:x2] = inside
    width, height = size
    need = max(
        (x2 - x1 + 4 * pad) / width,
        (y2 - y1 + 4 * pad) / height,
        0.6 * min(sample.width / width, sample.height / height),
    )
    half_w, half_h = need * width / 2, need * height / 2
    cx = float(np.clip((x1 + x2) / 2, half_w, max(half_w, sample.width - half_w)))
    cy = float(np.clip((y1 + y2) / 2, half_h, max(half_h, sample.height - half_h)))
    left, top = max(0, int(cx - half_w)), max(0, int(cy - half_h))
    return image[top : int(cy + half_h), left : int(cx + half_w)]


def _sheet(layout: Layout, samples: Sequence[Sample], number: int) -> Path:
    part = samples[number * SHEET_SAMPLES : (number + 1) * SHEET_SAMPLES]
    cells = [(boxed_crop(layout, s, (240, 180)), f"{s.object}: {label_of(s)} {s.severity}") for s in part]
    path = layout.figures / f"samples-{number + 1:02d}.png"
    write_bytes(path, _png(contact_sheet(cells, columns=6, cell=(240, 180))))
    return path


def _examples(path: Path, layout: Layout, view: Overview) -> None:
    """Figure 9: of each group the sample nearest to severity 4, the most visible first."""
    cells = []
    for group, label in groups(view.preset).items():
        if best := view.examples.get(group):
            cells.append((boxed_crop(layout, best, (320, 240)), f"{label} {best.severity}: {best.object}"))
    _write(path, contact_sheet(cells, columns=4, cell=(320, 240)))


def _areas(path: Path, view: Overview) -> None:
    """Figure 10: histogram of box areas by group, with a kernel density (Scott's width) where the areas differ."""

    def panel(axis: Any, group: str) -> None:
        areas = [values for (_, name), values in view.areas.items() if name == group]
        shares = np.concatenate([np.empty(0), *areas])
        axis.hist(shares, bins=np.linspace(0, 1, 21), color="#4878a8")
        if len(shares) > 2 and np.ptp(shares) > 0:
            grid = np.linspace(0, 1, 200)
            width = shares.std(ddof=1) * len(shares) ** -0.2
            density = np.zeros(len(grid))
            for some in np.array_split(shares, -(-len(shares) // 10_000)):
                density += np.exp(-(((grid[:, None] - some) / width) ** 2) / 2).sum(axis=1)
            axis.plot(grid, 0.05 * density / (width * np.sqrt(2 * np.pi)), color="#c04040")
        axis.set_xlim(0, 1)

    _grid(path, view, panel, "share of the image the box covers")


def _severities(path: Path, view: Overview) -> None:
    """Figure 11: severities by group."""

    def panel(axis: Any, group: str) -> None:
        axis.bar(SEVERITY_LEVELS, [view.count(None, group, level) for level in SEVERITY_LEVELS], color="#4878a8")

    _grid(path, view, panel, "severity")


def _groups(path: Path, view: Overview) -> None:
    """Figure 12: how often each group occurs, by split."""
    figure = _figure(9, 4)
    axis = figure.subplots()
    labels = groups(view.preset)
    left = np.zeros(len(labels))
    for part, colour in (("train", "#4878a8"), ("test", "#e0a040")):
        heights = np.array([view.count(part, group) for group in labels], dtype=float)
        axis.bar(list(labels.values()), heights, bottom=left, label=part, color=colour)
        left += heights
    axis.tick_params(axis="x", rotation=40)
    axis.set_ylabel("samples")
    axis.legend()
    _save(figure, path)


def _grid(path: Path, view: Overview, panel: Callable[[Any, str], None], label: str) -> None:
    labels = groups(view.preset)
    rows = -(-len(labels) // 4)
    figure = _figure(12, 7 / 3 * rows)
    axes = figure.subplots(rows, 4, sharex=True, squeeze=False)
    for axis in axes.flat[len(labels) :]:
        axis.remove()
    for axis, (group, name) in zip(axes.flat, labels.items(), strict=False):
        panel(axis, group)
        axis.yaxis.get_major_locator().set_params(integer=True)
        axis.set_title(f"{name} ({view.count(None, group)})", fontsize=10)
    figure.supxlabel(label)
    figure.supylabel("samples")
    _save(figure, path)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure  # draws with Agg: a server has no display

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    # The metadata carries no version, so that two installs that draw alike write alike.
    figure.savefig(path, format="png", dpi=100, metadata={"Software": None})


def _write(path: Path, image: Array) -> None:
    path.write_bytes(_png(image))


def _png(image: Array) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done
    return bytes(data)
