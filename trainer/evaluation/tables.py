"""Tables as data, and as Markdown, CSV and JSON.

Markdown rounds for the reader; CSV and JSON keep every digit. A value that is undefined (the correlation of constant
scores, a group without questions) is empty in CSV, null in JSON and a dash in Markdown.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.files import write_text

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """One table.

    Args:
        name: a short key, the same for the same table of another run.
        title: what it shows and which of the papers' tables it is.
        columns: headings.
        rows: cells, as many a row as headings; floats are shares or correlations.
        percent: whether floats are shown in per cent, two decimals, or with three decimals; CSV and JSON have shares.
        note: what the reader must know.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    percent: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.name

    @property
    def heading(self) -> str:
        """The title, with the unit."""
        return f"{self.title}, in %" if self.percent else self.title

    @property
    def text_columns(self) -> set[int]:
        """The columns that hold words, by place; the others hold numbers."""
        return {i for i in range(len(self.columns)) if any(isinstance(row[i], str) for row in self.rows)}


def shown(cell: Cell, percent: bool) -> str:
    """A cell as a reader sees it.

    >>> shown(0.5, True), shown(0.12345, False), shown(None, False), shown(7, True)
    ('50.00', '0.123', '–', '7')
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, float):
        return f"{100 * cell:.2f}" if percent else f"{cell:.3f}"
    return str(cell)


def write_tables(folder: Path, name: str, title: str, tables: Sequence[Table], above: Sequence[Table] = ()) -> None:
    """Write ``tables`` as NAME.md, NAME.csv and NAME.json into ``folder``; in Markdown with those ``above`` them."""
    write_text(folder / f"{name}.md", f"# {title}\n\n{markdown([*above, *tables])}")
    write_text(folder / f"{name}.csv", to_csv(tables))
    write_text(folder / f"{name}.json", to_json(tables))


def markdown(tables: Sequence[Table]) -> str:
    """All tables as Markdown sections."""
    return "\n\n".join(_section(table) for table in tables) + "\n"


def to_csv(tables: Sequence[Table]) -> str:
    """All tables in one CSV, one line a value: table, the row's words, column, value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["table", "row", "column", "value"])
    for table in tables:
        for row in table.rows:
            label = " / ".join(cell for cell in row if isinstance(cell, str))
            for column, cell in zip(table.columns, row, strict=True):
                if not isinstance(cell, str):
                    value = _plain(cell)
                    writer.writerow([table.name, label, column, "" if value is None else value])
    return stream.getvalue()


def to_json(tables: Sequence[Table]) -> str:
    """All tables as JSON: a list of objects with name, title, note, columns and rows."""
    data: list[dict[str, Any]] = [
        {
            "name": table.name,
            "title": table.title,
            "note": table.note,
            "columns": list(table.columns),
            "rows": [[_plain(cell) for cell in row] for row in table.rows],
        }
        for table in tables
    ]
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _section(table: Table) -> str:
    head = "| " + " | ".join(table.columns) + " |"
    words = table.text_columns
    rule = "| " + " | ".join("---" if i in words else "---:" for i in range(len(table.columns))) + " |"
    lines = ["| " + " | ".join(_escaped(shown(cell, table.percent)) for cell in row) + " |" for row in table.rows]
    note = [f"\n{table.note}"] if table.note else []
    return "\n".join([f"## {table.heading}\n", head, rule, *lines, *note])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
