from pathlib import Path

import pytest

from perception20k.annotations.record import around, corners, reading, turned
from perception20k.core.errors import UserError


@pytest.mark.parametrize(
    "values", [(1, 2, 3), (1, 2, 3, "x"), (1, 2, 3, None), (0, 0, float("nan"), 1), (0, 0, 1, "inf")]
)
def test_four_finite_numbers_or_an_error(values: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="is not four finite numbers"):
        corners(values)


def test_numbers_in_text_are_numbers() -> None:
    assert corners(["1", " 2.5 ", "3e1", 4]) == (1, 2.5, 30, 4)


def test_the_box_around_an_outline() -> None:
    assert around([(5, 1), (2, 9), (7, 3)]) == (2, 1, 7, 9)


def test_a_box_turned_about_its_centre_keeps_its_centre() -> None:
    x1, y1, x2, y2 = turned((10, 10, 30, 20), 90, (20, 15))
    assert [round(side, 9) for side in (x1, y1, x2, y2)] == [15, 5, 25, 25]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(), "a.csv: no such annotation file. Check the config's 'annotations'"),
        (IsADirectoryError(21, "Is a directory"), "a.csv: cannot be read: Is a directory"),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "bad"), "a.csv: not UTF-8 text. Save it as UTF-8"),
        (ValueError("line 3: bad"), "a.csv: line 3: bad"),
    ],
)
def test_what_goes_wrong_is_one_line_that_names_the_file(error: Exception, message: str) -> None:
    with pytest.raises(UserError) as caught, reading(Path("a.csv")):
        raise error
    assert str(caught.value) == message
