from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from annotate_app.people.lease import LEASE_SECONDS, claim, release
from annotate_app.people.refusal import ProtocolRefusal
from perception20k.dataset.decisions import connect


@pytest.fixture
def log(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "decisions.sqlite")) as log:
        yield log


def test_a_second_tab_is_refused_while_the_first_lives(log: sqlite3.Connection) -> None:
    claim(log, "ann", "one", 0.0)
    with pytest.raises(ProtocolRefusal) as refusal:
        claim(log, "ann", "two", 10.0)
    assert refusal.value.code == "other_tab"
    assert refusal.value.facts["wait"] == LEASE_SECONDS - 10


def test_another_reviewer_is_not_in_the_way(log: sqlite3.Connection) -> None:
    claim(log, "ann", "one", 0.0)
    claim(log, "bob", "two", 0.0)


def test_signs_of_life_keep_the_lease(log: sqlite3.Connection) -> None:
    for now in range(0, 100, 10):
        claim(log, "ann", "one", float(now))
    with pytest.raises(ProtocolRefusal):
        claim(log, "ann", "two", 90 + LEASE_SECONDS - 11)


def test_a_lease_without_signs_of_life_runs_out(log: sqlite3.Connection) -> None:
    claim(log, "ann", "one", 0.0)
    claim(log, "ann", "two", LEASE_SECONDS)
    with pytest.raises(ProtocolRefusal):
        claim(log, "ann", "one", LEASE_SECONDS + 1)


def test_a_released_lease_is_free_at_once(log: sqlite3.Connection) -> None:
    claim(log, "ann", "one", 0.0)
    release(log, "ann", "one", 1.0)
    claim(log, "ann", "two", 1.0)


def test_only_the_holder_can_release(log: sqlite3.Connection) -> None:
    claim(log, "ann", "one", 0.0)
    release(log, "ann", "two", 1.0)
    with pytest.raises(ProtocolRefusal):
        claim(log, "ann", "two", 1.0)


def test_ten_claims_a_second_do_not_write_ten_rows(log: sqlite3.Connection) -> None:
    for tenth in range(100):
        claim(log, "ann", "one", tenth / 10)
    assert log.execute("SELECT count(*) FROM leases").fetchone()[0] == 1
