"""A dataset built and reviewed by version 0.1 is opened, verified, reviewed and exported by today's code as before.

``tests/data/README.md`` says what it holds. Tests work on copies.
"""

from __future__ import annotations

import csv
import json
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.cli import cli
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from tests.annotate_app.conftest import Clock, Person, client_of

pytestmark = pytest.mark.slow

EARLIER = Layout(Path(__file__).parent / "data" / "dataset-0.1")
DELETED, RESTORED = "8a7bd6180d8fabc4", "c6223b6cb1cbe4ce"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """The dataset of version 0.1, free to be changed."""
    return Layout(Path(shutil.copytree(EARLIER.root, tmp_path / "dataset-0.1")))


CHANGED = {
    "8a7bd6180d8fabc4": "saturate_strengthen_HSV",
    "9b04467ce3661e19": "pixelate",
    "5f8598dfe1174040": "blur_motion",
    "6212c7237d443eb1": "brightness_darken_gamma_HSV",
}
"""Samples of types whose bytes changed with version 0.2 of the distortions."""


def run(*arguments: str | Path, fails: bool = False) -> str:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=fails)
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def rows(path: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    return pq.read_table(path, columns=columns).to_pylist()


def same_rows(today: Path, before: Path) -> None:
    """Every row of ``before`` is there in its order, in the columns it had; there may be more columns."""
    assert rows(today, pq.read_schema(before).names) == rows(before)


def test_every_digest_agrees(layout: Layout) -> None:
    assert "all digests match" in run("verify", layout.root)


def test_samples_that_today_s_distortions_make_otherwise_are_named(layout: Layout) -> None:
    told = run("verify", layout.root, "--remake", fails=True)
    assert all(f"{sample}: the regenerated pixels differ" in told for sample in CHANGED)
    assert told.count("the regenerated pixels differ") == len(CHANGED)


def test_the_recipe_makes_the_same_images_from_the_source_files(layout: Layout, tmp_path: Path) -> None:
    told = run("rebuild", layout.recipe, "--sources", layout.source_images, "--out", tmp_path / "again", fails=True)
    assert all(sample in told for sample in CHANGED)
    made = {path.name: path.read_bytes() for path in (tmp_path / "again").rglob("*.webp")}
    before = {path.name: path.read_bytes() for path in EARLIER.distorted_images.iterdir()}
    assert made == {name: data for name, data in before.items() if name.removesuffix(".webp") not in CHANGED}


@pytest.mark.slow
@pytest.mark.parametrize("continued", [False, True])
def test_the_same_photos_and_boxes_build_the_same_samples(layout: Layout, tmp_path: Path, continued: bool) -> None:
    coco: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
    photos = tmp_path / "photos"
    photos.mkdir()
    for source in rows(layout.sources):
        shutil.copy(layout.root / source["file"], photos / source["origin"])
        number = len(coco["images"])
        coco["images"].append({"id": number, "file_name": source["origin"], "width": source["width"]})
        coco["images"][-1]["height"] = source["height"]
        for thing in source["objects"]:
            category = len(coco["categories"])
            coco["categories"].append({"id": category, "name": thing["name"]})
            x1, y1, x2, y2 = thing["box"]
            box = {"id": category, "image_id": number, "category_id": category, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            coco["annotations"].append({**box, "iscrowd": 0, "area": (x2 - x1) * (y2 - y1)})
    (photos / "instances.json").write_text(json.dumps(coco))
    config = tmp_path / "config.yaml"
    config.write_text(layout.config.read_text().replace("/data/photos", str(photos)) + "max_side: null\n")
    out = layout if continued else Layout(tmp_path / "again")
    layout.work.mkdir(exist_ok=True)
    run("build", config, "--out", out.root, "--workers", "1")
    drawn = set(pq.read_schema(EARLIER.recipe).names) - {"split"}  # of one sample less there
    if not continued:
        drawn -= {"file"}  # in a folder of its own
    assert all((out.root / row["file"]).is_file() for row in rows(out.recipe) + rows(out.sources))
    ours, theirs = (rows(path, sorted(drawn)) for path in (out.recipe, EARLIER.recipe))
    made = {"params", "psnr", "ssim", "delta_e", "file_sha256", "pixels_sha256"}
    for one, other in zip(ours, theirs, strict=True):
        same = drawn - made if one["sample_id"] in CHANGED else drawn
        assert {name: one[name] for name in same} == {name: other[name] for name in same}


@pytest.mark.slow
def test_an_export_writes_the_same_rows_again(layout: Layout) -> None:
    layout.manifest.unlink()
    run("export", layout.root)
    same_rows(layout.recipe, EARLIER.recipe)
    same_rows(layout.sources, EARLIER.sources)
    for before in EARLIER.shards.iterdir():
        same_rows(layout.shards / before.name, before)
    before, today = (json.loads(path.stats.read_text()) for path in (EARLIER, layout))
    assert {key: today[key] for key in before} == before
    assert json.loads(layout.manifest.read_text())["review"] == json.loads(EARLIER.manifest.read_text())["review"]
    assert "all digests match" in run("verify", layout.root)


def test_the_decisions_count_as_they_did(layout: Layout) -> None:
    state = read_review(layout.decisions)
    assert state.deleted == {DELETED}
    assert RESTORED in state.kept
    assert (state.reviewed, len(state.unverified)) == (12, 0)


def test_the_review_log_has_every_event(layout: Layout, tmp_path: Path) -> None:
    run("review-log", layout.root, "-o", tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="") as file:
        events = list(csv.DictReader(file))
    actions = [event["action"] for event in events]
    assert len(events) == 39
    assert [actions.count(name) for name in ("delete", "undo", "reason", "confirm", "restore")] == [4, 1, 1, 1, 1]
    assert {event["reviewer"] for event in events} == {"ann", "ben"}
    assert {event["role"] for event in events} == {"", "sample", "repeat", "undistorted"}


@pytest.mark.slow
def test_the_review_report_is_drawn(layout: Layout, tmp_path: Path) -> None:
    run("review-report", layout.root, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "ann" in page and "ben" in page and "<svg" in page


def test_stats_prints_the_distributions(layout: Layout) -> None:
    assert "11 samples" in run("stats", layout.root)
    assert json.loads(run("stats", layout.root, "--json")) == json.loads(EARLIER.stats.read_text())


def test_the_review_app_starts_and_lists_what_was_removed_beforehand(layout: Layout) -> None:
    with closing(Review(Dataset(layout), Settings())) as review:
        client = client_of(review)
        overview = client.get("/api/overview").json()
        assert client.get("/").status_code == 200
    assert (overview["samples"], overview["free"], overview["waiting"]) == (12, 0, [])
    assert [(what, "96.9%" in why) for what, why in overview["removed"]] == [("tulips.jpg: flower bed", True)]


def test_the_review_goes_on_in_the_same_log(layout: Layout) -> None:
    clock = Clock()
    clock.now = time.time()
    with closing(Review(Dataset(layout), Settings(training=False, overlap=True), clock)) as review:
        cem = Person(review, clock, "cem")
        cem.open()
        image = client_of(review).get(f"/api/sessions/{cem.session}/images/0")
        assert image.content[8:12] == b"WEBP"
        cem.judge()
    state = read_review(layout.decisions)
    assert (state.reviewed, state.deleted) == (12, {DELETED})
