"""The table of metrics: rules worked out by hand, and that a metric measures what it should."""

from pathlib import Path

import cv2
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.metrics import METRICS, find_metric


@pytest.mark.parametrize(
    ("name", "raw", "quality"),
    # 100 (raw - worst) / (best - worst), clipped
    [
        ("brisque", 0, 100),
        ("brisque", 30.5, 69.5),  # 100 (30.5 - 100) / (0 - 100)
        ("brisque", -8, 100),
        ("brisque", 130, 0),
        ("qalign", 1, 0),
        ("qalign", 4.2, 80),  # 100 (4.2 - 1) / 4
        ("qalign", 5, 100),
        ("dbcnn", 0.8, 80),
        ("hyperiqa", 1.1, 100),
        ("musiq", 62.5, 62.5),
        ("piqe", 20, 80),
    ],
)
def test_the_rule_of_a_metric(name: str, raw: float, quality: float) -> None:
    assert METRICS[name].quality(raw) == pytest.approx(quality)


def test_every_metric_states_rule_revision_and_licence() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.rule and metric.revision and metric.licence
        assert metric.worst != metric.best


def test_an_unknown_metric_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="Did you mean 'brisque'"):
        find_metric("brisq")
    with pytest.raises(UserError, match="Did you mean 'hyperiqa'"):
        find_metric("hyper-iqa")


def test_a_blurred_photo_scores_lower(photos: Path) -> None:
    metric = METRICS["piqe"]
    sharp = images.decode((photos / "salon.png").read_bytes())
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    better, worse = (metric.quality(value) for value in metric.load("piqe")([sharp, blurred]))
    assert better > worse + 20
