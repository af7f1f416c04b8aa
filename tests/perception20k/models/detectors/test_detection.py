"""Boxes in whole pixels, and which of several is the best."""

from perception20k.models.detectors.detection import Detection, best, outward


def test_a_box_is_rounded_outwards_and_stays_inside_the_image() -> None:
    assert outward((39.5, 40.0, 60.5, 60.0), 100, 200) == (39, 40, 61, 60)
    assert outward((-25.0, 150.0, 25.0, 250.0), 100, 200) == (0, 150, 25, 200)


def test_the_most_confident_wins_then_the_larger_then_the_upper_then_the_left_one() -> None:
    small, large = Detection((0, 0, 2, 2), 0.5), Detection((5, 5, 9, 9), 0.5)
    lower, right = Detection((5, 6, 9, 10), 0.5), Detection((6, 5, 10, 9), 0.5)
    assert best([small, lower, right, large]) == large
    assert best([small, lower]) == lower
    assert best([lower, right]) == right
    assert best([large, Detection((0, 0, 1, 1), 0.6)]).score == 0.6
