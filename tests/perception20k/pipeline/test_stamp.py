import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from perception20k.config import Annotations, Config
from perception20k.dataset.layout import Layout
from perception20k.pipeline.stamp import inputs_of, read_stamp, write_stamp

CONFIG = Config(("photos",), Annotations("boxes.json"), score=None)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A finished dataset of two photos, in files that only have to be there."""
    monkeypatch.chdir(tmp_path)
    layout = Layout(tmp_path / "dataset")
    files = ("photos/a.jpg", "photos/b.jpg", "boxes.json", "dataset/recipe.parquet", "dataset/images/source/0/0.jpg")
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    write_stamp(layout, inputs_of(CONFIG, layout), {"samples": 2})
    return layout


def test_the_same_again_has_its_figures_at_hand(layout: Layout) -> None:
    assert read_stamp(layout, inputs_of(CONFIG, layout)) == {"samples": 2}


def test_it_does_not_matter_where_the_sources_lie(layout: Layout) -> None:
    Path("elsewhere").mkdir()
    Path("photos").rename("elsewhere/photos")
    assert read_stamp(layout, inputs_of(replace(CONFIG, sources=("elsewhere/photos",)), layout)) is not None


CHANGES: dict[str, Callable[[Layout], object]] = {
    "a photo changed": lambda layout: os.utime("photos/a.jpg", ns=(1, 1)),
    "a photo is new": lambda layout: Path("photos/c.jpg").write_text("c"),
    "a photo is gone": lambda layout: Path("photos/a.jpg").unlink(),
    "a file that is not read is new": lambda layout: Path("photos/c.zip").write_text("c"),
    "the boxes changed": lambda layout: Path("boxes.json").write_text("other"),
    "an image is gone": lambda layout: (layout.source_images / "0" / "0.jpg").unlink(),
    "a table is half": lambda layout: layout.recipe.write_text("half"),
    "a file was added": lambda layout: (layout.root / "mine.txt").touch(),
    "the stamp is damaged": lambda layout: layout.stamp.write_text("{}"),
    "the stamp is gone": lambda layout: layout.stamp.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_makes_a_build_look_again(layout: Layout, change: str) -> None:
    CHANGES[change](layout)
    assert read_stamp(layout, inputs_of(CONFIG, layout)) is None


@pytest.mark.parametrize("changes", [{"seed": 1}, {"annotations": Annotations(yolo="boxes.json")}, {"max_side": None}])
def test_another_configuration_makes_a_build_look_again(layout: Layout, changes: dict[str, object]) -> None:
    assert read_stamp(layout, inputs_of(replace(CONFIG, **changes), layout)) is None  # type: ignore[arg-type]
