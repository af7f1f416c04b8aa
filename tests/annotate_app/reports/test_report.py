from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

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
    assert "ann, bob" in cells
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
