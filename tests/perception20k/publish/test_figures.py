from pathlib import Path

import numpy as np
import pytest

from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples
from perception20k.imaging import images
from perception20k.publish.figures import boxed_crop, draw_figure, drawings
from perception20k.publish.overview import overview


def test_every_figure_is_a_picture(built_dataset: Path) -> None:
    figures = Layout(built_dataset).figures
    names = {"objects.png", "examples.png", "areas.png", "severities.png", "groups.png", "samples-01.png"}
    assert names <= {p.name for p in figures.iterdir()}
    for path in figures.iterdir():
        picture = images.decode(path.read_bytes())
        assert min(picture.shape[:2]) > 200 and picture.std() > 5


def test_a_crop_shows_the_box_untouched(built_dataset: Path) -> None:
    layout = Layout(built_dataset)
    sample = min(read_samples(layout.recipe), key=lambda s: (s.box[2] - s.box[0]) * (s.box[3] - s.box[1]))
    x1, y1, x2, y2 = sample.box
    patch = images.decode((layout.root / sample.file).read_bytes())[y1:y2, x1:x2]
    crop = boxed_crop(layout, sample, (240, 180))
    windows = np.lib.stride_tricks.sliding_window_view(crop, patch.shape[:2], axis=(0, 1))
    assert any(np.array_equal(np.moveaxis(w, 0, -1), patch) for row in windows for w in row)


def test_an_empty_dataset_has_no_figures() -> None:
    assert drawings(overview([])) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_a_handful_of_samples_is_drawn_too(built_dataset: Path, tmp_path: Path, count: int) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "images").symlink_to(built_dataset / "images")
    view = overview(read_samples(Layout(built_dataset).recipe)[:count])
    for name in drawings(view):
        draw_figure(layout, view, name)
        assert (layout.figures / name).stat().st_size > 1000
