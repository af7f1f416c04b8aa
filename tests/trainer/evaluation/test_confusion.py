from pathlib import Path

import pytest
from PIL import Image

from trainer.evaluation.confusion import UNREAD, Confusion


@pytest.fixture
def confusion() -> Confusion:
    return Confusion.count("severity", ("low", "high"), ["low", "low", "high", "high"], ["low", "high", "high", "?"])


def test_answers_are_counted_by_truth_and_those_outside_the_list_last(confusion: Confusion) -> None:
    assert confusion.counts.tolist() == [[1, 1, 0], [0, 1, 1]]
    table = confusion.table()
    assert table.columns[1:] == ("low", "high", UNREAD)
    assert table.rows == (("low", 1, 1, 0), ("high", 0, 1, 1))


def test_a_truth_outside_the_list_is_an_error() -> None:
    with pytest.raises(KeyError):
        Confusion.count("x", ("a",), ["b"], ["a"])


def test_the_picture_is_written_whole(confusion: Confusion, tmp_path: Path) -> None:
    confusion.draw(tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.size > (200, 200)
    assert [path.name for path in tmp_path.iterdir()] == ["c.png"]
