import pytest

from perception20k.config import Filters
from perception20k.dataset.records import Box, SceneObject, Source
from perception20k.pipeline.stages.filters import box_fits, enough_objects, iou, select_objects, visible


def scene(*objects: tuple[str, Box], size: tuple[int, int] = (1000, 1000)) -> Source:
    items = tuple(SceneObject(name, box) for name, box in objects)
    return Source("0" * 16, "f", "d", *size, "o", objects=items)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150),  # 5x10 shared of 100 + 100 - 50
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # they touch: x2 is exclusive
        ((0, 0, 10, 10), (2, 2, 4, 4), 4 / 100),
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
    ],
)
def test_iou(a: Box, b: Box, expected: float) -> None:
    assert iou(a, b) == pytest.approx(expected)
    assert iou(b, a) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((0, 0, 1000, 900), ""),  # exactly 90 % stays
        ((0, 0, 1000, 901), "covers 90.1% of the image, over 90%"),
        ((0, 0, 100, 100), ""),  # exactly 1 % stays
        ((0, 0, 100, 99), "covers 0.99% of the image, under 1%"),
        ((0, 0, 31, 900), "31x900 px, a side under 32"),
        ((0, 0, 1001, 500), "not inside the 1000x1000 image"),
        ((-1, 0, 100, 500), "not inside"),
        ((50, 0, 50, 500), "not inside"),
    ],
)
def test_a_box_is_kept_or_dropped_with_the_reason(box: Box, reason: str) -> None:
    keep, why = box_fits(box, 1000, 1000, Filters())
    assert keep == (reason == "")
    assert reason in why


def test_of_overlapping_objects_the_more_salient_stays() -> None:
    source = scene(("table", (0, 0, 400, 400)), ("cloth", (0, 0, 400, 300)), ("cup", (500, 500, 700, 700)))
    kept, dropped = select_objects(source, Filters())
    assert [item.name for item in kept] == ["table", "cup"]
    assert dropped == [("cloth", "overlaps 'table' with IoU 0.75, over 0.5")]


def test_at_most_three_objects_are_taken() -> None:
    boxes = [(f"o{i}", (i * 200, 0, i * 200 + 150, 150)) for i in range(5)]
    kept, dropped = select_objects(scene(*boxes), Filters())  # type: ignore[arg-type]
    assert [item.name for item in kept] == ["o0", "o1", "o2"]
    assert [name for name, _ in dropped] == ["o3", "o4"]


def test_a_scene_needs_two_objects() -> None:
    one = scene(("dog", (0, 0, 200, 200))).objects
    assert enough_objects(one, Filters()) == (False, "1 usable distinct objects ('dog'), fewer than 2")
    assert enough_objects(one * 2, Filters())[0]


def test_what_changed_nothing_is_not_visible() -> None:
    assert visible(0.0, Filters()) == (False, "mean colour difference 0.00 in the box, under 0.5")
    assert visible(0.5, Filters()) == (True, "")
