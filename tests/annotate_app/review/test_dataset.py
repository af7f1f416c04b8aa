from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotate_app.review.dataset import Dataset
from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import Quarantine, Reason
from perception20k.dataset.records import read_samples, read_sources
from perception20k.imaging import images
from tests.annotate_app.datasets import write_dataset, write_tables


def test_the_least_visible_samples_come_first(layout: Layout) -> None:
    samples = [replace(s, delta_e=float(60 - k)) for k, s in enumerate(read_samples(layout.recipe))]
    write_tables(layout, samples, read_sources(layout.sources))
    shown = list(Dataset(layout).samples)
    assert shown == [s.sample_id for s in reversed(samples)]


def test_boxes_over_90_percent_never_appear_and_are_listed(tmp_path: Path) -> None:
    layout = write_dataset(tmp_path, 3, boxes=[(0, 0, 320, 240), (0, 0, 320, 216)])  # 100 % and exactly 90 %
    dataset = Dataset(layout)
    assert sorted(dataset.samples) == ["0001-0", "0002-0"]
    assert dataset.removed == [("coffee.png: coffee", "box over 90 % of the image")]


def test_boxes_that_the_build_filtered_are_listed_too(layout: Layout) -> None:
    quarantine = Quarantine()
    sky = Reason("box_too_large", "box covers 97.0% of the image, over 50%", 0.97)
    quarantine.drop("objects", "a\u2028.jpg: sky", sky)  # a name that holds a line break
    quarantine.drop("objects", "a.jpg: car", Reason("box_too_large", "box covers 60.0% of the image, over 50%", 0.6))
    quarantine.drop("objects", "a.jpg: ant", Reason("box_too_small", "box covers 0.20% of the image, under 1%", 0.002))
    quarantine.fail("score", "b.jpg", "damaged")
    quarantine.write(layout.quarantine)
    assert Dataset(layout).removed == [("a\u2028.jpg: sky", sky.text)]


def test_boxes_that_an_earlier_release_filtered_are_listed_by_their_text(layout: Layout) -> None:
    layout.quarantine.mkdir()
    rows = [
        {"stage": "objects", "item": "a.jpg: sky", "reason": "box covers 90.0% of the image, over 90%"},
        {"stage": "objects", "item": "a.jpg: car", "reason": "box covers 60.0% of the image, over 50%"},
    ]
    (layout.quarantine / "objects.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert Dataset(layout).removed == [("a.jpg: sky", rows[0]["reason"])]


def test_label_is_the_groups_word_for_prompts(layout: Layout) -> None:
    dataset = Dataset(layout)
    labels = {sample.group: dataset.label(sample) for sample in dataset.samples.values()}
    assert labels["brighten"] == "overexposure"
    assert labels["saturate_weaken"] == "desaturate"


def test_reference_differs_from_the_sample_inside_the_box_alone(layout: Layout) -> None:
    dataset = Dataset(layout)
    sample = next(s for s in dataset.samples.values() if s.type == "blur_gaussian")
    reference = dataset.reference(sample.sample_id).astype(int)
    changed = np.abs(reference - images.decode(dataset.image(sample.sample_id).read_bytes())).sum(axis=2)
    x1, y1, x2, y2 = sample.box
    assert changed[y1:y2, x1:x2].any()
    changed[y1:y2, x1:x2] = 0
    assert not changed.any()


def test_reference_is_turned_as_the_pipeline_turned_it(layout: Layout) -> None:
    dataset = Dataset(layout)
    sample = next(iter(dataset.samples.values()))
    file = layout.root / dataset.source(sample.sample_id).file
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to show
    Image.new("RGB", (20, 10)).save(file.with_suffix(".jpg"), exif=exif)
    file.with_suffix(".jpg").rename(file)
    sources = read_sources(layout.sources)
    write_tables(
        layout,
        read_samples(layout.recipe),
        [replace(s, file_sha256=file_sha256(layout.root / s.file)) for s in sources],
    )
    assert Dataset(layout).reference(sample.sample_id).shape == (20, 10, 3)


def test_a_table_cannot_point_outside_the_dataset(layout: Layout) -> None:
    samples = read_samples(layout.recipe)
    samples[0] = replace(samples[0], file="../../../../etc/hostname")
    write_tables(layout, samples, read_sources(layout.sources))
    with pytest.raises(FileNotFoundError):
        Dataset(layout).image(samples[0].sample_id)


def test_a_dataset_without_samples_is_refused(layout: Layout) -> None:
    write_tables(layout, [], read_sources(layout.sources))
    with pytest.raises(UserError, match="no sample to review"):
        Dataset(layout)


def test_a_sample_without_an_object_is_the_whole_image_and_appears(layout: Layout) -> None:
    samples = [replace(s, objects=(), box=(0, 0, s.width, s.height)) for s in read_samples(layout.recipe)]
    write_tables(layout, samples, read_sources(layout.sources))
    assert len(Dataset(layout).samples) == len(samples)
