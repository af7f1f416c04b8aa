"""A dataset built from a tar or a Parquet table holds what one built from the folder holds."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from perception20k.config import load_config
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import read_samples, read_sources
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import build
from perception20k.pipeline.rebuild import rebuild
from perception20k.pipeline.verify import verify

pytestmark = pytest.mark.slow

QUIET = Reporter(lambda line: None, progress=False)


def test_the_same_images_and_samples_wherever_the_photos_lie(tmp_path: Path, photos: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("salon.png", "tulips.png"):
        with Image.open(photos / name) as photo:
            photo.convert("RGB").resize((120, 90)).save(folder / f"{Path(name).stem}.png")
    (folder / "broken.jpg").write_bytes(b"not a photo")
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(folder, "000")
    rows = [{"image": {"bytes": path.read_bytes(), "path": path.name}} for path in sorted(folder.iterdir())]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "photos.parquet", row_group_size=2)
    made = {}
    with LocalExecutor(1) as executor:
        for source in ("folder", "photos.tar", "photos.parquet"):
            config = tmp_path / f"{source}.json"
            values = {"sources": [source], "objects": "whole-image", "score": None, "samples_per_object": 2}
            config.write_text(json.dumps(values))
            layout = Layout(tmp_path / f"{source}-dataset")
            build(load_config(config), layout.root, executor, reporter=QUIET)
            assert verify(layout.root, reporter=QUIET) == []
            [refused] = [row for row in read_quarantine(layout.quarantine) if row.stage == "sources"]
            assert refused.item.endswith("broken.jpg")
            made[source] = (
                [(s.image_id, s.file, s.file_sha256) for s in read_sources(layout.sources)],
                [(s.sample_id, s.file_sha256) for s in read_samples(layout.recipe)],
            )
    assert made["folder"] == made["photos.tar"] == made["photos.parquet"]
    recipe = Layout(tmp_path / "folder-dataset").recipe
    again = rebuild(recipe, (str(tmp_path / "photos.tar"),), tmp_path / "again", reporter=QUIET)
    assert again.problems == [] and again.made == len(read_samples(recipe))
