from collections.abc import Callable
from dataclasses import replace

from annotate_app.review.protocol import session_cap
from annotate_app.review.service import Review
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, read_sources
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_tables


def test_the_page_cannot_count_the_hidden_trials(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review(replace(BARE, batch=30, catches=0.1, repeats=0.1))
    person = Person(review, clock, "bob")
    state = person.open()
    roles = [row["role"] for row in review.log.connection.execute(
        "SELECT role FROM items WHERE session_id = ?", (person.session,))]  # fmt: skip
    assert len(roles) - roles.count("sample") >= 4
    assert len(state["items"]) in (29, 30)  # no more than was said, and as many as can be had
    assert state["cap"] == session_cap(len(roles))  # of all that is shown
    assert review.overview()["batch"] == 30


def test_names_are_shown_without_marks_that_turn_the_line_around(
    layout: Layout, open_review: Callable[..., Review], clock: Clock
) -> None:
    turned = [replace(s, object="\u202eevil") for s in read_samples(layout.recipe)]
    write_tables(layout, turned, read_sources(layout.sources))
    state = Person(open_review(), clock, "ann").open()
    assert {item["object"] for item in state["items"]} == {"evil"}
    assert "".join(state["items"][0]["question"]).startswith(("is ", "are "))


def test_the_page_is_told_every_limit_and_how_far_it_is_used(person: Person, clock: Clock) -> None:
    clock.now += 60
    person.do("accept", 0)
    clock.now += 30
    assert person.open()["limits"] == {"lapse": 1800, "pause": 7200, "sitting": 21600, "idle": 30, "sat": 90}
