"""Each form is read back by the library that people would read it with."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from perception20k.cli import cli
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample, read_samples, read_sources
from perception20k.imaging import images
from perception20k.publish import other_forms
from perception20k.publish.other_forms import write_coco, write_webdataset
from tests.perception20k.shareable import KEPT, shareable_dataset

SAMPLES = {sample.sample_id: sample for sample in read_samples(KEPT / "recipe.parquet")}
SOURCES = {source.image_id: source.file for source in read_sources(KEPT / "sources.parquet")}


def part(name: str) -> list[Sample]:
    return [sample for sample in SAMPLES.values() if sample.split == name]


def test_pycocotools_finds_every_surviving_box_with_its_distortion(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    paths = write_coco(Layout(KEPT), tmp_path)
    assert [path.name for path in paths] == ["train.json", "test.json"]
    for path in paths:
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(path))
        expected = part(path.stem)
        assert len(coco.getAnnIds()) == len(coco.getImgIds()) == len(expected)
        for annotation, sample in zip(coco.loadAnns(coco.getAnnIds()), expected, strict=True):
            x1, y1, x2, y2 = sample.box
            assert annotation["bbox"] == [x1, y1, x2 - x1, y2 - y1]
            assert annotation["area"] == (x2 - x1) * (y2 - y1)
            assert coco.loadCats(annotation["category_id"])[0]["name"] == sample.object
            assert (annotation["attributes"]["type"], annotation["attributes"]["severity"]) == (
                sample.type,
                sample.severity,
            )
            [image] = coco.loadImgs(annotation["image_id"])
            assert (KEPT / image["file_name"]).is_file() and (KEPT / annotation["attributes"]["source"]).is_file()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its files open
def test_webdataset_decodes_both_images_of_every_surviving_sample(tmp_path: Path) -> None:
    import webdataset

    for path in write_webdataset(Layout(KEPT), tmp_path):
        rows = list(webdataset.WebDataset(str(path), shardshuffle=False).decode("rgb8"))
        expected = part(path.name.partition("-")[0])
        assert [row["__key__"] for row in rows] == [sample.sample_id for sample in expected]
        for row, sample in zip(rows, expected, strict=True):
            assert images.pixels_sha256(row["distorted.webp"]) == sample.pixels_sha256
            source = images.decode((KEPT / SOURCES[sample.image_id]).read_bytes())
            assert np.array_equal(row["source.jpg"], source)
            assert (row["json"]["box"], row["json"]["type"]) == (list(sample.box), sample.type)


def test_tar_files_are_the_same_bytes_again_and_end_at_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (write_webdataset(Layout(KEPT), tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    monkeypatch.setattr(other_forms, "TAR_BYTES", 1)
    many = write_webdataset(Layout(KEPT), tmp_path / "many")
    assert len(many) == sum(bool(sample.split) for sample in SAMPLES.values())


def test_a_deleted_sample_is_in_no_form(tmp_path: Path) -> None:
    [deleted] = [sample for sample in SAMPLES.values() if not sample.split]
    write_coco(Layout(KEPT), tmp_path)
    assert not any(deleted.sample_id in path.read_text() for path in tmp_path.iterdir())


@pytest.mark.slow
def test_the_command_exports_and_then_writes_the_form(tmp_path: Path) -> None:
    dataset = shareable_dataset(tmp_path / "dataset")
    done = CliRunner().invoke(cli, ["export", str(dataset), "--as", "coco", "--out", str(tmp_path / "coco")])
    assert done.exit_code == 0, done.output
    assert len(json.loads((tmp_path / "coco" / "train.json").read_text())["images"]) == len(part("train"))
    refused = CliRunner().invoke(cli, ["export", str(dataset), "--as", "coco", "--out", str(tmp_path / "coco")])
    assert "is not empty" in str(refused.exception)
    assert "--out" in str(CliRunner().invoke(cli, ["export", str(dataset), "--as", "coco"]).exception)
