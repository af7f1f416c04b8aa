"""One photo, its samples: written, measured, dropped where nothing can be seen."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception20k.config import Filters
from perception20k.core.errors import ItemError
from perception20k.core.files import sha256
from perception20k.dataset.records import SceneObject, Source
from perception20k.imaging import images
from perception20k.pipeline.stages.distort import Distort, remake
from perception20k.pipeline.stages.draw import SamplePlan, draw
from perception20k.pipeline.stages.sources import Candidate

BOX = (8, 6, 40, 30)


@pytest.fixture
def plan(tmp_path: Path) -> SamplePlan:
    """A red cup in a photo of noise, to be blurred."""
    pixels = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    data, suffix = images.encode(pixels)
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(data)
    name = images.image_id(pixels)
    source = Source(name, f"images/source/{name}{suffix}", sha256(data), 64, 48, path.name)
    cup = SceneObject("red cup", BOX)
    return SamplePlan(Candidate(path, replace(source, objects=(cup,))), cup, "blur", "blur_gaussian", 3, 7)


def make(root: Path, *plans: SamplePlan) -> list[Any]:
    return Distort(root, "refine-iqa", Filters()).process(list(plans))


def test_a_sample_differs_from_its_source_in_the_box_alone(tmp_path: Path, plan: SamplePlan) -> None:
    root = tmp_path / "d"
    [outcome] = make(root, plan)
    made = outcome.value
    source, distorted = (images.decode((root / made[key]).read_bytes()) for key in ("source", "file"))
    x1, y1, x2, y2 = BOX
    assert not np.array_equal(source[y1:y2, x1:x2], distorted[y1:y2, x1:x2])
    distorted[y1:y2, x1:x2] = source[y1:y2, x1:x2]
    assert np.array_equal(source, distorted)
    assert sha256((root / made["file"]).read_bytes()) == made["file_sha256"]


def test_its_record_is_enough_to_make_it_again_and_other_pixels_are_caught(tmp_path: Path, plan: SamplePlan) -> None:
    stage = Distort(tmp_path / "d", "refine-iqa", Filters())
    sample = stage.sample(plan, stage.process([plan])[0].value)
    source = images.decode(plan.candidate.path.read_bytes())
    assert images.pixels_sha256(remake(source, sample)) == sample.pixels_sha256
    with pytest.raises(ItemError, match=sample.sample_id):
        remake(source, replace(sample, severity=4))


def test_what_nobody_can_see_is_dropped_with_the_reason_and_leaves_no_file(tmp_path: Path, plan: SamplePlan) -> None:
    stage = Distort(tmp_path / "d", "refine-iqa", Filters(min_delta_e=1000))
    value = stage.process([plan])[0].value
    assert "dropped" in value and "file" not in value
    assert not (tmp_path / "d" / "images" / "distorted").exists()
    assert stage.still_there(value)


def test_a_photo_that_is_gone_fails_all_its_samples(tmp_path: Path, plan: SamplePlan) -> None:
    plan.candidate.path.unlink()
    outcomes = make(tmp_path / "d", plan, replace(plan, severity=5))
    assert len(outcomes) == 2 and all(outcome.error for outcome in outcomes)


def test_a_batch_is_all_samples_of_one_image(plan: SamplePlan) -> None:
    other = replace(plan, candidate=replace(plan.candidate, source=replace(plan.candidate.source, image_id="0" * 16)))
    batches = Distort(Path(), "refine-iqa", Filters()).batches([plan, replace(plan, severity=5), other])
    assert [len(batch) for batch in batches] == [2, 1]


def test_the_key_tells_what_the_pixels_depend_on(plan: SamplePlan) -> None:
    stage = Distort(Path(), "refine-iqa", Filters())
    others = [replace(plan, severity=4), replace(plan, seed=8), replace(plan, type="blur_lens")]
    keys = {stage.key(plan), *map(stage.key, others), replace(stage, preset="depictqa-v2").key(plan)}
    keys.add(replace(stage, image_format="png").key(plan))
    assert len(keys) == 6
    assert replace(stage, root=Path("elsewhere")).key(plan) == stage.key(plan)


@pytest.mark.parametrize(("dark", "bright", "kept"), [(30, 225, True), (0, 255, False)])
def test_a_label_that_the_pixels_deny_is_drawn_again_or_dropped(
    tmp_path: Path, dark: int, bright: int, kept: bool
) -> None:
    pixels = np.full((96, 96, 3), dark, np.uint8)
    pixels[:, 48:] = bright
    data, suffix = images.encode(pixels)
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(data)
    name, item = images.image_id(pixels), SceneObject("flag", (16, 16, 80, 80))
    source = Source(name, f"images/source/{name}{suffix}", sha256(data), 96, 96, path.name, objects=(item,))
    drawn = draw(Candidate(path, source), 20, seed=1)
    plan = next(plan for plan in drawn if plan.group == "contrast_strengthen")
    # 1 / (1 + (m / x)^2) with m = 127.5 takes 30 and 225 to 13 and 193: the contrast falls from 195 to 180
    plan = replace(plan, type="contrast_strengthen_stretch", severity=1)
    stage = Distort(tmp_path / "d", "refine-iqa", Filters())
    [outcome] = stage.process([plan])
    assert stage.process([plan]) == [outcome]
    if not kept:  # black and white cannot be set further apart
        assert outcome.value["rule"] == "denied" and "contrast changed -" in outcome.value["dropped"]
        return
    sample = stage.sample(plan, outcome.value)
    assert sample.group == "contrast_strengthen" and (sample.type, sample.severity) != (plan.type, plan.severity)
    made = images.decode((tmp_path / "d" / sample.file).read_bytes())
    assert made[16:80, 16:80].std() > pixels[16:80, 16:80].std()
    assert sample.sample_id in sample.file
    remake(pixels, sample)
