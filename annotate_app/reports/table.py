"""The log as two tables: one row per event, one row per session.

Events are in the order in which the server stored them, undone ones included; ``stands`` tells which decisions are
in force.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from annotate_app.review.history import session_rows
from perception20k.core.errors import UserError
from perception20k.core.files import written_aside
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples

EVENTS = pa.schema(
    [
        ("seq", pa.int64()),
        *((name, pa.string()) for name in ("event_id", "session_id", "kind", "reviewer", "action")),
        ("position", pa.int64()),
        *((name, pa.string()) for name in ("sample_id", "role", "object", "label", "group", "type")),
        ("severity", pa.int64()),
        *((name, pa.string()) for name in ("image_sha256", "target", "value")),
        ("stands", pa.bool_()),  # of a decision: neither undone nor replaced
        *((name, pa.float64()) for name in ("at", "received_at", "painted_at", "key_at", "dwell_ms")),
        ("reference_uses", pa.int64()),
        *((name, pa.float64()) for name in ("reference_ms", "box_hidden_ms")),
        ("preload_miss", pa.bool_()),
        *((name, pa.string()) for name in ("tab", "verifies")),
        ("order_seed", pa.int64()),
    ]
)
"""Columns of the table of events."""

_ROWS = """
    SELECT e.*, s.kind, s.reviewer, s.verifies, s.seed AS order_seed,
           coalesce(i.sample_id, j.sample_id) AS sample_id, coalesce(i.role, j.role) AS role,
           coalesce(i.object, j.object) AS object, coalesce(i.label, j.label) AS label,
           coalesce(i.image_sha256, j.image_sha256) AS image_sha256,
           coalesce(e.position, t.position) AS item,
           CASE WHEN e.action IN ('accept', 'delete', 'confirm', 'restore')
                THEN e.event_id IN (SELECT event_id FROM standing) END AS stands
    FROM events AS e JOIN sessions AS s USING (session_id)
    LEFT JOIN items AS i ON i.session_id = e.session_id AND i.position = e.position
    LEFT JOIN events AS t ON t.event_id = e.target
    LEFT JOIN items AS j ON j.session_id = t.session_id AND j.position = t.position
    ORDER BY e.seq"""


def events_table(log: sqlite3.Connection, layout: Layout) -> pa.Table:
    """Every event with its session, its item, and what the recipe says of the sample (:data:`EVENTS`)."""
    samples = {sample.sample_id: sample for sample in read_samples(layout.recipe)}
    rows = []
    for row in map(dict, log.execute(_ROWS)):
        sample = samples.get(row["sample_id"] or "")
        known = {} if sample is None else {key: getattr(sample, key) for key in ("group", "type", "severity")}
        flags = {key: None if row[key] is None else bool(row[key]) for key in ("stands", "preload_miss")}
        rows.append({**row, **known, **flags, "position": row["item"]})
    return pa.Table.from_pylist(rows, schema=EVENTS)


def sessions_table(log: sqlite3.Connection) -> pa.Table:
    """Every session: reviewer, seed of the order, displays, viewing conditions, pauses, time out of focus."""
    return pa.Table.from_pylist(session_rows(log))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as CSV or Parquet, by the suffix of ``path``.

    Raises:
        UserError: another suffix.
    """
    writers = {".csv": pyarrow.csv.write_csv, ".parquet": pyarrow.parquet.write_table}
    if path.suffix not in writers:
        raise UserError(f"{path}: cannot write {path.suffix or 'a file without a suffix'}", "Name it .csv or .parquet")
    with written_aside(path) as aside:
        writers[path.suffix](table, aside)
