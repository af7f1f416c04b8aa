"""Tables in their three forms."""

from __future__ import annotations

import json
import math

import pytest

from trainer.evaluation.tables import Table, markdown, to_csv, to_json

TABLE = Table(
    "t", "A title", ("what", "a", "n"), (("x | y", 0.123456, 3), ("z", math.nan, 0), ("w", None, 1)), note="Mind."
)


def test_markdown_rounds_escapes_and_dashes_what_is_undefined() -> None:
    text = markdown([TABLE])
    assert text.startswith(
        "## A title\n\n| what | a | n |\n| --- | ---: | ---: |\n| x \\| y | 0.123 | 3 |\n| z | – | 0 |"
    )
    assert text.endswith("\n\nMind.\n")


def test_shares_are_in_per_cent_and_the_heading_says_so() -> None:
    text = markdown([Table("t", "Shares", ("what", "a"), (("x", 2 / 3),), percent=True)])
    assert "## Shares, in %" in text and "| x | 66.67 |" in text


def test_csv_and_json_keep_every_digit() -> None:
    assert to_csv([TABLE]).splitlines()[1:4] == ["t,x | y,a,0.123456", "t,x | y,n,3", "t,z,a,"]
    data = json.loads(to_json([TABLE]))
    assert data[0]["rows"] == [["x | y", 0.123456, 3], ["z", None, 0], ["w", None, 1]]


def test_a_row_has_a_cell_for_every_column() -> None:
    with pytest.raises(AssertionError):
        Table("t", "", ("a", "b"), (("x",),))
