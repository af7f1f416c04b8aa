from dataclasses import replace

import pytest

from perception20k.publish.overview import FIRST, area_share, overview
from tests.perception20k.samples import BLANK


def test_samples_images_and_objects_are_counted_in_one_pass() -> None:
    samples = [
        BLANK,
        replace(BLANK, object="spoon", severity=5),
        replace(BLANK, image_id="other", split="test", group="blur", type="blur_lens", objects=("red cup", "dog")),
    ]
    view = overview(iter(samples))
    assert (view.count(), view.count("train"), view.count("test", "blur"), view.count(severity=5)) == (3, 2, 1, 1)
    assert (view.images, view.sources, view.objects) == ({"train": 1, "test": 1}, 2, 3)
    assert view.words == {"red cup": 2, "spoon": 1, "dog": 1}  # an image counts once
    assert view.types["test", "blur_lens"] == 1


def test_the_example_of_a_group_is_nearest_to_severity_4_then_the_most_visible() -> None:
    samples = [
        replace(BLANK, sample_id="a", severity=5, delta_e=90.0),
        replace(BLANK, sample_id="b", severity=4, delta_e=1.0),
        replace(BLANK, sample_id="c", severity=4, delta_e=2.0),
    ]
    assert overview(samples).examples["brighten"].sample_id == "c"


def test_only_the_first_samples_are_kept() -> None:
    view = overview(replace(BLANK, sample_id=str(number)) for number in range(FIRST + 5))
    assert [sample.sample_id for sample in view.first] == [str(number) for number in range(FIRST)]
    assert view.count() == FIRST + 5


def test_area_share() -> None:
    # a box of 100 x 200 in 640 x 480
    assert area_share(BLANK) == pytest.approx(20_000 / 307_200)
