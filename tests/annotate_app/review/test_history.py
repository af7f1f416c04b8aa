from __future__ import annotations

import json

import pytest

from annotate_app.review.history import decision_rows, decisions_of, session_rows
from annotate_app.review.service import Review
from tests.annotate_app.conftest import Clock, Person

DISPLAY = {"screen": [1366, 768], "viewport": [1366, 650], "pixel_ratio": 1.25, "agent": "a browser"}


def test_decisions_stand_in_finished_sessions_with_reason_and_verdict(person: Person, review: Review) -> None:
    first = person.event("delete", 0, dwell_ms=1500.0)
    person.send(first)
    person.do("reason", target=first.id, value="not_perceptible")
    person.do("delete", 1)
    assert decision_rows(review.log) == []
    for position in range(2, 60):
        person.do("accept", position)
    person.do("finish")
    session = person.session
    person.open(verifies=session)
    person.do("restore", 0)
    found = decisions_of(review.log, review.log.find(session))
    assert len(found) == 60
    assert [(j.action, j.reason, j.verdict) for j in found[:3]] == [
        ("delete", "not_perceptible", "restore"),
        ("delete", None, None),
        ("accept", None, None),
    ]
    assert found[0].dwell_ms == 1500


def test_a_session_row_has_its_seed_display_conditions_pauses_and_time_away(review: Review, clock: Clock) -> None:
    ann = Person(review, clock, "ann")
    ann.state = review.open("ann", ann.tab, {"light": "dim"}, None)
    ann.do("open", display=DISPLAY)
    for action, minutes in (("pause", 5), ("resume", 10), ("finish", 0)):
        clock.now += 60
        ann.do(action)
        clock.now += 60 * minutes
        if action == "resume":
            ann.do("away", dwell_ms=30_000.0)
    (row,) = session_rows(review.log.connection)
    # open at 0, pause at 1 min, resume at 1 + 5 + 1 = 7 min, away at 17 min, finish refused: 17 min with 6 of pause
    assert row["seconds"] == pytest.approx(11 * 60)
    assert (row["pauses"], row["pause_seconds"]) == (1, pytest.approx(360))
    assert row["away_seconds"] == 30
    assert json.loads(row["displays"]) == [DISPLAY]
    assert json.loads(row["conditions"]) == {"light": "dim"}
    assert row["order_seed"] == review.log.connection.execute("SELECT seed FROM sessions").fetchone()[0]
    assert (row["reviewer"], row["batch"], row["finished"], row["pages_opened"]) == ("ann", 60, False, 1)
