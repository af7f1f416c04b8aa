from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perception20k.config import Annotations, Config, Describe, Detect, Score
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.measure_sample import SAMPLE, measure_sample

NAMES = [f"{number:02}.png" for number in range(SAMPLE + 4)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few photos more than the sample, each with two boxes; and one that is broken."""
    home = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for name in NAMES:
        Image.fromarray(rng.integers(0, 255, (96, 128, 3), np.uint8)).save(home / name)
    (home / NAMES[0]).write_bytes(b"no photo")
    boxes = [f"{name},{thing}" for name in NAMES for thing in ("dog,0,0,60,90", "cat,64,0,128,96", "ant,0,0,9,9")]
    (home / "boxes.csv").write_text("\n".join(["file,name,x1,y1,x2,y2", *boxes]))
    return home


def config(folder: Path, **changes: object) -> Config:
    values = {"annotations": Annotations(csv=str(folder / "boxes.csv")), "score": None, "samples_per_object": 3}
    return Config((str(folder),), **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.slow
def test_photos_that_are_alike_are_estimated_to_the_sample(folder: Path) -> None:
    with LocalExecutor(1) as executor:
        found = measure_sample(config(folder), executor, 1)
        few = measure_sample(config(folder), executor, 1, limit=3)
    assert (found.photos.files, found.videos.files, len(found.photos.images)) == (24, 0, SAMPLE)
    assert sorted(found.photos.samples) == [0, *[6] * (SAMPLE - 1)]  # two objects are large enough, three samples each
    assert found.total("samples") == pytest.approx(24 * 19 / 20 * 6)
    # noise does not compress: a source and six samples of 96x128x3 bytes, and all of it again in the shards
    assert found.bytes == pytest.approx(2 * 24 * 19 / 20 * 7 * 96 * 128 * 3, rel=0.2)
    assert found.hours > 0
    assert few.photos.samples == [0, 6, 6] and few.photos.error == 0


@pytest.mark.slow
def test_the_disk_is_that_of_the_format_asked_for(photos: Path) -> None:
    whole = Config((str(photos / "nuthatch.jpg"),), objects="whole-image", score=None)
    with LocalExecutor(1) as executor:
        webp, png = (measure_sample(replace(whole, image_format=kind), executor, 1) for kind in ("webp", "png"))  # type: ignore[arg-type]
    assert 1.1 < png.bytes / webp.bytes < 2


@pytest.mark.slow
def test_a_whole_photo_is_one_object(folder: Path) -> None:
    with LocalExecutor(1) as executor:
        found = measure_sample(config(folder, annotations=None, objects="whole-image"), executor, 1, limit=3)
    assert found.photos.samples == [0, 3, 3]
    assert not any("objects in every image" in line for line in found.lines)


@pytest.mark.slow
def test_scores_of_a_table_decide_and_models_are_not_run(folder: Path) -> None:
    table = folder / "scores.csv"
    table.write_text("\n".join(["file,mos", *(f"{name},{5 if name < '12' else 1}" for name in NAMES)]))
    score = (Score("mos", min=50, table=str(table), range=(1, 5)), Score("qalign"))
    asked = config(folder, annotations=None, describe=Describe(), detect=Detect(), score=score)
    with LocalExecutor(1) as executor:
        found = measure_sample(asked, executor, 2)
    assert found.total("images") == pytest.approx(24 * 19 / 20)
    assert found.api and found.api.requests == round(found.total("good")) < found.total("images")
    assert found.total("samples") == pytest.approx(found.total("good") * 3 * 20907 / 8221)
