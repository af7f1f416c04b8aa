"""The state in memory against the log itself, whose views say the same in SQL."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from annotate_app.people.refusal import ProtocolRefusal
from annotate_app.review.log import ReviewLog
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from tests.annotate_app.conftest import Clock, Person


def in_memory(log: ReviewLog) -> dict[str, Any]:
    standing = {
        (session.session_id, position, decision.event_id)
        for session in log.sessions.values()
        for position in range(len(session.items))
        if (decision := session.standing(position))
    }
    verdicts = {
        (review.session_id, sample, verdict)
        for review in log.reviews()
        for sample in review.positions
        if (verdict := log.verdict(review, sample))
    }
    finished = {review.session_id for review in log.reviews() if review.finished}
    return {"standing": standing, "verdicts": verdicts, "finished": finished, "deleted": set(log.deleted)}


def in_sql(log: sqlite3.Connection) -> dict[str, Any]:
    """The same by the views, counting deletions as the dataset's limit does."""
    deleted = """SELECT DISTINCT i.sample_id FROM standing AS d JOIN items AS i USING (session_id, position)
        JOIN sessions AS s USING (session_id)
        LEFT JOIN verdicts AS v ON v.session_id = d.session_id AND v.sample_id = i.sample_id
        WHERE s.kind = 'review' AND d.action = 'delete' AND i.role = 'sample' AND v.action IS NOT 'restore'
        AND s.session_id NOT IN (SELECT session_id FROM events WHERE action = 'lapse')"""
    queries = {
        "standing": "SELECT session_id, position, event_id FROM standing",
        "verdicts": "SELECT session_id, sample_id, action FROM verdicts",
    }
    found: dict[str, Any] = {name: {tuple(row) for row in log.execute(query)} for name, query in queries.items()}
    found["finished"] = {row[0] for row in log.execute("SELECT session_id FROM finished")}
    return {**found, "deleted": {row[0] for row in log.execute(deleted)}}


def act_at_random(person: Person, draw: random.Random) -> None:
    """One thing that a reviewer may do, sensible or not."""
    session = person.review.log.find(person.session)
    position = draw.randrange(len(session.items))
    last = session.decisions[-1].event_id if session.decisions else None
    decide = ("accept", "delete") if session.kind == "review" else ("confirm", "restore")
    action = draw.choices([*decide, "undo", "flag", "unflag"], [4, 3, 3, 1, 1])[0]
    if action != "undo":
        person.do(action, position)
    elif last is not None:
        person.do("undo", target=last)


def finish_and_let_another_verify(person: Person, other: Person) -> None:
    session = person.review.log.find(person.session)
    if session.kind == "review":
        for position in range(len(session.items)):
            if session.standing(position) is None:
                person.do("accept", position)
        person.do("finish")
    try:
        other.open(verifies=session.verifies or session.session_id)
    except ProtocolRefusal as refusal:
        assert refusal.code == "nothing"
    else:
        other.do("confirm", 0)
    if session.finished:
        person.open()


@pytest.mark.parametrize("seed", range(3))
def test_the_state_in_memory_is_what_the_log_says(open_review: Callable[..., Review], clock: Clock, seed: int) -> None:
    draw = random.Random(seed)
    review = open_review(Settings(training=False, verify_own=True, batch=10, overlap=True, repeats=0.1, catches=0.1))
    people = [Person(review, clock, name) for name in ("ann", "bob", "eve")]
    for person in people:
        person.open()
    seen: set[str] = set()
    for step in range(200):
        person = draw.choice(people)
        act_at_random(person, draw)
        if step % 40 == 30:
            finish_and_let_another_verify(person, draw.choice([each for each in people if each is not person]))
        if step == 160:
            clock.now += 31 * 60  # whoever has an unfinished review has lost it
            for each in people:
                each.open()
        if step % 20 == 19:
            said = in_sql(review.log.connection)
            assert in_memory(review.log) == said
            seen |= {name for name, rows in said.items() if rows}
    assert seen == said.keys()  # each was compared when it was not empty
    with review.reading() as copy:
        assert in_memory(copy) == said


def test_a_copy_catches_up_with_what_was_written_since(person: Person, review: Review) -> None:
    with review.reading() as copy:
        assert not copy.deleted
    person.do("delete", 0)
    with review.reading() as copy:
        assert copy.deleted.keys() == {copy.find(person.session).items[0].sample_id}


def test_what_is_rolled_back_leaves_no_trace(person: Person, review: Review) -> None:
    with pytest.raises(RuntimeError), review.writing() as now:
        session = review.log.find(person.session)
        review.log.give_up(session, now)
        raise RuntimeError
    assert not review.log.find(person.session).given_up
    assert "refused" not in person.do("delete", 0)
    assert in_memory(review.log) == in_sql(review.log.connection)
