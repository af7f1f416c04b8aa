"""What ends a session by itself is told before it does; what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext

from annotate_app.people.refusal import ProtocolRefusal
from tests.annotate_app.browser import Reader, Served
from tests.annotate_app.conftest import BARE, Clock, Person

Contexts = Callable[..., BrowserContext]
Serving = Callable[..., Served]


def test_the_start_page_states_every_limit(serve_review: Serving, open_context: Contexts) -> None:
    reader = Reader(open_context(), serve_review(replace(BARE, batch=30)).url)
    facts = reader.text("start-facts")
    for words in ("up to 30 images", "at most 6 hours", "30 minutes without a key", "a pause of 120 minutes"):
        assert words in facts


def test_the_end_of_a_session_is_told_before_it_comes(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review(replace(BARE, sitting=3.0))
    context = open_context()
    context.clock.install()
    reader = Reader(context, served.url)
    reader.begin("ann")
    reader.press("ArrowRight")
    context.clock.fast_forward(26 * 60 * 1000)
    reader.wait("notice", "In 4 min this session stops counting; any decision keeps it.")
    assert reader.page.title().startswith("4 min left")
    reader.press("ArrowRight")
    reader.wait("notice", "Accepted")
    reader.page.wait_for_function("() => !document.title.includes('left')")
    reader.page.keyboard.press("p")
    reader.wait("pause-limit", "Go on within 2 h 0 min, or the session does not count.")
    context.clock.fast_forward(115 * 60 * 1000)
    reader.wait("pause-limit", "Go on within 5 min")
    reader.page.keyboard.press("p")
    reader.on_stage()
    context.clock.fast_forward(28 * 60 * 1000)
    reader.press("ArrowRight")
    reader.wait("notice", "A sitting has a limit: what is not finished in 11 min does not count.")
    reader.wait("progress", "the sitting ends in 11 min")


def test_pauses_do_not_stretch_a_sitting_beyond_its_limit(person: Person, clock: Clock) -> None:
    for number in range(3):  # 5 h 45 min
        person.do("pause")
        clock.now += 115 * 60
        assert "refused" not in person.do("accept", number)
    clock.now += 14 * 60
    assert "refused" not in person.do("accept", 3)
    clock.now += 2 * 60
    refused = person.do("accept", 4)
    assert refused["refused"] == "lapsed"
    assert "A sitting lasts at most 6 hours, pauses included" in refused["message"]


def test_too_long_a_pause_is_called_that(person: Person, clock: Clock) -> None:
    person.do("pause")
    clock.now += 121 * 60
    assert "The pause was longer than 120 minutes" in person.do("accept", 0)["message"]


def test_a_session_is_given_back_and_its_samples_are_free_at_once(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("x", "ArrowRight", "p")
    late = Person(served.review, clock, "bob")
    with pytest.raises(ProtocolRefusal, match=r"58 are in sessions that are not finished.* free in 120 min") as refusal:
        reader.sent()
        late.open()
    ((paused,),) = served.rows("SELECT at FROM events WHERE action = 'pause'")
    assert refusal.value.facts["free_in"] == pytest.approx(paused + 7200 - clock.now)
    reader.page.click("#give-back")
    reader.page.click("#keep")
    reader.page.wait_for_selector("#pause.open")
    reader.page.click("#give-back")
    reader.page.click("#giving-back-go")
    reader.wait("start-message", "The session was given back")
    reader.wait("start-facts", "0 % of them judged or being judged")
    assert len(late.open()["items"]) == 60
    assert served.review.log.deleted == {}


def test_the_dataset_is_divided_among_the_team(serve_review: Serving, clock: Clock) -> None:
    review = serve_review(replace(BARE, team=4)).review
    people = [Person(review, clock, name) for name in ("ann", "bob", "cem", "dan")]
    for person in people:
        assert len(person.open()["items"]) == 15
    with pytest.raises(ProtocolRefusal, match="nothing is left"):
        Person(review, clock, "eve").open()


def test_a_part_of_a_session_is_judged_by_somebody_else_too(serve_review: Serving, clock: Clock) -> None:
    review = serve_review(replace(BARE, batch=20, overlap=0.1)).review
    batches = []
    for name in ("ann", "bob", "cem"):
        person = Person(review, clock, name)
        assert len(person.open()["items"]) == 20
        batches.append(set(review.log.find(person.session).positions))
    ann, bob, cem = batches
    assert len(ann & bob) == 2
    assert len(cem & (ann | bob)) == 2


def test_a_name_that_differs_by_case_alone_is_refused(person: Person, clock: Clock) -> None:
    other = Person(person.review, clock, "Ann")
    with pytest.raises(ProtocolRefusal, match="There is a reviewer “ann”"):
        other.open()


def test_a_comment_is_kept_with_the_image_it_is_about(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("ArrowRight", "c")
    reader.page.keyboard.type("x is for exit, not for delete")
    reader.page.keyboard.press("Enter")
    reader.wait("notice", "The comment is kept")
    assert reader.place() == 1
    reader.press("c")
    assert reader.page.input_value("#comment-text") == "x is for exit, not for delete"
    reader.page.keyboard.press("Escape")
    reader.press("ArrowRight")
    reader.sent()
    assert served.rows("SELECT position, value FROM events WHERE action = 'comment'") == [
        (1, "x is for exit, not for delete")
    ]
    reader.reload()
    reader.on_stage()
    reader.press("ArrowLeft", "c")
    assert reader.page.input_value("#comment-text") == "x is for exit, not for delete"
