"""Figures of a dataset: the paper's figures 7 and 9 to 12 from the dataset's own data, and contact sheets.

7 is the word cloud of objects, 9 one example of each group, 10 and 11 the box areas and severities by group,
12 the distribution of groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from distortions import SEVERITY_LEVELS, groups
from perception20k.core.extras import installed
from perception20k.core.files import written_aside
from perception20k.dataset.groups import label_of
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample
from perception20k.imaging import images
from perception20k.imaging.images import Array
from perception20k.imaging.sheets import contact_sheet
from perception20k.imaging.word_cloud import word_cloud
from perception20k.publish.overview import Overview

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHEET_SAMPLES = 48
"""Samples on one contact sheet."""


CHARTS = ("areas.png", "severities.png", "groups.png")
"""What is drawn with matplotlib."""


def drawings(view: Overview) -> dict[str, Callable[[Layout], Array | Figure]]:
    """What draws each figure, by its file's name, the slow ones first. An empty dataset has none.

    Without matplotlib (the extra ``plots``) the charts, ``CHARTS``, are left out.
    """
    found: dict[str, Callable[[Layout], Array | Figure]] = {}
    if view.first and installed("matplotlib"):
        charts = (_areas, _severities, _groups)
        found |= {name: partial(chart, view=view) for name, chart in zip(CHARTS, charts, strict=True)}
    for number, start in enumerate(range(0, len(view.first), SHEET_SAMPLES), 1):
        found[f"samples-{number:02d}.png"] = partial(_sheet, samples=view.first[start : start + SHEET_SAMPLES])
    if view.first:
        found["examples.png"] = partial(_examples, view=view)
    if view.words:
        found["objects.png"] = lambda layout: word_cloud(view.words, (1200, 600))
    return found


def draw_figure(layout: Layout, view: Overview, name: str) -> None:
    """Draw one of the :func:`drawings` into ``figures/``."""
    drawn = drawings(view)[name](layout)
    with written_aside(layout.figures / name) as aside:
        aside.write_bytes(_png(drawn if isinstance(drawn, np.ndarray) else _pixels(drawn)))


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


def _sheet(layout: Layout, samples: Sequence[Sample]) -> Array:
    cells = [(boxed_crop(layout, s, (240, 180)), f"{s.object}: {label_of(s)} {s.severity}") for s in samples]
    return contact_sheet(cells, columns=6, cell=(240, 180))


def _examples(layout: Layout, view: Overview) -> Array:
    """Figure 9: of each group the sample nearest to severity 4, the most visible first."""
    cells = []
    for group, label in groups(view.preset).items():
        if best := view.examples.get(group):
            cells.append((boxed_crop(layout, best, (320, 240)), f"{label} {best.severity}: {best.object}"))
    return contact_sheet(cells, columns=4, cell=(320, 240))


def _areas(layout: Layout, view: Overview) -> Figure:
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

    return _grid(view, panel, "share of the image the box covers")


def _severities(layout: Layout, view: Overview) -> Figure:
    """Figure 11: severities by group."""

    def panel(axis: Any, group: str) -> None:
        axis.bar(SEVERITY_LEVELS, [view.count(None, group, level) for level in SEVERITY_LEVELS], color="#4878a8")

    return _grid(view, panel, "severity")


def _groups(layout: Layout, view: Overview) -> Figure:
    """Figure 12: how often each group occurs, by split."""
    figure = _figure(9, 4, layout="constrained")
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
    return figure


def _grid(view: Overview, panel: Callable[[Any, str], None], label: str) -> Figure:
    labels = groups(view.preset)
    rows = -(-len(labels) // 4)
    height = 7 / 3 * rows
    figure = _figure(12, height)
    # Places in inches: matplotlib takes seconds to find them for so many panels.
    edges = {"left": 0.8 / 12, "right": 1 - 0.15 / 12, "bottom": 0.6 / height, "top": 1 - 0.35 / height}
    axes = figure.subplots(rows, 4, sharex=True, squeeze=False, gridspec_kw={**edges, "wspace": 0.25, "hspace": 0.25})
    for axis in axes.flat[len(labels) :]:
        axis.remove()
    for axis, (group, name) in zip(axes.flat, labels.items(), strict=False):
        panel(axis, group)
        axis.yaxis.get_major_locator().set_params(integer=True)
        axis.set_title(f"{name} ({view.count(None, group)})", fontsize=10)
    figure.supxlabel(label)
    figure.supylabel("samples")
    return figure


def _figure(width: float, height: float, **options: Any) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, **options)


def _pixels(figure: Figure) -> Array:
    """The figure as Agg draws it: a server has no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _png(image: Array) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done
    return bytes(data)
