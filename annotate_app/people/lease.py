"""One tab per reviewer: a tab holds a lease on writing while it sends heartbeats, and releases it on closing.

The log keeps every claim; a reviewer's latest one tells which tab holds the lease and until when.
"""

from __future__ import annotations

import sqlite3

from annotate_app.people.refusal import ProtocolRefusal
from perception20k.core.event_log import insert

LEASE_SECONDS = 30.0
"""How long a tab keeps its lease without a heartbeat; the page sends one every 10 s."""


def claim(log: sqlite3.Connection, reviewer: str, tab: str, now: float) -> None:
    """Take or keep the lease.

    A claim is written once a third of the lease has passed, so that ten decisions a second do not write ten claims.

    Raises:
        ProtocolRefusal: another tab holds it (``other_tab``, with ``wait`` in seconds).
    """
    last = _last(log, reviewer)
    if last is not None and last["tab"] != tab and last["until"] > now:
        raise ProtocolRefusal(
            "other_tab",
            f"“{reviewer}” is already at work in another tab or on another computer. Close that one, or wait.",
            wait=last["until"] - now,
        )
    if last is None or last["tab"] != tab or last["until"] - now < LEASE_SECONDS * 2 / 3:
        _write(log, reviewer, tab, now, now + LEASE_SECONDS)


def release(log: sqlite3.Connection, reviewer: str, tab: str, now: float) -> None:
    """Release the lease, if ``tab`` holds it."""
    last = _last(log, reviewer)
    if last is not None and last["tab"] == tab:
        _write(log, reviewer, tab, now, now)


def ends_at(log: sqlite3.Connection, reviewer: str) -> float:
    """When the lease of a person's last tab ends or ended; 0 if they never had one."""
    last = _last(log, reviewer)
    return 0.0 if last is None else float(last["until"])


def _last(log: sqlite3.Connection, reviewer: str) -> sqlite3.Row | None:
    query = "SELECT tab, until FROM leases WHERE reviewer = ? ORDER BY seq DESC LIMIT 1"
    row: sqlite3.Row | None = log.execute(query, (reviewer,)).fetchone()
    return row


def _write(log: sqlite3.Connection, reviewer: str, tab: str, now: float, until: float) -> None:
    insert(log, "leases", {"reviewer": reviewer, "tab": tab, "at": now, "until": until})
