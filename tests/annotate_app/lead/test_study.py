from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from annotate_app.lead.study import PEOPLE, Study
from annotate_app.people.refusal import Unshowable
from annotate_app.review.service import Review
from perception20k.dataset.decisions import read_review
from tests.annotate_app.conftest import BARE, Clock, Person

pytestmark = pytest.mark.slow


@pytest.fixture
def study(open_review: Callable[..., Review]) -> Study:
    return Study(open_review(replace(BARE, verify_own=False)), "lead")


@pytest.fixture
def ann(study: Study, clock: Clock) -> Person:
    """Who has deleted two of sixty samples, flagged one and commented on one."""
    ann = Person(study.review, clock, "ann")
    ann.open()
    ann.do("flag", 5)
    ann.do("comment", 6, text="too dark?")
    ann.judge(delete=2)
    ann.leave()
    return ann


def test_the_lead_has_the_last_word_on_a_deletion(study: Study, ann: Person, clock: Clock) -> None:
    first, second = study.cases("waiting for a verdict")
    assert study.adjudicate(first, "confirm") == "Confirmed: the sample is deleted."
    bob = Person(study.review, clock, "bob")
    bob.open(verifies=ann.session)
    bob.do("confirm", 0)  # the other one: only what waits is shown
    assert study.cases("confirmed") == [first, second]
    assert study.adjudicate(second, "restore") == "Restored: the sample is kept."
    assert study.adjudicate(first, "restore") == "Restored: the sample is kept."
    assert study.cases("restored") == [first, second]
    kept = next(s for s in study.review.dataset.samples if s not in (first, second))
    assert study.adjudicate(kept, "confirm") == "No finished review deletes this sample."
    state = read_review(study.review.dataset.layout.decisions)
    assert (len(state.deleted), len(state.unverified)) == (0, 0)


def test_the_leads_own_deletions_are_for_somebody_else(study: Study, clock: Clock) -> None:
    lead = Person(study.review, clock, "lead")
    lead.open()
    lead.judge(delete=1)
    (mine,) = study.cases("waiting for a verdict")
    assert study.adjudicate(mine, "confirm") == "This deletion is your own, so somebody else verifies it."
    assert study.cases("waiting for a verdict") == [mine]


def test_flags_comments_and_lost_images_are_found(study: Study, ann: Person) -> None:
    items = study.review.log.find(ann.session).items
    assert study.cases("flagged") == [items[5].sample_id]
    assert study.cases("commented") == [items[6].sample_id]
    assert study.comments(items[6].sample_id) == [["ann", "too dark?"]]
    study.review.dataset.image(items[7].sample_id).unlink()
    with pytest.raises(Unshowable):
        study.review.image(ann.session, 7, None)
    assert study.cases("cannot be shown") == [items[7].sample_id]


def test_each_review_is_a_row_and_can_be_set_aside_reinstated_and_given_back(
    study: Study, ann: Person, clock: Clock
) -> None:
    row = dict(zip(PEOPLE, study.people()[0], strict=True))
    assert (row["reviewer"], row["state"], row["judged"], row["deleted"]) == ("ann", "finished", "60 of 60", "2")
    assert "60 of 60 decisions on an image that was not on the screen" in row["over a limit"]
    assert study.set_aside(ann.session, " ") == "Say why; its reviewer reads it."
    assert study.set_aside(ann.session, "was asleep") == "The review is set aside."
    assert study.people()[0][1] == "set aside: was asleep (lead)"
    bob = Person(study.review, clock, "bob")
    assert len(bob.open()["items"]) == 60
    assert study.give_back(ann.session) == "Only a review that is not finished can be given back."
    assert study.give_back(bob.session) == "Its samples are free for others."
    assert bob.do("accept", 0)["refused"] == "lapsed"
    assert study.reinstate(ann.session) == "The review counts again."
    assert study.set_aside("", "x") == "Choose a review first."


def test_agreement_has_pairs_and_alpha(study: Study, ann: Person, clock: Clock) -> None:
    assert (study.kappas(), study.alphas()) == ([], [])
    shared = replace(study.review.settings, overlap=1.0)
    study.review.settings = shared
    bob = Person(study.review, clock, "bob")
    bob.open()
    bob.judge(delete=0)
    assert study.kappas() == [["ann, bob", "60", "97%", "0.00"]]
    rows = {row[0]: row for row in study.alphas()}
    assert rows["all"][1] == "60"
    assert {"blur", "noise", "severity 1", "severity 5"} <= rows.keys()


def test_a_dry_run_counts_what_an_export_would_leave(study: Study, ann: Person) -> None:
    words, rows = study.export_preview(False)
    assert "58 of 60 samples would be left" in words
    assert "2 deletions wait for a verdict" in words
    by_severity = [row for row in rows if row[0].startswith("severity")]
    assert [sum(int(row[k]) for row in by_severity) for k in range(1, 5)] == [60, 60, 2, 58]
    study.set_aside(ann.session, "asleep")
    assert "60 of 60 samples" in study.export_preview(False)[0]
    words, _ = study.export_preview(True)
    assert "0 of 60 samples would be left" in words
    assert "--reviewed-only" in words
