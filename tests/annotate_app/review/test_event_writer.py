from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from annotate_app.people.refusal import Malformed, ProtocolRefusal
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.dataset.layout import Layout
from tests.annotate_app.conftest import Clock, Person


def stored(review: Review) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in review.log.connection.execute("SELECT action, position, at FROM events ORDER BY seq")]


def test_a_session_takes_its_cap_of_deletions_and_refuses_the_next(person: Person, review: Review) -> None:
    assert person.state["cap"] == 12  # a fifth of 60
    for position in range(12):
        assert "refused" not in person.do("delete", position)
    before = stored(review)
    answer = person.do("delete", 12)
    assert answer["refused"] == "session_cap"
    assert "All deletions of this session" in answer["message"]
    assert stored(review) == before


def test_undoing_a_deletion_frees_its_place(person: Person) -> None:
    events = [person.event("delete", position) for position in range(12)]
    person.send(*events)
    person.do("undo", target=events[-1].id)
    assert "refused" not in person.do("delete", 30)
    assert person.do("delete", 31)["refused"] == "session_cap"


def test_deleting_a_deleted_item_again_uses_nothing(person: Person) -> None:
    for position in range(12):
        person.do("delete", position)
    assert "refused" not in person.do("delete", 11)


def test_deletions_of_trials_and_repeats_do_not_count(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, verify_own=True, batch=28, catches=0.2, repeats=0.2))
    ann = Person(review, clock, "ann")
    ann.open()
    roles = [row["role"] for row in review.log.connection.execute("SELECT role FROM items ORDER BY position")]
    assert len(roles) == 28
    for position, role in enumerate(roles):
        if role != "sample":
            assert ann.do("delete", position).keys() == {"stored"}  # nothing in the answer tells a trial
    real = [position for position, role in enumerate(roles) if role == "sample"]
    answers = [ann.do("delete", position) for position in real[:5]]
    assert ["refused" in answer for answer in answers] == [False] * 4 + [True]
    assert answers[-1]["refused"] == "session_cap"


def test_the_dataset_keeps_80_percent_across_reviewers(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(Settings(training=False, verify_own=True, overlap=True))
    ann, bob = Person(review, clock, "ann"), Person(review, clock, "bob")
    ann.open()
    bob.open()
    order = {name: [i["sample_id"] for i in review.log.connection.execute(
        "SELECT sample_id FROM items WHERE session_id = ? ORDER BY position", (who.session,))]
        for name, who in (("ann", ann), ("bob", bob))}  # fmt: skip
    assert sorted(order["ann"]) == sorted(order["bob"])
    for position in range(12):
        ann.do("delete", position)
    other = next(k for k, sample in enumerate(order["bob"]) if sample not in order["ann"][:12])
    answer = bob.do("delete", other)
    assert answer["refused"] == "dataset_cap"
    assert "12 deletions" in answer["message"]
    agreed = order["bob"].index(order["ann"][0])
    assert "refused" not in bob.do("delete", agreed)  # deleted already: it costs the dataset nothing


def order_of(person: Person) -> list[str]:
    rows = person.review.log.connection.execute(
        "SELECT sample_id FROM items WHERE session_id = ? ORDER BY position", (person.session,)
    )
    return [row["sample_id"] for row in rows]


def two_at_the_cap(open_review: Callable[..., Review], clock: Clock) -> tuple[Person, Person]:
    """Two people with the same samples; the first has used all deletions of the dataset."""
    review = open_review(Settings(training=False, verify_own=True, overlap=True))
    ann, bob = Person(review, clock, "ann"), Person(review, clock, "bob")
    ann.open()
    bob.open()
    for position in range(12):
        ann.do("delete", position)
    return ann, bob


def test_undoing_an_accept_cannot_bring_deletions_over_the_cap(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    ann, bob = two_at_the_cap(open_review, clock)
    accepts = [ann.event("accept", position) for position in range(12)]
    ann.send(*accepts)
    mine = set(order_of(ann)[:12])
    for position in [k for k, sample in enumerate(order_of(bob)) if sample not in mine][:12]:
        assert "refused" not in bob.do("delete", position)
    before = stored(ann.review)
    answer = ann.do("undo", target=accepts[-1].id)
    assert answer["refused"] == "dataset_cap"
    assert "delete the sample again" in answer["message"]
    assert stored(ann.review) == before


def test_confirming_what_was_restored_cannot_bring_deletions_over_the_cap(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(Settings(training=False, verify_own=True, overlap=True))
    ann, bob = Person(review, clock, "ann"), Person(review, clock, "bob")
    ann.open()
    ann.judge(delete=12)
    mine, verified = set(order_of(ann)[:12]), ann.session
    ann.open(verifies=verified)
    for position in range(12):
        ann.do("restore", position)
    bob.open()
    for position in [k for k, sample in enumerate(order_of(bob)) if sample not in mine][:12]:
        bob.do("delete", position)
    ann.open(verifies=verified)
    assert ann.do("confirm", 3)["refused"] == "dataset_cap"
    clock.now += 31 * 60  # bob's session lapses, and its deletions with it
    assert "refused" not in ann.do("confirm", 3)


def test_deletions_of_a_session_that_comes_back_late_stay_within_the_cap(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    ann, bob = two_at_the_cap(open_review, clock)
    mine = set(order_of(ann)[:12])
    others = [k for k, sample in enumerate(order_of(bob)) if sample not in mine]
    clock.now += 20 * 60
    bob.do("accept", others[0])
    clock.now += 20 * 60  # ann has been silent for 40 minutes
    assert "refused" not in bob.do("delete", others[1])  # which needs the room of her deletions
    assert ann.do("accept", 13, age=20 * 60)["refused"] == "lapsed"


def test_a_session_too_small_for_a_deletion_says_so(open_review: Callable[..., Review], clock: Clock) -> None:
    ann = Person(open_review(Settings(training=False, verify_own=True, batch=4)), clock, "ann")
    ann.open()
    assert ann.do("delete", 0)["message"].startswith("A session this small allows no deletion: 80 % or more")


def test_a_refused_event_stops_the_batch_and_keeps_what_came_before(person: Person, review: Review) -> None:
    for position in range(12):
        person.do("delete", position)
    events = [person.event("accept", 20), person.event("delete", 21), person.event("accept", 22)]
    answer = person.send(*events)
    assert (answer["stored"], answer["event"]) == ([events[0].id], events[1].id)
    assert [row[1] for row in stored(review)][-1] == 20


def test_the_same_event_twice_is_stored_once(person: Person, review: Review) -> None:
    event = person.event("delete", 3)
    assert person.send(event) == person.send(event) == {"stored": [event.id]}
    assert len(stored(review)) == 1


def test_an_identifier_cannot_stand_for_two_events(person: Person) -> None:
    event = person.event("accept", 3)
    person.send(event)
    with pytest.raises(Malformed):
        person.send(event.model_copy(update={"action": "delete"}))


def test_undo_takes_back_the_last_decision_only(person: Person) -> None:
    first, second = person.event("accept", 0), person.event("accept", 1)
    person.send(first, second)
    assert person.do("undo", target=first.id)["refused"] == "undo"
    assert "refused" not in person.do("undo", target=second.id)
    assert person.do("undo", target=second.id)["refused"] == "undo"
    assert "refused" not in person.do("undo", target=first.id)
    assert person.open()["decisions"] == []


def test_a_reason_belongs_to_a_standing_deletion(person: Person) -> None:
    kept, gone = person.event("accept", 0), person.event("delete", 1)
    person.send(kept, gone)
    assert person.do("reason", target=kept.id, value="not_perceptible")["refused"] == "reason"
    assert "refused" not in person.do("reason", target=gone.id, value="not_perceptible")
    assert "refused" not in person.do("reason", target=gone.id, value="object_mismatch")
    assert person.open()["decisions"][1]["reason"] == "object_mismatch"


def test_a_session_with_an_item_left_cannot_be_finished(person: Person) -> None:
    for position in range(59):
        person.do("accept", position)
    answer = person.do("finish")
    assert (answer["refused"], answer["message"]) == ("unfinished", "1 item of this session is not judged yet.")
    person.do("accept", 59)
    assert "refused" not in person.do("finish")


def test_decisions_of_a_finished_session_stand(person: Person) -> None:
    person.judge()
    assert person.do("delete", 0)["refused"] == "finished"


def test_a_session_lapses_after_half_an_hour_without_an_event(person: Person, clock: Clock) -> None:
    person.do("accept", 0)
    clock.now += 30 * 60
    assert "refused" not in person.do("accept", 1)
    clock.now += 30 * 60 + 1
    assert person.do("accept", 2)["refused"] == "lapsed"


def test_a_pause_does_not_count_as_leaving(person: Person, clock: Clock) -> None:
    person.do("pause")
    clock.now += 100 * 60
    assert "refused" not in person.do("resume")
    clock.now += 31 * 60
    assert person.do("accept", 0)["refused"] == "lapsed"


def test_a_pause_over_two_hours_ends_the_session(person: Person, clock: Clock) -> None:
    person.do("pause")
    clock.now += 120 * 60 + 1
    assert person.do("resume")["refused"] == "lapsed"


def test_being_out_of_focus_is_not_a_sign_of_life(person: Person, clock: Clock) -> None:
    person.do("accept", 0)
    for _ in range(3):
        clock.now += 15 * 60
        answer = person.do("away", dwell_ms=1000.0)
    assert answer["refused"] == "lapsed"


def test_decisions_made_offline_count_when_they_were_made(person: Person, clock: Clock, review: Review) -> None:
    person.do("accept", 0)
    began = clock.now
    clock.now += 60 * 60  # an hour without the server, a key every ten minutes
    events = [person.event("accept", k, age=60 * 60 - 600 * k) for k in range(1, 6)]
    assert len(person.send(*events)["stored"]) == 5
    assert [row[2] - began for row in stored(review)] == pytest.approx([0, 600, 1200, 1800, 2400, 3000])


def test_a_gap_offline_is_a_gap(person: Person, clock: Clock) -> None:
    person.do("accept", 0)
    clock.now += 60 * 60
    assert person.send(person.event("accept", 1, age=60))["refused"] == "lapsed"


def test_no_event_is_dated_before_the_one_before_it(person: Person, review: Review) -> None:
    person.send(person.event("accept", 0), person.event("accept", 1, age=500.0))
    first, second = stored(review)
    assert second[2] == first[2]


def test_a_tab_without_the_lease_cannot_write(person: Person, review: Review, clock: Clock) -> None:
    other = Person(review, clock, "ann")
    other.state = person.state
    with pytest.raises(ProtocolRefusal, match="another tab"):
        other.do("accept", 0)
    person.leave()
    other.do("accept", 0)


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("accept", {}),  # on no item
        ("accept", {"position": 60}),
        ("accept", {"position": 0, "target": "00000000-0000-4000-8000-000000000000"}),
        ("undo", {}),
        ("undo", {"position": 0, "target": "00000000-0000-4000-8000-000000000000"}),
        ("finish", {"position": 0}),
        ("confirm", {"position": 0}),  # belongs to a verification
        ("reason", {"target": "00000000-0000-4000-8000-000000000000"}),
        ("accept", {"position": 0, "value": "not_perceptible"}),
        ("open", {}),
    ],
)
def test_an_event_that_fits_no_session_is_malformed_and_nothing_is_stored(
    person: Person, review: Review, action: str, more: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        person.send(person.event("accept", 0), person.event(action, **more))
    assert stored(review) == []


def test_offering_a_pause_is_no_sign_of_life(person: Person, clock: Clock) -> None:
    person.do("accept", 0)
    clock.now += 20 * 60
    person.do("offer")
    clock.now += 20 * 60
    assert person.do("accept", 1)["refused"] == "lapsed"


def test_a_session_whose_samples_went_to_others_never_comes_back(person: Person, review: Review, clock: Clock) -> None:
    person.do("accept", 0)
    clock.now += 31 * 60
    bob = Person(review, clock, "bob")
    assert len(bob.open()["items"]) == 60
    assert person.do("accept", 1, age=25 * 60)["refused"] == "lapsed"  # made in time, or so it says
    assert person.do("finish", age=25 * 60)["refused"] == "lapsed"
    bob.do("accept", 0)
    assert "refused" not in bob.do("delete", 1)


def test_an_age_is_believed_for_as_long_as_a_pause_may_last(person: Person, clock: Clock) -> None:
    person.do("accept", 0)
    clock.now += 40 * 60
    assert "refused" not in person.do("accept", 1, age=20 * 60)
    clock.now += 3 * 3600
    assert person.do("accept", 2, age=3 * 3600)["refused"] == "lapsed"


def test_a_session_keeps_the_lapse_it_was_begun_under(
    open_review: Callable[..., Review], clock: Clock, layout: Layout
) -> None:
    ann = Person(open_review(Settings(training=False, verify_own=True, lapse=10)), clock, "ann")
    ann.open()
    ann.do("accept", 0)
    clock.now += 11 * 60
    ann.review = open_review(Settings(training=False, verify_own=True, lapse=600))
    assert ann.do("accept", 1)["refused"] == "lapsed"
