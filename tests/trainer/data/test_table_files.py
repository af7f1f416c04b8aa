"""Tables of every kind: their rows, and one line for what is wrong."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from scipy.io import savemat

from perception20k.core.errors import UserError
from trainer.data.table_files import csv_rows, matrix, number, sheet_rows


def test_a_csv_gives_its_rows_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeffimage,mos\na.png,1\nb.png\n", encoding="utf-8")
    assert list(csv_rows(path, "image")) == [
        ("row 2", {"image": "a.png", "mos": "1"}),
        ("row 3", {"image": "b.png", "mos": ""}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"image\n\xff\n", "not a UTF-8 file"),
        (b"image\na\n", "no column mos. It has: image"),
        (b"", "no column image, mos. It has: none"),
    ],
)
def test_what_is_wrong_with_a_csv_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(csv_rows(path, "image", "mos"))


def test_a_sheets_rows_begin_below_the_line_with_the_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["ratings of 2020"], ["image", "mos"], ["a.png", 1.5], [None, None], ["b.png", 2]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    rows = list(sheet_rows(tmp_path / "t.xlsx", None, "image", "mos"))
    assert rows == [("row 3", {"image": "a.png", "mos": 1.5}), ("row 5", {"image": "b.png", "mos": 2})]
    with pytest.raises(UserError, match="no sheet 'two'"):
        list(sheet_rows(tmp_path / "t.xlsx", "two", "image"))
    with pytest.raises(UserError, match="no column dmos"):
        list(sheet_rows(tmp_path / "t.xlsx", None, "dmos"))


def test_what_is_no_workbook_and_no_matlab_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_text("no")
    with pytest.raises(UserError, match=r"not a readable \.xlsx workbook"):
        list(sheet_rows(path, None, "image"))
    with pytest.raises(UserError, match="no readable MATLAB file with mos"):
        matrix(path, "mos")


def test_a_variable_of_a_matlab_file_is_read(tmp_path: Path) -> None:
    savemat(tmp_path / "t.mat", {"mos": np.array([1.0, 2.5])})
    assert matrix(tmp_path / "t.mat", "mos").ravel().tolist() == [1.0, 2.5]
    with pytest.raises(UserError, match="with dmos"):
        matrix(tmp_path / "t.mat", "dmos")


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", None])
def test_a_cell_that_is_no_finite_number_is_named_with_its_row(value: object) -> None:
    assert number("2.5", "t.csv: row 4") == 2.5
    with pytest.raises(UserError, match=r"t\.csv: row 4: the score .* is not a number"):
        number(value, "t.csv: row 4")
