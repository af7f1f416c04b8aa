from __future__ import annotations

import pytest

from annotate_app.annotate.rules import DrawnObject, judge
from perception20k.config import Filters

WIDTH, HEIGHT = 320, 240
CUP = DrawnObject("cup", (10, 10, 110, 90))
DOG = DrawnObject("dog", (150, 100, 300, 220))


def rules_of(*objects: DrawnObject) -> tuple[list[str | None], str | None]:
    verdict = judge(objects, WIDTH, HEIGHT, Filters())
    return [one and one.rule for one in verdict.objects], verdict.picture and verdict.picture.rule


def test_two_objects_that_a_build_keeps_are_a_picture() -> None:
    assert rules_of(CUP, DOG) == ([None, None], None)
    assert judge([CUP, DOG], WIDTH, HEIGHT, Filters()).first is None


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (DrawnObject("sky", (0, 0, 320, 240)), "box_too_large"),
        (DrawnObject("pin", (0, 0, 24, 32)), "box_too_small"),  # 1 %, but a side under 32
        (DrawnObject("dot", (0, 0, 24, 31)), "box_too_small"),
        (DrawnObject("far", (300, 200, 340, 260)), "box_outside"),
        (DrawnObject("", (200, 10, 300, 90)), "bad_name"),
        (DrawnObject(" CUP ", (200, 10, 260, 90)), "same_subject"),
        (DrawnObject("mug", (12, 10, 110, 90)), "overlap"),
    ],
)
def test_what_a_build_would_drop_is_told_of_the_object_itself(wrong: DrawnObject, rule: str) -> None:
    assert rules_of(CUP, DOG, wrong) == ([None, None, rule], None)


def test_the_smaller_of_two_that_overlap_is_at_fault_and_hears_of_the_larger() -> None:
    verdict = judge([DrawnObject("mug", (12, 10, 110, 90)), CUP], WIDTH, HEIGHT, Filters())
    assert verdict.objects[1] is None
    assert verdict.objects[0] is not None and "overlaps 'cup'" in verdict.objects[0].text


def test_a_fourth_object_is_too_many_and_it_is_the_smallest() -> None:
    row = [DrawnObject(f"n{k}", (k * 70, 0, k * 70 + 60 - k, 60)) for k in range(4)]
    assert rules_of(*row) == ([None, None, None, "too_many_objects"], None)


def test_proposals_do_not_count() -> None:
    assert rules_of(CUP, DrawnObject("dog", DOG.box, proposed=True)) == ([None, None], "too_few_objects")


def test_other_limits_are_applied_as_given() -> None:
    assert judge([CUP], WIDTH, HEIGHT, Filters(min_objects=1)).first is None
