"""An image that is missing or damaged, as a person meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Route

from annotate_app.review.service import Review
from tests.annotate_app.browser import Reader, Served
from tests.annotate_app.conftest import BARE, Clock, Person

Contexts = Callable[..., BrowserContext]
Serving = Callable[..., Served]


def damage(review: Review, position: int, content: bytes | None) -> Callable[[], None]:
    """Remove or overwrite the file of an item of the only session; what is returned puts it right again."""
    (session,) = review.log.sessions
    file = review.dataset.image(review.item(session, position, None).sample_id)
    right = file.read_bytes()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content or right[: len(right) // 2])
    return lambda: file.write_bytes(right) and None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("content", [None, b"", b"no image"], ids=["missing", "truncated", "another"])
def test_it_says_so_can_be_tried_again_and_skipped_and_the_session_goes_on(
    serve_review: Serving, open_context: Contexts, clock: Clock, content: bytes | None
) -> None:
    served = serve_review(replace(BARE, batch=10))
    Person(served.review, clock, "ann").open()
    repair_first = damage(served.review, 0, content)
    damage(served.review, 2, content)
    for session in served.review.log.sessions.values():
        served.review.keep_lease(session.session_id, next(iter(_tabs(served))), True, None)
    reader = Reader(open_context(), served.url)
    reader.page.fill("#reviewer", "ann")
    reader.page.keyboard.press("Enter")
    reader.wait("notice", "This image is missing or damaged. R loads it again, N skips it.")
    reader.page.keyboard.press("ArrowRight")
    reader.page.keyboard.press("x")
    assert "missing or damaged" in reader.text("notice")
    repair_first()
    reader.page.keyboard.press("r")
    reader.on_stage()
    reader.page.wait_for_function("() => document.getElementById('notice').textContent === ''")
    assert not reader.page.is_visible("#buttons [data-action=skip]")
    reader.press("n")
    assert reader.text("notice") == "This image can be shown, so it is not skipped."
    reader.press("ArrowRight")
    reader.page.keyboard.press("ArrowRight")
    reader.wait("notice", "missing or damaged")
    reader.page.click("#buttons [data-action=skip]")
    reader.on_stage()
    reader.press(*["ArrowRight"] * 7)
    reader.wait("end", "9 are judged, 1 could not be shown")
    reader.page.keyboard.press("Enter")
    reader.wait("summary", "9")
    assert served.rows("SELECT action, count(*) FROM events WHERE position IS NOT NULL GROUP BY action") == [
        ("accept", 9),
        ("skip", 1),
    ]
    (lost,) = served.rows("SELECT sample_id FROM items WHERE position = 2")[0]
    assert served.review.log.broken == {lost}


def _tabs(served: Served) -> set[str]:
    return {row[0] for row in served.rows("SELECT tab FROM leases")}


def test_it_does_not_come_to_the_next_person_until_it_is_put_right(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review(replace(BARE, batch=10))
    ann = Person(served.review, clock, "ann")
    ann.open()
    lost = served.review.item(ann.session, 0, None).sample_id
    repair = damage(served.review, 0, None)
    reader = Reader(open_context(), served.url)
    assert reader.page.request.get(f"{served.url}api/sessions/{ann.session}/images/0").status == 410
    ann.do("give_back")
    bob, cem = Person(served.review, clock, "bob"), Person(served.review, clock, "cem")
    bob.open()
    mine = {item.sample_id for item in served.review.log.find(bob.session).items}
    assert len(mine) == 10
    assert lost not in mine
    repair()
    cem.open()
    assert lost in {item.sample_id for item in served.review.log.find(cem.session).items}


def test_an_image_that_failed_while_the_server_was_away_for_a_moment_comes_by_itself(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review(replace(BARE, batch=10))
    context, failed = open_context(), set()

    def fail_once(route: Route) -> None:
        if route.request.resource_type == "image" and route.request.url not in failed:
            failed.add(route.request.url)
            route.abort()
        else:
            route.continue_()

    context.route("**/images/*", fail_once)
    reader = Reader(context, served.url)
    reader.begin("ann")
    assert reader.text("notice") == ""
    reader.press(*["ArrowRight"] * 10)
    reader.wait("end", "All 10 are judged")
    assert len(failed) == 10
