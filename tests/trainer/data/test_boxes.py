"""The processor's grid, and boxes carried to it and back."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.data.boxes import Grid, box_iou, scale_box

QWEN = Grid(step=28, min_pixels=56 * 56, max_pixels=1920 * 1080)
sides = st.integers(1, 4000)


@settings(deadline=None)  # the first example imports transformers
@given(sides, sides)
def test_the_grid_is_the_one_of_qwens_processor(width: int, height: int) -> None:
    assume(max(width, height) <= 200 * min(width, height))  # the processor refuses thinner images
    smart_resize = pytest.importorskip("transformers.models.qwen2_vl.image_processing_qwen2_vl").smart_resize
    theirs = smart_resize(height, width, factor=QWEN.step, min_pixels=QWEN.min_pixels, max_pixels=QWEN.max_pixels)
    assert QWEN.fit(width, height) == theirs[::-1]


@given(sides, sides)
def test_a_fitted_size_fits(width: int, height: int) -> None:
    fitted = QWEN.fit(width, height)
    assert QWEN.fit(*fitted) == fitted
    assert fitted[0] % 28 == fitted[1] % 28 == 0


def test_full_hd_is_brought_under_its_own_area() -> None:
    # 1080 / 28 = 38.57 -> 39, 1920 / 28 = 68.57 -> 69: 1932 x 1092 is over 1920 x 1080, so both round down.
    assert QWEN.fit(1920, 1080) == (1904, 1064)


def test_an_image_is_resized_to_its_fit_and_left_alone_when_it_fits() -> None:
    small = Image.new("L", (60, 90))
    assert QWEN.resize(small).size == QWEN.fit(60, 90)
    assert QWEN.resize(small).mode == "RGB"
    fitting = Image.new("RGB", (56, 84))
    assert QWEN.resize(fitting).size == (56, 84)


@given(st.data(), sides, sides)
def test_a_box_survives_the_way_there_and_back(data: st.DataObject, width: int, height: int) -> None:
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, width)), data.draw(st.integers(y1 + 1, height))
    size = QWEN.fit(width, height)
    there = scale_box((x1, y1, x2, y2), (width, height), size)
    back = scale_box(there, size, (width, height))
    assert tuple(round(value) for value in back) == (x1, y1, x2, y2)
    assert 0 <= there[0] < there[2] <= size[0] + 1e-9 and 0 <= there[1] < there[3] <= size[1] + 1e-9


def test_an_answered_box_earns_its_overlap_and_an_unread_one_nothing() -> None:
    assert box_iou("<answer>0,0,10,10</answer>", (0, 0, 10, 20)) == 0.5
    assert box_iou("<answer>10,10,0,0</answer>", (0, 0, 10, 10)) == box_iou("0,0,10,10", (0, 0, 10, 10)) == 0
