from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from annotate_app.people.refusal import ProtocolRefusal
from annotate_app.review.care import RED, Care, care_of, limits_of, training_score
from annotate_app.review.service import Review
from perception20k.core.errors import UserError
from perception20k.dataset.decisions import read_review
from tests.annotate_app.conftest import BARE, Clock, Person

PACES = (0.9, 1.7, 1.1, 2.6, 1.3)
"""Seconds a person takes, in turn."""


def look(person: Person, clock: Clock, position: int, seconds: float, action: str = "accept") -> None:
    """Have an image sent, look at it for a while, and decide."""
    person.review.image(person.session, position, None)
    clock.now += seconds
    person.do(action, position, painted_at=clock.now + 3600 - seconds, dwell_ms=1000 * seconds)


def care(person: Person) -> Care:
    with person.review.reading() as log:
        return care_of(log.find(person.session))


def test_a_person_who_looks_shows_no_sign(person: Person, clock: Clock) -> None:
    for position in range(40):
        look(person, clock, position, PACES[position % 5])
    assert not any(care(person).counts.values())
    assert care(person).beyond(RED) == []


def test_what_is_decided_before_it_can_be_seen_is_counted(person: Person, clock: Clock) -> None:
    for position in range(10):
        look(person, clock, position, 0.2 if position < 3 else PACES[position % 5])
    assert care(person).counts["fast"] == 3
    assert care(person).beyond({"fast": 0.2}) == ["3 of 10 decisions faster than 300 ms (limit 20%)"]
    assert care(person).beyond({"fast": 0.3}) == []


def test_a_client_that_lies_about_its_clock_is_still_found_out(person: Person) -> None:
    lies = [person.event("accept", k, painted_at=1.0, dwell_ms=2000.0 + 700 * (k % 3)) for k in range(50)]
    person.send(*lies)
    assert care(person).counts["fast"] == 49  # the server's clock stood still meanwhile
    assert care(person).counts["unseen"] == 50  # and nobody asked for an image


def test_an_even_rhythm_is_counted(person: Person, clock: Clock) -> None:
    for position in range(30):
        look(person, clock, position, 1.0 if position >= 5 else PACES[position])
    assert care(person).counts["rhythm"] >= 25
    assert care(person).counts["fast"] == 0


def test_missed_catches_and_contradicted_repeats_are_counted(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=60, catches=0.2, repeats=0.2))
    ann = Person(review, clock, "ann")
    ann.open()
    roles = [item.role for item in review.log.find(ann.session).items]
    for position, role in enumerate(roles):
        look(ann, clock, position, PACES[position % 5], "delete" if role == "repeat" else "accept")
    found = care(ann)
    catches, repeats = len(roles) - roles.count("sample") - roles.count("repeat"), roles.count("repeat")
    assert (found.counts["catches"], found.chances["catches"]) == (catches, catches)
    assert (found.counts["repeats"], found.chances["repeats"]) == (repeats, repeats)
    assert found.share("catches") == 1.0


def test_the_training_score_is_the_share_that_was_right_at_once() -> None:
    assert training_score([[1], [1, 2], [1], [1, 2, 3]]) == 0.5
    assert training_score([]) is None


def test_a_session_beyond_the_leads_limit_is_set_aside_and_says_why(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(replace(BARE, set_aside={"unseen": 0.5}))
    ann = Person(review, clock, "ann")
    ann.open()
    ann.judge(delete=3)  # without looking at an image
    session = review.log.find(ann.session)
    assert session.set_aside == "60 of 60 decisions on an image that was not on the screen (limit 50%)"
    assert read_review(review.dataset.layout.decisions).reviewed == 0
    assert review.log.deleted == {}
    assert review.overview()["free"] == 60
    review.reinstate(ann.session, "lead")
    assert read_review(review.dataset.layout.decisions).reviewed == 60
    assert len(review.log.deleted) == 3
    review.set_aside(ann.session, "asked to", "lead")
    assert read_review(review.dataset.layout.decisions).reviewed == 0


def test_a_session_comes_back_only_if_its_deletions_have_room(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, set_aside={"unseen": 0.5}))
    for name in ("ann", "bob"):
        person = Person(review, clock, name)
        person.open()
        person.judge(delete=12)
    ann, bob = review.log.sessions
    review.reinstate(bob, "lead")
    with pytest.raises(ProtocolRefusal, match="more than the dataset allows"):
        review.reinstate(ann, "lead")
    assert len(review.log.deleted) == 12


def test_limits_are_read_from_words_and_wrong_ones_refused() -> None:
    assert limits_of("--red", ["fast=0.1", "catches=0"]) == {"fast": 0.1, "catches": 0.0}
    for word in ("slow=0.1", "fast", "fast=x", "fast=1.5", "fast=nan"):
        with pytest.raises(UserError, match=f"--red {word}: not of the form SIGN=SHARE. Write one of fast, unseen"):
            limits_of("--red", [word])
