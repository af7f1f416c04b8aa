import pytest

from perception20k.config import Filters
from perception20k.dataset.boxes import Box
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.filters import box_fits, enough_objects, select_objects, visible


def image_of(*objects: tuple[str, Box], size: tuple[int, int] = (1000, 1000)) -> Source:
    items = tuple(SceneObject(name, box) for name, box in objects)
    return Source("0" * 16, "f", "d", *size, "o", objects=items)


@pytest.mark.parametrize(
    ("box", "rule", "value", "text"),
    [
        ((0, 0, 1000, 900), None, None, ""),  # exactly 90 % stays
        ((0, 0, 1000, 901), "box_too_large", 0.901, "covers 90.1% of the image, over 90%"),
        ((0, 0, 100, 100), None, None, ""),  # exactly 1 % stays
        ((0, 0, 100, 99), "box_too_small", 0.0099, "covers 0.99% of the image, under 1%"),
        ((0, 0, 31, 900), "box_too_small", 31, "31x900 px, a side under 32"),
        ((0, 0, 1001, 500), "box_outside", None, "not inside the 1000x1000 image"),
        ((-1, 0, 100, 500), "box_outside", None, "not inside"),
        ((50, 0, 50, 500), "box_outside", None, "not inside"),
    ],
)
def test_a_box_is_kept_or_dropped_with_the_reason(box: Box, rule: str | None, value: float | None, text: str) -> None:
    reason = box_fits(box, 1000, 1000, Filters())
    assert (reason and reason.rule, reason and reason.value) == (rule, value)
    assert reason is None or text in reason.text


def test_of_overlapping_objects_the_more_salient_stays() -> None:
    source = image_of(("table", (0, 0, 400, 400)), ("cloth", (0, 0, 400, 300)), ("cup", (500, 500, 700, 700)))
    kept, dropped = select_objects(source, Filters())
    assert [item.name for item in kept] == ["table", "cup"]
    assert dropped == [("cloth", Reason("overlap", "overlaps 'table' with IoU 0.75, over 0.5", 0.75))]


def test_at_most_three_objects_are_taken() -> None:
    boxes = [(f"o{i}", (i * 200, 0, i * 200 + 150, 150)) for i in range(5)]
    kept, dropped = select_objects(image_of(*boxes), Filters())  # type: ignore[arg-type]
    assert [item.name for item in kept] == ["o0", "o1", "o2"]
    assert [name for name, _ in dropped] == ["o3", "o4"]


def test_an_image_needs_two_objects() -> None:
    one = image_of(("dog", (0, 0, 200, 200))).objects
    text = "1 usable distinct objects ('dog'), fewer than 2"
    assert enough_objects(one, Filters()) == Reason("too_few_objects", text, 1)
    assert enough_objects(one * 2, Filters()) is None


def test_what_changed_nothing_is_not_visible() -> None:
    text = "mean colour difference 0.00 in the box, under 0.5"
    assert visible(0.0, Filters()) == Reason("invisible", text, 0.0)
    assert visible(0.5, Filters()) is None
