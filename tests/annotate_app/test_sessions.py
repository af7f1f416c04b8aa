from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from annotate_app.protocol import Settings
from annotate_app.refusal import Refused
from annotate_app.review import Review
from perception20k.decisions import read_review
from perception20k.layout import Layout
from tests.annotate_app.conftest import BARE, Clock, Person


def batch(review: Review, person: Person) -> set[str]:
    rows = review.log.execute("SELECT sample_id FROM items WHERE session_id = ?", (person.session,))
    return {row["sample_id"] for row in rows}


def test_the_weakest_unreviewed_samples_are_taken_first(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, batch=20))
    weakest = list(review.dataset.samples)
    people = [Person(review, clock, name) for name in ("ann", "bob")]
    for person in people:
        person.open()
    assert batch(review, people[0]) == set(weakest[:20])
    assert batch(review, people[1]) == set(weakest[20:40])


def test_people_who_open_at_once_get_disjoint_batches(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, batch=10))
    people = [Person(review, clock, f"person {k}") for k in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda person: person.open(), people))
    batches = [batch(review, person) for person in people]
    assert all(len(each) == 10 for each in batches)
    assert len(set.union(*batches)) == 60
    late = Person(review, clock, "late")
    with pytest.raises(Refused, match="nothing is left"):
        late.open()


def test_overlap_gives_the_same_samples_in_another_order(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, batch=20, overlap=True))
    ann, bob = Person(review, clock, "ann"), Person(review, clock, "bob")
    ann.open()
    bob.open()
    assert batch(review, ann) == batch(review, bob)
    orders = [
        [row["sample_id"] for row in review.log.execute(
            "SELECT sample_id FROM items WHERE session_id = ? ORDER BY position", (person.session,))]
        for person in (ann, bob)
    ]  # fmt: skip
    assert orders[0] != orders[1]
    had = batch(review, bob)
    bob.judge()
    bob.open()
    assert batch(review, bob).isdisjoint(had)  # nobody else's batch is left to share, so a new one


def test_a_reload_resumes_the_session_with_its_decisions(person: Person) -> None:
    first = person.state
    person.do("accept", 0)
    person.do("delete", 1)
    person.do("flag", 1)
    again = person.open()
    assert again["session"] == first["session"]
    assert again["items"] == first["items"]
    assert [(d["position"], d["action"]) for d in again["decisions"]] == [(0, "accept"), (1, "delete")]
    assert (again["flags"], again["used"]) == ([1], 1)


def test_a_lapsed_session_gives_its_samples_back(person: Person, review: Review, clock: Clock) -> None:
    before = person.state["session"]
    person.do("delete", 0)
    person.leave()
    clock.now += 30 * 60 + 1
    bob = Person(review, clock, "bob")
    bob.open()
    assert len(batch(review, bob)) == 60
    bob.leave()
    clock.now += 30 * 60 + 1
    assert person.open()["session"] != before
    assert person.state["decisions"] == []


def test_the_order_can_be_drawn_again_from_the_recorded_seed(person: Person, review: Review) -> None:
    from annotate_app.batch import compose

    row = review.log.execute("SELECT seed FROM sessions").fetchone()
    shown = [r["sample_id"] for r in review.log.execute("SELECT sample_id FROM items ORDER BY position")]
    again = compose(review.dataset, list(review.dataset.samples), BARE, row["seed"])
    assert [item.sample_id for item in again] == shown


def test_verification_shows_deletions_only_and_settles_each(person: Person, review: Review, layout: Layout) -> None:
    person.judge(delete=3)
    session = person.session
    deleted = read_review(layout.decisions).unverified
    assert len(deleted) == 3
    person.open(verifies=session)
    assert batch(review, person) == deleted
    assert person.state["kind"] == "verify"
    person.do("confirm", 0)
    person.do("restore", 1)
    state = read_review(layout.decisions)
    assert (len(state.deleted), len(state.unverified), len(state.kept)) == (1, 1, 58)


def test_another_reviewer_can_verify_what_is_left(person: Person, review: Review, clock: Clock, layout: Layout) -> None:
    person.judge(delete=3)
    session = person.session
    person.open(verifies=session)
    person.do("confirm", 0)
    bob = Person(review, clock, "bob")
    bob.open(verifies=session)
    assert len(bob.state["items"]) == 2
    bob.do("restore", 0)
    bob.do("restore", 1)
    state = read_review(layout.decisions)
    assert (state.reviewed, len(state.deleted), len(state.unverified)) == (60, 1, 0)
    with pytest.raises(Refused, match="No deletion"):
        bob.open(verifies=session)


def test_a_verification_goes_on_where_it_was_left(person: Person) -> None:
    person.judge(delete=3)
    session = person.session
    first = person.open(verifies=session)["session"]
    person.do("confirm", 0)
    again = person.open(verifies=session)
    assert again["session"] == first
    assert len(again["items"]) == 3
    assert len(again["decisions"]) == 1


def test_deletions_of_trials_and_repeats_are_not_shown_again(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, batch=20, catches=0.2, repeats=0.2))
    ann = Person(review, clock, "ann")
    ann.open()
    for row in review.log.execute("SELECT position, role FROM items ORDER BY position").fetchall():
        ann.do("accept" if row["role"] == "sample" else "delete", row["position"])
    assert "refused" not in ann.do("finish")
    with pytest.raises(Refused, match="No deletion"):
        ann.open(verifies=ann.session)
    state = read_review(review.dataset.layout.decisions)
    assert (state.reviewed, state.unverified) == (20, frozenset())


def test_an_unfinished_session_cannot_be_verified(person: Person) -> None:
    person.do("delete", 0)
    with pytest.raises(Refused, match="after the session"):
        person.open(verifies=person.session)


def test_training_comes_before_the_first_session(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings())
    ann = Person(review, clock, "ann")
    with pytest.raises(Refused) as refusal:
        ann.open()
    assert refusal.value.code == "training"
    review.train("ann", [])
    ann.open()
