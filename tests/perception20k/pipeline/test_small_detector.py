"""From photos that nobody annotated to a dataset by one detector, its own classes or given phrases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.config import load_config
from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import read_samples, read_sources
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import Built, build
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.verify import verify
from tests.tiny_models import build_tiny_detector, build_tiny_dino

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_tiny_detector(folder / "rtdetr")
    build_tiny_dino(folder / "dino")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A folder of four small photos."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("salon.png", "nuthatch.jpg", "clock.jpg", "tulips.png"):
        with Image.open(photos / name) as photo:
            photo.convert("RGB").resize((240, 180)).save(folder / f"{Path(name).stem}.png")
    return folder


def run(folder: Path, photos: Path, objects: dict[str, Any], **scope: Any) -> tuple[Built, list[str]]:
    path = folder / "my.yaml"
    values = {"sources": [str(photos)], "score": None, "objects": objects, "samples_per_object": 2, "seed": 3}
    path.write_text(json.dumps(values))
    said: list[str] = []
    with LocalExecutor(1) as executor:
        reporter = Reporter(said.append, progress=False)
        scope_ = BuildScope(**scope)
        built = build(load_config(path), folder / "d", executor, scope=scope_, force=True, reporter=reporter)
    return built, said


def test_a_detector_alone_gives_a_verified_dataset(tmp_path: Path, small: Path, models: Path) -> None:
    run(tmp_path, small, {"model": str(models / "rtdetr")})
    layout = Layout(tmp_path / "d")
    sources = read_sources(layout.sources)
    assert {source.origin for source in sources} == {"clock.png", "nuthatch.png", "tulips.png"}
    rows = {row.item: row.reason for row in read_quarantine(layout.quarantine)}
    [overlap] = [reason for item, reason in rows.items() if item.startswith("salon.png: ")]
    assert overlap is not None and overlap.rule == "overlap"  # the filters are those of all objects
    for source in sources:
        assert {item.name for item in source.objects} == {"cup", "chair"}
        assert all(item.score is not None and item.score >= 0.5 for item in source.objects)
    assert {frozenset(sample.objects) for sample in read_samples(layout.recipe)} == {frozenset({"cup", "chair"})}
    assert verify(layout.root) == []
    assert json.loads(layout.manifest.read_text())["objects"]["found_by"] == "rtdetr"
    assert "Objects were found by rtdetr (revision `" in layout.card.read_text()


def test_another_threshold_or_class_list_runs_no_model_again(tmp_path: Path, small: Path, models: Path) -> None:
    model = str(models / "rtdetr")
    run(tmp_path, small, {"model": model})
    asked = {"model": model, "threshold": 0.2, "classes": ["chair", "cup"], "max_objects": 2}
    _, said = run(tmp_path, small, asked, dry_run=True)
    assert "detect: 4 known, 4 done before, 0 now, 0 of them failed; 0 to do" in said
    with pytest.raises(UserError, match="no sample could be made"):  # nobody is so sure: every photo lacks objects
        run(tmp_path, small, asked | {"classes": ["chair", "dog"]})
    reasons = {row.item: row.reason for row in read_quarantine(tmp_path / "d" / "quarantine")}
    assert (clock := reasons["clock.png"]) and clock.text == "1 usable distinct objects ('chair'), fewer than 2"


def test_phrases_are_boxed_by_grounding_dino_without_anybody_naming_them(
    tmp_path: Path, small: Path, models: Path
) -> None:
    asked = {"model": str(models / "dino"), "phrases": ["red cup", "dog"], "threshold": 0.05}
    _, said = run(tmp_path, small, asked, only="detect")
    assert any(line.startswith("detect: 0 known") for line in said)
    run(tmp_path, small, asked, only="sources")
    _, said = run(tmp_path, small, asked, only="detect")
    assert "detect: 4 known, 0 done before, 4 now, 0 of them failed; 0 to do" in said
    found = [line for line in said if line.startswith("Objects: ")]
    assert len(found) == 1


def test_a_detector_that_cannot_do_it_is_refused_before_the_first_photo(
    tmp_path: Path, small: Path, models: Path
) -> None:
    with pytest.raises(UserError, match="does not know the class 'horse'"):
        run(tmp_path, small, {"model": str(models / "rtdetr"), "classes": ["dog", "horse"]})
    with pytest.raises(UserError, match="--only describe: the objects of this config are found by a detector alone"):
        run(tmp_path, small, {"model": str(models / "rtdetr")}, only="describe")
    _, said = run(tmp_path, small, {"model": str(models / "rtdetr")}, dry_run=True)
    assert "sources: 4 known, 0 done before, 0 now, 0 of them failed; 4 to do" in said
