"""Rows of CSV files and workbooks, variables of MATLAB files; errors name file and row in one line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from perception20k.core.errors import UserError


def number(value: Any, at: str, what: str = "score") -> float:
    """A cell as a finite number.

    Raises:
        UserError: says where (``at``, file and row) and what the number should have been.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise UserError(f"{at}: the {what} {value!r} is not a number")
    return found


def csv_rows(
    path: Path, *columns: str, names: Sequence[str] | None = None, separator: str = ","
) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with their places (``row 3``), a cell that a row lacks empty.

    Args:
        path: the file.
        columns: what its header must have.
        names: the columns of a file without a header.
        separator: between cells; several blanks are one.

    Raises:
        UserError: no such file, not UTF-8, not CSV, or a column is missing.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file", code=2)
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream, names, restval="", delimiter=separator, skipinitialspace=True)
        try:
            _require(path, reader.fieldnames or [], columns)
            yield from ((f"row {line}", row) for line, row in enumerate(reader, start=1 if names else 2))
        except UnicodeDecodeError:
            raise UserError(f"{path}: not a UTF-8 file", "Save it as UTF-8") from None
        except csv.Error as error:
            raise UserError(f"{path}: row {reader.line_num}: not CSV: {error}") from None


def sheet_rows(path: Path, sheet: str | None, *columns: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a workbook's sheet (None: the first) below the line that holds all ``columns``, with their places.

    Raises:
        UserError: not a workbook, no such sheet, or a column is missing.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable .xlsx workbook: {error}") from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise UserError(f"{path}: no sheet '{sheet}'")
        header: list[Any] = []
        for line, values in enumerate(book[sheet or book.sheetnames[0]].iter_rows(values_only=True), start=1):
            if not header:
                header = list(values) if set(columns) <= set(values) else []
            elif values[header.index(columns[0])] is not None:
                yield f"row {line}", dict(zip(header, values, strict=False))
        _require(path, header, columns)
    finally:
        book.close()


def matrix(path: Path, name: str) -> Any:
    """A variable of a MATLAB file.

    Raises:
        UserError: not such a file, or without the variable.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        return loadmat(path)[name]
    except (OSError, ValueError, KeyError, NotImplementedError, MatReadError) as error:
        raise UserError(f"{path}: no readable MATLAB file with {name}: {error}") from None


def _require(path: Path, found: Sequence[str], columns: Sequence[str]) -> None:
    lacking = [column for column in columns if column not in found]
    if lacking:
        raise UserError(f"{path}: no column {', '.join(lacking)}", f"It has: {', '.join(map(str, found)) or 'none'}")
