from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from annotate_app.people.refusal import Unshowable
from annotate_app.reports.report import render_report
from annotate_app.review.service import Review
from tests.annotate_app.conftest import BARE, Clock, Person


@pytest.mark.slow
def test_a_report_shows_outcome_plots_reviewers_and_agreement(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, overlap=True, batch=20))
    for name, deletions in (("ann", 3), ("bob", 0)):
        person = Person(review, clock, name)
        person.open()
        person.do("flag", 0)
        person.judge(delete=deletions)
    page = render_report(review.log, review.dataset)
    cells = [re.sub(r"\s+", " ", cell) for cell in re.findall(r"<td>(.*?)</td>", page, re.S)]
    assert cells[cells.index("reviewed in finished sessions") + 1] == "20"
    assert cells[cells.index("deleted, not yet verified") + 1] == "3"
    assert page.count("<svg") == 3
    assert "<bdi>ann</bdi>, <bdi>bob</bdi>" in cells
    assert cells[cells.index("all") + 1] == "20"  # samples that alpha is over
    assert "60 of 60" not in cells
    assert "20 of 20" in cells  # decided, of the items
    assert "85%" in cells  # 17 of 20 decided alike
    assert "Flagged for discussion" in page


def test_a_report_before_any_finished_session_says_so_plainly(person: Person, review: Review) -> None:
    page = render_report(review.log, review.dataset)
    assert "<svg" not in page
    assert "No two people have judged the same samples" in page


def test_names_are_escaped_and_no_other_host_is_asked(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=10))
    person = Person(review, clock, "<script>alert(1)</script>")
    person.open()
    person.judge(delete=1)
    page = render_report(review.log, review.dataset)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"""(?:src|href)=["']?https?:""", page)


def test_conditions_are_a_table_and_comments_and_lost_images_are_listed(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(replace(BARE, batch=10))
    said = {"light": "dim", "display": "27 inch", "distance": "", "vision": "glasses"}
    state = review.open("ann", (ann := Person(review, clock, "ann")).tab, said, None)
    ann.state = state
    ann.do("comment", 1, text="is this a cup?")
    review.dataset.image(review.item(ann.session, 2, None).sample_id).unlink()
    with pytest.raises(Unshowable):
        review.image(ann.session, 2, None)
    page = render_report(review.log, review.dataset)
    cells = re.findall(r"<td>(.*?)</td>", page, re.S)
    place = cells.index("dim")
    assert cells[place : place + 4] == ["dim", "27 inch", "not said", "glasses"]
    assert "“<bdi>is this a cup?</bdi>” (<bdi>ann</bdi>)" in page
    assert "Cannot be shown" in page


def test_a_review_over_a_limit_is_marked_and_one_that_is_set_aside_says_why(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(replace(BARE, batch=10, set_aside={"unseen": 0.9}))
    ann = Person(review, clock, "ann")
    ann.open()
    ann.judge()
    page = render_report(review.log, review.dataset)
    why = "10 of 10 decisions on an image that was not on the screen"
    assert f"set aside: {why} (limit 90%)" in page
    assert f"{why} (limit 5%)" in page
    assert '<tr class="red">' in page
