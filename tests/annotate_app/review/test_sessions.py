from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from annotate_app.people.refusal import ProtocolRefusal
from annotate_app.reports.summary import summarise
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, read_sources
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_tables


def batch(review: Review, person: Person) -> set[str]:
    rows = review.log.connection.execute("SELECT sample_id FROM items WHERE session_id = ?", (person.session,))
    return {row["sample_id"] for row in rows}


def test_the_weakest_unreviewed_samples_are_taken_first(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=20))
    weakest = list(review.dataset.samples)
    people = [Person(review, clock, name) for name in ("ann", "bob")]
    for person in people:
        person.open()
    assert batch(review, people[0]) == set(weakest[:20])
    assert batch(review, people[1]) == set(weakest[20:40])


def test_people_who_open_at_once_get_disjoint_batches(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=10))
    people = [Person(review, clock, f"person {k}") for k in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda person: person.open(), people))
    batches = [batch(review, person) for person in people]
    assert all(len(each) == 10 for each in batches)
    assert len(set.union(*batches)) == 60
    late = Person(review, clock, "late")
    with pytest.raises(ProtocolRefusal, match="nothing is left"):
        late.open()


def test_overlap_gives_the_same_samples_in_another_order(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=20, overlap=True))
    ann, bob = Person(review, clock, "ann"), Person(review, clock, "bob")
    ann.open()
    bob.open()
    assert batch(review, ann) == batch(review, bob)
    orders = [
        [row["sample_id"] for row in review.log.connection.execute(
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
    assert again["flags"] == [1]


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
    from annotate_app.review.batch import compose

    row = review.log.connection.execute("SELECT seed FROM sessions").fetchone()
    shown = [r["sample_id"] for r in review.log.connection.execute("SELECT sample_id FROM items ORDER BY position")]
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
    with pytest.raises(ProtocolRefusal, match="No deletion"):
        Person(review, clock, "eve").open(verifies=session)


def test_a_verification_goes_on_where_it_was_left(person: Person) -> None:
    person.judge(delete=3)
    session = person.session
    first = person.open(verifies=session)["session"]
    person.do("confirm", 0)
    again = person.open(verifies=session)
    assert again["session"] == first
    assert len(again["items"]) == 3
    assert len(again["decisions"]) == 1


def test_a_verification_that_is_done_comes_back_to_who_made_it(person: Person, clock: Clock, layout: Layout) -> None:
    person.judge(delete=3)
    session = person.session
    first = person.open(verifies=session)["session"]
    for position in range(3):
        person.do("confirm", position)
    clock.now += 24 * 3600
    assert person.open(verifies=session)["session"] == first
    assert person.state["worked"] == 0
    last = person.state["decisions"][-1]["id"]
    assert "refused" not in person.do("undo", target=last)
    assert "refused" not in person.do("restore", 2)
    assert len(read_review(layout.decisions).deleted) == 2


def test_a_verification_shows_the_reason_of_the_sample_and_not_of_its_repeat(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(replace(BARE, batch=20, repeats=0.2))
    ann = Person(review, clock, "ann")
    ann.open()
    rows = review.log.connection.execute("SELECT position, role, sample_id FROM items ORDER BY position").fetchall()
    repeated = next(row["sample_id"] for row in rows if row["role"] == "repeat")
    for row in rows:
        if row["role"] == "sample" and row["sample_id"] == repeated:
            gone = ann.event("delete", row["position"])
            ann.send(gone, ann.event("reason", target=gone.id, value="object_mismatch"))
        else:
            ann.do("accept", row["position"])
    ann.do("finish")
    assert [item["reason"] for item in ann.open(verifies=ann.session)["items"]] == ["object_mismatch"]


def test_time_worked_is_counted_from_the_end_of_a_pause_even_across_a_reload(person: Person, clock: Clock) -> None:
    clock.now += 5 * 60
    person.do("accept", 0)
    assert person.open()["worked"] == 5 * 60
    person.do("pause")
    clock.now += 20 * 60
    assert person.open()["worked"] == 0
    person.do("accept", 1)
    clock.now += 60
    assert person.open()["worked"] == 60


class TestADatasetBuiltAnew:
    """Some samples that were judged, or are being judged, are gone."""

    @pytest.fixture
    def rebuilt(self, layout: Layout, open_review: Callable[..., Review]) -> Callable[..., Review]:
        def without(gone: frozenset[str], settings: Settings = BARE) -> Review:
            kept = [s for s in read_samples(layout.recipe) if s.sample_id not in gone]
            write_tables(layout, kept, read_sources(layout.sources))
            return open_review(settings)

        return without

    def test_an_open_session_makes_room_for_a_new_one(self, person: Person, rebuilt: Callable[..., Review]) -> None:
        person.do("accept", 0)
        before = person.session
        person.review = rebuilt(frozenset({"0007-0"}))
        assert person.open()["session"] != before
        assert len(person.state["items"]) == 59

    def test_deletions_that_are_gone_wait_for_nobody(
        self, person: Person, rebuilt: Callable[..., Review], layout: Layout
    ) -> None:
        person.judge(delete=3)
        reviewed = person.session
        person.open(verifies=reviewed)
        person.do("confirm", 0)
        order = "SELECT sample_id FROM items WHERE session_id = ? AND position = 1"
        person.review = rebuilt(frozenset(person.review.log.connection.execute(order, (person.session,)).fetchone()))
        assert [row["deletions"] for row in person.review.overview()["waiting"]] == [1]
        assert len(person.open(verifies=reviewed)["items"]) == 1
        person.do("confirm", 0)
        assert person.review.overview()["waiting"] == []
        state = read_review(layout.decisions)
        assert len(state.unverified) == 1
        assert summarise(person.review, reviewed)["waiting"] == 0
        assert state.among(person.review.dataset.samples).unverified == frozenset()

    def test_a_shared_batch_is_not_given_twice(
        self, open_review: Callable[..., Review], clock: Clock, rebuilt: Callable[..., Review]
    ) -> None:
        overlap = replace(BARE, overlap=True)
        ann, bob = (Person(open_review(overlap), clock, name) for name in ("ann", "bob"))
        ann.open()
        ann.judge()
        bob.review = rebuilt(frozenset({"0007-0"}), overlap)
        bob.open()
        bob.judge()
        with pytest.raises(ProtocolRefusal, match="nothing is left"):
            bob.open()


def test_deletions_of_trials_and_repeats_are_not_shown_again(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=28, catches=0.2, repeats=0.2))
    ann = Person(review, clock, "ann")
    ann.open()
    for row in review.log.connection.execute("SELECT position, role FROM items ORDER BY position").fetchall():
        ann.do("accept" if row["role"] == "sample" else "delete", row["position"])
    assert "refused" not in ann.do("finish")
    with pytest.raises(ProtocolRefusal, match="No deletion"):
        ann.open(verifies=ann.session)
    state = read_review(review.dataset.layout.decisions)
    assert (state.reviewed, state.unverified) == (20, frozenset())


def test_an_unfinished_session_cannot_be_verified(person: Person) -> None:
    person.do("delete", 0)
    with pytest.raises(ProtocolRefusal, match="after the session"):
        person.open(verifies=person.session)


def test_training_comes_before_the_first_session(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings())
    ann = Person(review, clock, "ann")
    with pytest.raises(ProtocolRefusal) as refusal:
        ann.open()
    assert refusal.value.code == "training"
    review.train("ann", [])
    ann.open()


def test_somebody_else_verifies_unless_the_lead_allows_ones_own(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(Settings(training=False))
    ann = Person(review, clock, "ann")
    ann.open()
    ann.judge(delete=1)
    with pytest.raises(ProtocolRefusal, match="your own, so somebody else verifies them"):
        ann.open(verifies=ann.session)
    assert len(Person(review, clock, "bob").open(verifies=ann.session)["items"]) == 1
