from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from perception20k.core.errors import UserError
from perception20k.core.tables import read_table


def test_a_csv_and_a_parquet_file_are_read_alike(tmp_path: Path) -> None:
    rows = [{"file": "007", "mos": 3.5}]
    (tmp_path / "t.csv").write_text("file,mos\n007,3.5\n")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.Parquet")
    for name in ("t.csv", "t.Parquet"):
        assert read_table(tmp_path / name, "scores", "score", ["file", "author"]).to_pylist() == rows


def test_a_missing_table_is_told_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.csv: no such table of scores\. Check the config's 'score'"):
        read_table(tmp_path / "gone.csv", "scores", "score")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_what_is_no_table_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("file,mos\na,1,2\n")
    with pytest.raises(UserError, match=r"t\.\w+: not a table of scores: .") as caught:
        read_table(tmp_path / name, "scores", "score")
    assert "\n" not in str(caught.value)
