from pathlib import Path

import cv2
import numpy as np
import pytest

from perception20k import images
from perception20k.config import Score
from perception20k.errors import UserError
from perception20k.stages.score import METRICS, find_metric, good_enough


def test_brisque_really_scores(photos: Path) -> None:
    metric = METRICS["brisque"]
    score = metric.load()
    sharp = images.decode((photos / "salon.png").read_bytes())
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    quality = [metric.quality(score(image)) for image in (sharp, blurred)]
    assert quality[0] > quality[1] + 20


@pytest.mark.parametrize(("raw", "quality"), [(0, 100), (30.5, 69.5), (-8, 100), (130, 0)])
def test_the_rule_of_brisque(raw: float, quality: float) -> None:
    assert METRICS["brisque"].quality(raw) == quality


def test_every_metric_states_rule_revision_and_licence() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.rule and metric.revision and metric.licence


def test_an_image_is_kept_when_every_metric_agrees() -> None:
    wanted = (Score("a", 80), Score("b", 60))
    assert good_enough({"a": 80.0, "b": 60.0}, wanted) == (True, "")
    assert good_enough({"a": 90.0, "b": 59.9}, wanted) == (False, "b 59.9 is below 60")
    assert good_enough({"a": 1.0, "b": 2.0}, wanted) == (False, "a 1.0 is below 80; b 2.0 is below 60")


def test_an_unknown_metric_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="Did you mean 'brisque'"):
        find_metric("brisq")


def test_a_flat_image_is_scored_without_a_crash() -> None:
    metric = METRICS["brisque"]
    with np.errstate(all="ignore"):
        value = metric.load()(np.full((64, 64, 3), 9, np.uint8))
    assert isinstance(value, float)
