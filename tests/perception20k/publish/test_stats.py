from dataclasses import replace

import pytest

from perception20k.dataset.records import Source
from perception20k.publish.stats import area_share, statistics
from tests.perception20k.samples import BLANK

SOURCE = Source("fedcba9876543210", "f", "d", 640, 480, "a.jpg")


def test_counts_by_part() -> None:
    samples = [
        BLANK,
        replace(BLANK, sample_id="b", group="blur", type="blur_lens", severity=5, split="test"),
        replace(BLANK, sample_id="c", object="spoon"),
    ]
    stats = statistics(samples, [SOURCE], {"train": 8, "test": 4})
    assert (stats["samples"], stats["source_images"], stats["objects"]) == (3, 1, 2)
    assert stats["parts"]["train"]["groups"]["brighten"] == 2
    assert stats["parts"]["test"]["groups"] | {"blur": 0} == dict.fromkeys(stats["parts"]["test"]["groups"], 0)
    assert stats["parts"]["all"]["severities"] == {"1": 0, "2": 0, "3": 2, "4": 0, "5": 1}
    assert sum(stats["parts"]["all"]["box_area"]["counts"]) == 3
    assert stats["visibility"]["psnr"]["median"] == 20.0


def test_area_share() -> None:
    # a box of 100 x 200 in 640 x 480
    assert area_share(BLANK) == pytest.approx(20_000 / 307_200)


def test_an_empty_dataset_has_statistics() -> None:
    stats = statistics([], [], {"train": 0, "test": 0})
    assert stats["samples"] == 0 and stats["visibility"]["ssim"] == {}
