"""A dataset built from a tar, a Parquet table or the hub holds what one built from the folder holds."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
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
from tests.perception20k.hub_server import hub_server

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


NAME = "hf://datasets/lab/things"
WHOLE = f"""
from perception20k.cli import cli
for line in ("init {NAME}", "build my.yaml --estimate", "build {NAME} --out whole"):
    cli.main(args=line.split(), standalone_mode=False)
"""


def test_a_dataset_of_the_hub_with_its_objects_is_built_by_one_command(tmp_path: Path, photos: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    coco = json.loads((photos / "instances.json").read_text())
    images = [image for name in ("coffee.png", "tulips.png") for image in coco["images"] if image["file_name"] == name]
    for image in images:
        shutil.copy2(photos / image["file_name"], folder)
    (folder / "instances.json").write_text(json.dumps(coco | {"images": images, "annotations": _of(coco, images)}))
    rows = []
    for image in images:
        found = _of(coco, [image])
        objects = {"bbox": [box["bbox"] for box in found], "category": [box["category_id"] for box in found]}
        data = {"bytes": (folder / image["file_name"]).read_bytes(), "path": image["file_name"]}
        rows.append({"image": data, "objects": objects})
    names = {category["id"]: category["name"] for category in coco["categories"]}
    label = {"names": [names.get(number, "?") for number in range(max(names) + 1)], "_type": "ClassLabel"}
    features = {"objects": {"feature": {"bbox": {}, "category": label}, "_type": "Sequence"}}
    table = pa.Table.from_pylist(rows).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    stored = io.BytesIO()
    pq.write_table(table, stored)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    clean |= {"PYTHONPATH": str(Path(__file__).parents[3]), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with hub_server() as server:
        server.files["datasets/lab/things"] = {"README.md": b"#", "data/train-0.parquet": stored.getvalue()}
        server.private["datasets/lab/things"] = False
        environment = {**clean, **server.environment(str(tmp_path / "home"))}
        command = [sys.executable, "-c", WHOLE]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = "boxes from the column 'objects', read as xywh (impossible boxes among 10: "
    assert done.stdout.count(f"Objects: {said}") == 2 and f"# {said}" in (tmp_path / "my.yaml").read_text()
    assert f"annotations: {{parquet_xywh: '{NAME}'}}" in (tmp_path / "my.yaml").read_text()
    values = yaml.safe_load((tmp_path / "my.yaml").read_text())
    values |= {"sources": ["folder"], "annotations": {"coco": "folder/instances.json"}}
    (tmp_path / "folder.json").write_text(json.dumps(values))
    with LocalExecutor(1) as executor:
        build(load_config(tmp_path / "folder.json"), tmp_path / "by-folder", executor, reporter=QUIET)
    assert _made(tmp_path / "whole") == _made(tmp_path / "by-folder")


def _of(coco: dict[str, Any], images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = {image["id"] for image in images}
    return [box for box in coco["annotations"] if box["image_id"] in wanted]


def _made(dataset: Path) -> tuple[list[Any], list[Any]]:
    layout = Layout(dataset)
    sources = [(s.image_id, s.file_sha256, s.objects) for s in read_sources(layout.sources)]
    return sources, [(s.sample_id, s.file_sha256) for s in read_samples(layout.recipe)]
