from dataclasses import replace

from perception20k.publish.overview import overview
from perception20k.publish.stats import statistics
from tests.perception20k.samples import BLANK


def test_counts_by_part() -> None:
    samples = [
        BLANK,
        replace(BLANK, sample_id="b", group="blur", type="blur_lens", severity=5, split="test"),
        replace(BLANK, sample_id="c", object="spoon"),
    ]
    stats = statistics(overview(samples), {"train": 8, "test": 4})
    assert (stats["samples"], stats["source_images"], stats["objects"]) == (3, 1, 2)
    assert stats["parts"]["train"]["groups"]["brighten"] == 2
    assert stats["parts"]["test"]["groups"] | {"blur": 0} == dict.fromkeys(stats["parts"]["test"]["groups"], 0)
    assert stats["parts"]["all"]["severities"] == {"1": 0, "2": 0, "3": 2, "4": 0, "5": 1}
    assert sum(stats["parts"]["all"]["box_area"]["counts"]) == 3
    assert stats["visibility"]["psnr"]["median"] == 20.0


def test_an_empty_dataset_has_statistics() -> None:
    stats = statistics(overview([]), {"train": 0, "test": 0})
    assert stats["samples"] == 0 and stats["visibility"]["ssim"] == {}
