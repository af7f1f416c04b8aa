from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotate_app.reports.table import EVENTS, events_table, sessions_table, write_table
from annotate_app.review.service import Review
from perception20k.core.errors import UserError
from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout
from tests.annotate_app.conftest import Person


def test_every_event_is_a_row_with_its_sample_and_digest(person: Person, review: Review, layout: Layout) -> None:
    kept, gone = person.event("accept", 0, dwell_ms=900.0, preload_miss=True), person.event("delete", 1)
    person.send(kept, gone)
    person.do("reason", target=gone.id, value="not_perceptible")
    person.do("undo", target=gone.id)
    with closing(connect_to_read(layout.decisions)) as log:
        rows = events_table(log, layout).to_pylist()
    assert [row["action"] for row in rows] == ["accept", "delete", "reason", "undo"]
    assert [row["stands"] for row in rows] == [True, False, None, None]
    assert [row["position"] for row in rows] == [0, 1, 1, 1]  # a reason and an undo are about their decision's item
    sample = review.dataset.samples[rows[0]["sample_id"]]
    assert rows[0]["image_sha256"] == sample.file_sha256
    assert (rows[0]["group"], rows[0]["severity"]) == (sample.group, sample.severity)
    assert (rows[0]["dwell_ms"], rows[0]["preload_miss"], rows[0]["reviewer"]) == (900.0, True, "ann")
    assert len({row["order_seed"] for row in rows}) == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_are_written_by_suffix(
    person: Person, review: Review, layout: Layout, tmp_path: Path, suffix: str
) -> None:
    person.do("accept", 0)
    path = tmp_path / f"log{suffix}"
    write_table(events_table(review.log.connection, review.dataset.layout), path)
    if suffix == ".parquet":
        assert pq.read_table(path).schema.equals(EVENTS)
    else:
        assert path.read_text().splitlines()[0].replace('"', "").split(",") == EVENTS.names
    write_table(sessions_table(review.log.connection), tmp_path / f"sessions{suffix}")


def test_another_suffix_is_refused_and_writes_nothing(review: Review, layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Name it \.csv or \.parquet"):
        write_table(events_table(review.log.connection, layout), tmp_path / "log.xlsx")
    assert not (tmp_path / "log.xlsx").exists()
