import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image

from perception20k.core.errors import UserError
from perception20k.dataset import shards
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample, Source, read_samples, read_sources
from perception20k.dataset.shards import plan_shards, write_shard
from perception20k.imaging import images


@pytest.fixture(scope="module")
def parts(built_dataset: Path) -> tuple[Layout, list[Sample], list[Source]]:
    layout = Layout(built_dataset)
    return layout, read_samples(layout.recipe), read_sources(layout.sources)


def linked(layout: Layout, folder: Path) -> Layout:
    """A dataset without shards, of the same images and tables."""
    for path in (layout.root / "images", layout.recipe, layout.sources):
        (folder / path.name).symlink_to(path)
    return Layout(folder)


def write(layout: Layout, samples: list[Sample], sources: list[Source], rft_per_sample: float = 4) -> list[Path]:
    """The shards of the train part."""
    plans = list(plan_shards(layout, "train", samples, sources))
    for shard in plans:
        assert write_shard(layout, shard, rft_per_sample=rft_per_sample, seed=7) > 0
    return [layout.root / shard.file for shard in plans]


def test_written_twice_the_bytes_are_the_same(parts: tuple[Layout, list[Sample], list[Source]], tmp_path: Path) -> None:
    layout, samples, sources = parts
    again = write(linked(layout, tmp_path), samples, sources)
    assert [p.read_bytes() for p in again] == [(layout.shards / p.name).read_bytes() for p in again]


def test_datasets_loads_them_and_decodes_the_images(built_dataset: Path, tmp_path: Path) -> None:
    files = {part: str(Layout(built_dataset).shards / f"{part}-*.parquet") for part in ("train", "test")}
    loaded = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))
    samples = {s.sample_id: s for s in read_samples(Layout(built_dataset).recipe)}
    assert {row["sample_id"] for part in loaded.values() for row in part.remove_columns("images")} == set(samples)
    row = next(row for row in loaded["test"] if row["mode"] == "fr")
    sample = samples[row["sample_id"]]
    assert all(isinstance(image, Image.Image) for image in row["images"])
    source, distorted = (np.asarray(image.convert("RGB")) for image in row["images"])
    assert images.pixels_sha256(distorted) == sample.pixels_sha256
    assert source.shape == distorted.shape
    assert row["box"] == list(sample.box)


def test_the_features_are_named_as_every_release_of_datasets_since_3_knows_them(built_dataset: Path) -> None:
    schema = pq.read_schema(next(Layout(built_dataset).shards.glob("train-*.parquet")))
    text = schema.metadata[b"huggingface"].decode()
    assert set(re.findall(r'"_type": "(\w+)"', text)) == {"Value", "Image"}  # List is unknown to 3, Sequence goes
    assert json.loads(text)["info"]["features"]["images"] == [{"_type": "Image"}]


def test_a_repeated_image_is_stored_once(parts: tuple[Layout, list[Sample], list[Source]]) -> None:
    layout, samples, sources = parts
    distinct = sum(shard.distinct for shard in plan_shards(layout, "train", samples, sources))
    written = sum(p.stat().st_size for p in layout.shards.glob("train-*.parquet"))
    rows = pq.read_table(next(layout.shards.glob("train-*.parquet")))
    repeated = sum(len(image["bytes"]) for images_ in rows["images"].to_pylist() for image in images_)
    # the column's compression still finds something in a source that is kept as a loosely packed PNG
    assert 0.98 * distinct < written < 1.02 * distinct
    assert repeated > 4 * distinct


@pytest.mark.parametrize("limit", ["SHARD_BYTES", "SHARD_SAMPLES"])
def test_a_sources_rows_stay_together_and_shards_stay_small(
    parts: tuple[Layout, list[Sample], list[Source]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    layout, samples, sources = parts
    monkeypatch.setattr(shards, limit, 1)
    written = write(linked(layout, tmp_path), samples, sources, 1)
    held = [set(pq.read_table(path)["image_id"].to_pylist()) for path in written]
    assert all(len(ids) == 1 for ids in held)
    assert len(set.union(*held)) == len(held) > 1


def test_row_groups_are_closed_before_they_grow_too_large(
    parts: tuple[Layout, list[Sample], list[Source]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, samples, sources = parts
    monkeypatch.setattr(shards, "GROUP_BYTES", 1)
    [path] = write(linked(layout, tmp_path), samples, sources)
    assert pq.read_metadata(path).num_row_groups == len({s.image_id for s in samples if s.split == "train"})
    original = pq.read_table(layout.shards / path.name)
    assert pq.read_table(path).equals(original)


def test_a_missing_image_is_one_clear_line(parts: tuple[Layout, list[Sample], list[Source]], tmp_path: Path) -> None:
    _, samples, sources = parts
    with pytest.raises(UserError, match="the image is missing"):
        list(plan_shards(Layout(tmp_path), "train", samples, sources))


def test_the_bytes_in_a_shard_are_those_of_the_files(parts: tuple[Layout, list[Sample], list[Source]]) -> None:
    layout, samples, _ = parts
    row = pq.read_table(layout.shards / "test-00000.parquet").slice(0, 1).to_pylist()[0]
    sample = next(s for s in samples if s.sample_id == row["sample_id"])
    stored = {image["path"]: image["bytes"] for image in row["images"]}
    assert stored[Path(sample.file).name] == (layout.root / sample.file).read_bytes()
    assert Image.open(io.BytesIO(row["images"][0]["bytes"])).size == (sample.width, sample.height)
    assert all("/" not in name for name in stored)
