from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from annotate_app.people.refusal import ProtocolRefusal, Unknown
from annotate_app.reports.figures import FIGURES
from annotate_app.reports.summary import figure_svg, summarise
from annotate_app.review.service import Review
from tests.annotate_app.conftest import BARE, Clock, Person


def test_a_summary_counts_what_was_done(person: Person, review: Review, clock: Clock) -> None:
    for position in range(60):
        clock.now += 6
        person.do("delete" if position < 4 else "accept", position, dwell_ms=2000.0 if position % 2 else 1000.0)
    person.do("finish")
    session = person.session
    person.open(verifies=session)
    person.do("confirm", 0)
    person.do("restore", 1)
    summary = summarise(review, session)
    expected = {"judged": 60, "deleted": 4, "cap": 12, "confirmed": 1, "restored": 1, "waiting": 2, "pauses": 0}
    assert {key: summary[key] for key in expected} == expected
    assert summary["minutes"] == pytest.approx(5.9)  # 59 gaps of 6 s
    assert summary["seconds_each"] == 1.5
    assert summary["reasons"] == {"": 4}
    assert summary["agreement"] == []


def test_a_summary_tells_the_agreement_with_others(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, overlap=True, batch=20))
    for name in ("ann", "bob"):
        person = Person(review, clock, name)
        person.open()
        person.judge()
    (agreement,) = summarise(review, person.session)["agreement"]
    assert agreement == {"reviewers": ("ann", "bob"), "samples": 20, "same": 1.0, "kappa": None}


@pytest.mark.slow
def test_every_figure_is_a_picture(person: Person, review: Review) -> None:
    person.judge(delete=3)
    for name in FIGURES:
        root = ElementTree.fromstring(figure_svg(review, person.session, name))
        assert root.tag.endswith("svg")
    with pytest.raises(Unknown):
        figure_svg(review, person.session, "other")


def test_an_unfinished_session_has_no_summary(person: Person, review: Review) -> None:
    with pytest.raises(ProtocolRefusal):
        summarise(review, person.session)
    with pytest.raises(Unknown):
        figure_svg(review, person.session, "groups")
