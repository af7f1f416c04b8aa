"""A dataset without objects: the whole image is distorted, and everything that reads a dataset reads it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from annotate_app.review.dataset import Dataset
from perception20k.config import load_config
from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import WHOLE_IMAGE, read_samples, read_sources
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import build
from perception20k.pipeline.rebuild import rebuild
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.verify import verify
from perception20k.publish.export import export_dataset
from trainer.data.boxes import Grid
from trainer.data.shards import ShardRows
from trainer.training.rewards.description import description

pytestmark = pytest.mark.slow

QUIET = Reporter(lambda line: None, progress=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A folder with three small photos, a config and the dataset ``d`` built by it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "photos").mkdir()
    for name in ("salon.png", "nuthatch.jpg", "tulips.png"):
        with Image.open(photos / name) as photo:
            photo.convert("RGB").resize((120, 90)).save(folder / "photos" / f"{Path(name).stem}.png")
    values = {"sources": ["photos/"], "objects": "whole-image", "score": None, "samples_per_object": 6, "seed": 1}
    values["test_fraction"] = 0.3
    (folder / "my.yaml").write_text(json.dumps(values))
    with LocalExecutor(1) as executor:
        build(load_config(folder / "my.yaml"), folder / "d", executor, reporter=QUIET)
    return folder


def test_every_pixel_may_change_and_every_digest_agrees(folder: Path) -> None:
    layout = Layout(folder / "d")
    samples, sources = read_samples(layout.recipe), read_sources(layout.sources)
    assert len(sources) == 3 and len(samples) >= 12
    assert {(s.object, s.objects, s.box) for s in samples} == {(WHOLE_IMAGE, (), (0, 0, 120, 90))}
    assert verify(layout.root, remade=True, reporter=QUIET) == []


def test_the_card_and_the_statistics_say_that_there_are_no_objects(folder: Path) -> None:
    layout = Layout(folder / "d")
    card = layout.card.read_text()
    assert "in each, the whole image carries one\n" in card and "There are no objects: the whole image is" in card
    assert json.loads(layout.stats.read_text())["objects"] == 0
    assert json.loads(layout.manifest.read_text())["objects"] == {"whole_image": True}
    assert not (layout.figures / "objects.png").exists() and (layout.figures / "examples.png").exists()


def test_the_rows_ask_for_distortion_and_severity_alone(folder: Path) -> None:
    rows = ShardRows(folder / "d", "train", Grid(28, 28 * 28, 1 << 20))
    row = rows[0]
    assert {(rows[i]["task"], rows[i]["mode"]) for i in range(len(rows.datasets))} == {
        ("description", "fr"),
        ("description", "nr"),
    }
    said = "".join(part.get("text") or "" for part in row["prompt"][0]["content"])
    assert "two questions" in said and "object" not in said
    assert row["object"] == "" and row["solution"] == f"{row['distortion']} / {row['severity_label']}"
    columns = {key: [row[key]] for key in ("object", "distortion", "severity_label")}
    assert description([f"<answer>{row['solution']}</answer>"], ["description"], **columns) == [1]


def test_the_review_shows_the_samples_although_the_box_is_the_image(folder: Path) -> None:
    dataset = Dataset(Layout(folder / "d"))
    assert len(dataset.samples) == len(read_samples(Layout(folder / "d").recipe)) and dataset.removed == []


def test_exported_again_and_made_again_it_is_the_same(folder: Path, tmp_path: Path) -> None:
    layout = Layout(folder / "d")
    assert not export_dataset(layout.root, reporter=QUIET).changed
    again = rebuild(layout.recipe, (str(folder / "photos"),), tmp_path / "again", reporter=QUIET)
    assert again.problems == [] and again.made == len(read_samples(layout.recipe))


def test_no_stage_looks_for_objects(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "d" / ".perception20k" / "journal.sqlite")) as journal:
        assert {stage for (stage,) in journal.execute("SELECT DISTINCT stage FROM results")} == {"sources", "distort"}
    with pytest.raises(UserError, match="--only detect: this config has no objects"), LocalExecutor(1) as executor:
        build(load_config(folder / "my.yaml"), folder / "d", executor, scope=BuildScope(only="detect"), reporter=QUIET)
