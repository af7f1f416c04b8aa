"""The page in a real browser: what a reviewer sees, and what the keys do."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, read_sources
from perception20k.imaging import images
from tests.annotate_app.browser import Reader, Served
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_dataset, write_tables

Contexts = Callable[..., BrowserContext]
Serving = Callable[..., Served]

DECISIONS = "SELECT i.position, e.action FROM events AS e JOIN items AS i USING (session_id, position) ORDER BY e.seq"


def test_a_session_of_real_samples_by_keyboard_from_training_to_summary(
    built_dataset: Path, tmp_path: Path, open_context: Contexts
) -> None:
    root = Path(shutil.copytree(built_dataset, tmp_path / "dataset"))
    review = Review(Dataset(Layout(root)), Settings(batch=60, verify_own=True))
    served = Served(review)
    try:
        reader = Reader(open_context(), served.url)
        page = reader.page
        page.fill("#reviewer", "ann")
        page.fill("#light", "dim")
        page.keyboard.press("Enter")
        page.wait_for_selector("#lesson-go", state="visible")
        page.keyboard.press("Enter")
        for number, lesson in enumerate(page.request.get(served.url + "api/training").json()):
            reader.wait("progress", f"{number + 1} of 8")
            reader.on_stage()
            if number == 0:
                reader.press("x")
                reader.wait("why", "Look again")
            reader.press("ArrowRight" if lesson["answer"] == "accept" else "x")
            reader.wait("why", "Right.")
            page.keyboard.press("Enter")

        reader.wait("progress", "1 of 60")
        reader.on_stage()
        assert "0 used, 12 left" in reader.text("progress")
        reader.press(*["ArrowRight"] * 9, "x", "2")  # one deletion, for a reason
        reader.wait("notice", "not perceptible")
        page.keyboard.down("r")
        reader.wait("question", "Reference")
        page.keyboard.up("r")
        reader.press("b", "b", "f", "Delete", "1", *["j"] * 48, "x")
        reader.wait("end", "All 60 are judged")
        page.keyboard.press("Enter")
        reader.wait("end", "You deleted 3")
        state = read_review(review.dataset.layout.decisions)
        assert (state.reviewed, len(state.unverified), len(state.flagged)) == (60, 3, 1)

        page.click("#end button:not(.main)")
        reader.wait("question", "Confirm the deletion, or restore it?")
        reader.on_stage()
        reader.press("x", "ArrowRight", "x")
        reader.wait("end", "All deletions are verified")
        page.keyboard.press("Enter")
        reader.wait("summary", "2 confirmed, 1 restored, 0 waiting")
        assert "1 not perceptible" in reader.text("summary")
        page.wait_for_function(
            "() => [...document.querySelectorAll('#summary img')].filter(i => i.naturalWidth).length === 3"
        )
        state = read_review(review.dataset.layout.decisions)
        assert (state.reviewed, len(state.kept), len(state.deleted), len(state.unverified)) == (60, 58, 2, 0)
        logged = served.rows("SELECT dwell_ms, painted_at, key_at FROM events WHERE action IN ('accept', 'delete')")
        assert len(logged) == 60
        assert all(dwell >= 0 for dwell, _, _ in logged)
        assert all(painted is None or painted <= key for _, painted, key in logged)  # None: pressed before painted
        assert [r[0] > 0 for r in served.rows("SELECT reference_ms FROM events WHERE reference_uses > 0")] == [True]
        assert reader.hosts == {f"127.0.0.1:{served.port}"}
        assert reader.errors == []
    finally:
        served.stop()
        review.close()


def test_undo_reaches_back_across_a_reload(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("ArrowRight", "x", "ArrowRight")
    assert reader.place() == 3
    reader.sent()
    reader.reload()
    reader.on_stage()
    assert reader.place() == 3
    for place in (2, 1, 0):
        reader.press("z")
        assert reader.place() == place
    reader.press("z")
    assert reader.text("notice") == "There is nothing to undo."
    reader.press("ArrowRight")
    reader.sent()
    assert served.rows("SELECT position, action FROM standing") == [(0, "accept")]


def test_the_next_deletion_after_the_cap_is_refused_and_nothing_is_lost(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press(*["x"] * 12)
    reader.wait("progress", "12 used, 0 left")
    reader.press("x")
    reader.wait("notice", "All deletions of this session are used")
    assert reader.place() == 12
    reader.press("ArrowRight")
    assert reader.place() == 13
    reader.sent()
    assert served.rows(DECISIONS) == [(k, "delete") for k in range(12)] + [(12, "accept")]
    reader.press("z", "z", "ArrowRight", "x")  # a deletion taken back frees its place
    reader.sent()
    standing = served.rows("SELECT action, count(*) FROM standing GROUP BY action ORDER BY action")
    assert standing == [("accept", 1), ("delete", 12)]


def test_a_deletion_refused_late_brings_the_page_back_and_keeps_what_followed(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review(replace(BARE, overlap=True))
    ann = Person(served.review, clock, "ann")
    ann.open()
    for position in range(12):  # the dataset's fifth is used up, which Bob's page does not know
        ann.do("delete", position)
    gone = {
        row[0] for row in served.rows("SELECT i.sample_id FROM standing JOIN items AS i USING (session_id, position)")
    }
    reader = Reader(open_context(), served.url)
    reader.begin("bob")
    reader.sent()
    session = served.rows("SELECT session_id FROM sessions WHERE reviewer = 'bob'")[0][0]
    order = [r[0] for r in served.rows("SELECT sample_id FROM items WHERE session_id = ? ORDER BY position", session)]
    first = next(k for k, sample in enumerate(order) if sample not in gone)
    reader.press(*["ArrowRight"] * first)
    reader.sent()
    reader.images_near()
    reader.page.context.set_offline(True)
    reader.press("x", "2", "ArrowRight", "ArrowRight")
    assert reader.place() == first + 3
    reader.page.context.set_offline(False)
    reader.wait("notice", "All 12 deletions that the dataset allows are used")
    assert reader.place() == first
    reader.press("ArrowRight")
    reader.sent()
    assert reader.place() == first + 3
    standing = served.rows("SELECT position, action FROM standing WHERE session_id = ? ORDER BY position", session)
    assert standing == [(k, "accept") for k in range(first + 3)]


def test_the_counter_of_deletions_does_not_tell_a_trial_from_a_sample(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review(replace(BARE, catches=0.5))
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    roles = [row[0] for row in served.rows("SELECT role FROM items ORDER BY position")]
    assert (len(roles), roles.count("sample")) == (60, 40)
    trial = next(k for k, role in enumerate(roles) if role != "sample")
    assert "1 of 60" in reader.text("progress")  # as many as the start page said, trials included
    reader.press(*["ArrowRight"] * trial, "x")
    reader.sent()
    assert "1 used, 11 left" in reader.text("progress")
    samples = [k for k, role in enumerate(roles) if role == "sample" and k > trial][:9]
    for place in range(trial + 1, samples[-1]):
        reader.press("x" if place in samples else "ArrowRight")
        reader.page.wait_for_function("n => document.querySelector(`#stage img.shown[src$='/${n}']`)", arg=place + 1)
    assert "9 used, 3 left" in reader.text("progress")
    reader.press("x")  # the ninth of the samples: a fifth of forty is eight
    reader.wait("notice", "All deletions of this session are used")
    reader.until(lambda: reader.place() == samples[-1])
    assert served.rows("SELECT count(*) FROM standing WHERE action = 'delete'") == [(9,)]


def test_a_refused_undo_brings_the_page_back_to_what_the_server_has(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review(replace(BARE, overlap=True))
    ann = Person(served.review, clock, "ann")
    ann.open()
    reader = Reader(open_context(), served.url)
    reader.begin("bob")
    reader.press("x", "ArrowLeft", "ArrowRight")  # deleted, then accepted after all
    reader.sent()
    items = "SELECT i.sample_id FROM items AS i JOIN sessions USING (session_id) WHERE reviewer = ? ORDER BY position"
    first = served.rows(items, "bob")[0]
    for position in [k for k, sample in enumerate(served.rows(items, "ann")) if sample != first][:12]:
        ann.do("delete", position)  # the dataset's fifth is used up
    reader.press("z")
    reader.wait("notice", "Undoing this would delete the sample again")
    assert reader.place() == 1
    reader.press("ArrowLeft")
    assert reader.page.locator("#buttons .on").all_inner_texts() == ["→accept"]
    bob = "SELECT position, d.action FROM standing AS d JOIN sessions USING (session_id) WHERE reviewer = 'bob'"
    assert served.rows(bob) == [(0, "accept")]


def test_a_second_tab_of_a_reviewer_is_refused_until_the_first_leaves(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review()
    context = open_context()
    first, second = Reader(context, served.url), Reader(context, served.url)
    first.begin("ann")
    second.page.fill("#reviewer", "ann")
    second.page.keyboard.press("Enter")
    second.wait("start-message", "another tab")
    first.press("ArrowRight")
    first.sent()
    first.close()
    second.until(lambda: served.rows("SELECT until <= at FROM leases ORDER BY seq DESC LIMIT 1") == [(1,)])
    second.begin("ann")
    assert second.place() == 1


def test_space_backspace_and_held_keys_do_nothing(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press(" ", "Backspace", "Control+x", "q")
    assert reader.place() == 0
    reader.page.click("#buttons [data-action=accept]")
    reader.press(" ")  # not for the button that was clicked
    assert reader.place() == 1
    for _ in range(10):
        reader.page.keyboard.down("ArrowRight")  # after the first, repeats of a held key
    reader.page.keyboard.up("ArrowRight")
    assert reader.place() == 2
    reader.sent()
    assert served.rows(DECISIONS) == [(0, "accept"), (1, "accept")]


def test_the_buttons_work_by_keyboard_alone(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    page = reader.page
    page.focus("#buttons [data-action=accept]")
    reader.press("Enter", "Enter", "j", " ")  # each once, and the button keeps the focus
    assert reader.place() == 4
    page.keyboard.press("?")
    assert focus(reader) == "help"
    page.keyboard.press(" ")  # the sheet itself is no button
    page.focus("#keys-on")
    page.keyboard.press(" ")
    assert not page.is_checked("#keys-on")
    page.focus("[aria-label='change the key of accept']")
    page.keyboard.press(" ")
    reader.wait("bindings", "press the new key")
    page.keyboard.press("n")
    page.keyboard.press("Tab")  # the focus is where it was, before the button that switches off
    page.keyboard.press("Enter")
    assert page.evaluate("JSON.parse(localStorage['perception20k.keys']).of.accept") == []
    page.focus("#help .main")
    page.keyboard.press("Enter")
    assert focus(reader) == "stage"
    reader.on_stage()
    page.focus("#buttons [data-action=reference]")
    page.keyboard.press("Enter")
    reader.wait("question", "Reference")
    page.keyboard.press(" ")
    reader.wait("question", "main object")
    page.focus("#buttons [data-action=pause]")
    page.keyboard.press("Enter")
    assert focus(reader) == "pause"
    page.keyboard.press("Tab")  # nowhere but within
    page.keyboard.press("Enter")
    assert focus(reader) == "stage"
    page.focus("#buttons [data-action=accept]")
    for _ in range(56):
        reader.press("Enter")
    assert focus(reader) == "end"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reader.wait("summary", "60")
    assert served.rows("SELECT action, count(*) FROM events WHERE action IN ('accept', 'finish') GROUP BY action") == [
        ("accept", 60),
        ("finish", 1),
    ]
    assert reader.errors == []


def focus(reader: Reader) -> str:
    return str(reader.page.evaluate("document.activeElement.id"))


def test_back_shows_a_judged_item_and_a_new_decision_replaces_it(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("ArrowRight", "ArrowRight", "ArrowLeft", "k")
    assert reader.place() == 0
    assert reader.page.locator("#buttons .on").all_inner_texts() == ["→accept"]
    reader.press("x")
    assert reader.place() == 2
    reader.sent()
    assert served.rows("SELECT position, action FROM standing ORDER BY position") == [(0, "delete"), (1, "accept")]


def test_keys_can_be_changed_and_switched_off(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    page = reader.page
    page.keyboard.press("?")
    page.click("[aria-label='change the key of accept']")
    page.keyboard.press("n")
    page.click("[aria-label='switch off the key of delete']")
    page.keyboard.press("?")
    reader.on_stage()
    reader.press("ArrowRight", "x", "Delete")
    assert reader.place() == 0
    reader.press("n")
    assert reader.place() == 1
    reader.reload()
    reader.on_stage()
    reader.press("n")
    assert reader.place() == 2
    page.click("#buttons [data-action=help]")
    page.uncheck("#keys-on")
    page.click("#help .main")
    reader.on_stage()
    reader.press("n", "z", "b", "p")
    assert reader.place() == 2
    page.click("#buttons [data-action=delete]")
    assert reader.place() == 3


def test_a_pause_is_offered_blanks_the_stage_and_is_logged(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review(replace(BARE, offer_pause=10))
    ann = Person(served.review, clock, "ann")
    ann.open()
    ann.leave()
    clock.now += 11 * 60
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.wait("notice", "You have judged for 11 minutes. P takes a pause")
    reader.press("p")
    reader.page.wait_for_selector("#pause.open")
    assert reader.page.evaluate("getComputedStyle(document.querySelector('#stage img.shown')).visibility") == "hidden"
    reader.page.keyboard.press("ArrowRight")
    look_away(reader)  # in a pause one may
    reader.press("p")
    look_away(reader)
    reader.press("ArrowRight")
    reader.sent()
    actions = [row[0] for row in served.rows("SELECT action FROM events ORDER BY seq")]
    assert actions == ["open", "offer", "pause", "resume", "away", "accept"]


def look_away(reader: Reader) -> None:
    for here in ("false", "true"):
        reader.page.evaluate(f"document.hasFocus = () => {here}; dispatchEvent(new Event('focus'))")


def test_a_lapsed_session_is_told_and_does_not_count(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press(*["x"] * 12)
    reader.sent()
    clock.now += 31 * 60
    reader.press("x")  # one too many: the page asks
    reader.wait("start-message", "this session does not count")
    reader.begin("ann")
    assert reader.place() == 0
    assert len(served.rows("SELECT 1 FROM sessions")) == 2
    reader.press("ArrowRight")  # the question went with the session
    assert reader.place() == 1


def test_another_reviewer_verifies_from_the_start_page(
    serve_review: Serving, open_context: Contexts, clock: Clock, layout: Layout
) -> None:
    served = serve_review(replace(BARE, verify_own=False))
    ann = Person(served.review, clock, "ann")
    ann.open()
    ann.judge(delete=2)
    reader = Reader(open_context(), served.url)
    reader.wait("waiting", "2 deletions by ann")
    reader.page.fill("#reviewer", "ann")
    assert reader.page.locator("#waiting button").count() == 0  # her own are not offered to her
    reader.page.fill("#reviewer", "bob")
    reader.page.click("#waiting button")
    reader.wait("question", "Confirm the deletion, or restore it?")
    reader.on_stage()
    reader.press("x", "ArrowRight")
    reader.wait("end", "All deletions are verified")
    reader.sent()
    reader.reload()
    reader.wait("end", "you can go back or undo")
    reader.press("z")
    assert reader.place() == 1
    reader.on_stage()
    reader.press("ArrowRight")
    reader.page.keyboard.press("Enter")
    reader.wait("summary", "1 confirmed, 1 restored, 0 waiting")
    state = read_review(layout.decisions)
    assert (len(state.deleted), len(state.kept)) == (1, 59)


def test_a_verification_calls_its_keys_restore_and_confirm(
    serve_review: Serving, open_context: Contexts, clock: Clock
) -> None:
    served = serve_review()
    ann = Person(served.review, clock, "ann")
    ann.open()
    ann.judge(delete=2)
    ann.leave()
    reader = Reader(open_context(), served.url)
    reader.page.fill("#reviewer", "bob")
    reader.page.click("#waiting button")
    reader.wait("question", "Confirm the deletion, or restore it?")
    reader.on_stage()
    buttons = reader.page.locator("#buttons button").all_inner_texts()
    assert "→restore" in buttons
    assert "Xconfirm the deletion" in buttons
    assert not [words for words in buttons if "accept" in words or "mismatch" in words or "not perceptible" in words]
    reader.press("1", "x", "2", "ArrowRight")
    reader.sent()
    assert served.rows("SELECT action FROM events WHERE action IN ('confirm', 'restore', 'reason') ORDER BY seq") == [
        ("confirm",),
        ("restore",),
    ]


def test_a_reason_says_which_image_it_is_for_and_ends_with_the_next_decision(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    (words,) = served.rows("SELECT object || ', ' || label FROM items WHERE position = 0")[0]
    reader.press("x", "1", "2")  # while the next image is shown
    assert reader.text("notice") == f"Reason for deleting {words}: not perceptible"
    reader.press("ArrowRight", "1")
    assert reader.text("notice") == "The last decision is no deletion, so it has no reason."
    reader.sent()
    assert served.rows("SELECT value FROM events WHERE action = 'reason' ORDER BY seq") == [
        ("object_mismatch",),
        ("not_perceptible",),
    ]


def test_nothing_is_decided_on_the_reference_and_it_drops_when_the_page_loses_the_focus(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.page.keyboard.down("r")
    reader.wait("question", "Reference")
    reader.page.wait_for_selector("#stage img.shown[src$='references/0']")
    reader.press("ArrowRight", "x")
    assert "nothing was decided" in reader.text("notice")
    reader.page.evaluate("dispatchEvent(new Event('blur'))")  # the key is let go elsewhere
    reader.wait("question", "main object")
    assert reader.place() == 0
    assert "/images/" in (reader.page.get_attribute("#stage img.shown", "src") or "")
    reader.press("ArrowRight")
    reader.sent()
    assert served.rows(DECISIONS) == [(0, "accept")]


def test_escape_closes_the_help_and_the_pause(serve_review: Serving, open_context: Contexts) -> None:
    reader = Reader(open_context(), serve_review().url)
    reader.begin("ann")
    for key, dialog in (("?", "help"), ("p", "pause")):
        reader.page.keyboard.press(key)
        assert focus(reader) == dialog
        reader.page.keyboard.press("Escape")
        assert focus(reader) == "stage"
    reader.on_stage()
    reader.press("Escape", "ArrowRight")
    assert reader.place() == 1


def test_a_full_disk_is_called_that_and_decisions_wait_for_room(
    serve_review: Serving, open_context: Contexts, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve_review(replace(BARE, batch=30))
    log = served.review.log.connection
    late = Reader(open_context(), served.url)
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.sent()
    pages = log.execute("PRAGMA page_count").fetchone()[0]
    log.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:  # until the last page is full
            served.review.train("", [])
    reader.press(*["ArrowRight"] * 12, *["f"] * 81)
    reader.wait("sending", "The server's disk is full")
    late.page.fill("#reviewer", "bob")
    late.page.keyboard.press("Enter")
    late.wait("start-message", "The server's disk is full")
    logged = set(capsys.readouterr().err.splitlines())  # one line each time, and no traceback
    assert {line.partition(":")[2].strip() for line in logged} == {
        "The decision log cannot be written: database or disk is full"
    }
    log.execute("PRAGMA max_page_count = 1000000")
    reader.sent()
    assert served.rows("SELECT count(*) FROM events WHERE action IN ('accept', 'flag', 'unflag')") == [(12 + 81,)]


def test_a_reload_at_the_offer_to_verify_comes_back_to_it(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review(replace(BARE, batch=10))
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("x", *["ArrowRight"] * 9)
    reader.page.keyboard.press("Enter")
    reader.wait("end", "You deleted 1")
    reader.reload()
    reader.wait("end", "You deleted 1")
    reader.page.click("#end button:not(.main)")
    reader.wait("question", "Confirm the deletion, or restore it?")
    assert served.rows("SELECT kind FROM sessions ORDER BY rowid") == [("review",), ("verify",)]


def test_images_ahead_are_fetched_though_one_of_them_is_slow(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    context, held = open_context(), []
    context.route("**/images/5", lambda route: held.append(route))
    reader = Reader(context, served.url)
    reader.begin("ann")
    reader.until(lambda: bool(held))
    reader.press("ArrowRight")
    reader.page.wait_for_selector("#stage img[src$='references/1']", state="attached")
    context.unroute("**/images/5")  # which lets what was held go on
    reader.images_ahead()


def test_nobody_waits_for_the_facts_of_the_start_page(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    context = open_context()
    reader = Reader(context, served.url)
    reader.begin("ann")
    reader.page.evaluate(
        """() => {
          const ask = fetch;
          window.fetch = async (url, ...more) => {
            if (String(url).endsWith('/overview')) await new Promise((go) => { window.go = go });
            return ask(url, ...more);
          };
        }"""
    )
    reader.press("p")
    reader.page.click("#give-back")
    reader.page.click("#giving-back-go")
    reader.wait("start-message", "The session was given back")
    reader.begin("bob")
    reader.page.evaluate("() => window.go()")  # the facts come when nobody needs them
    reader.press("ArrowRight")
    reader.sent()
    assert served.rows("SELECT reviewer FROM sessions ORDER BY rowid") == [("ann",), ("bob",)]
    assert reader.errors == []


def test_a_name_that_is_none_is_explained(serve_review: Serving, open_context: Contexts) -> None:
    reader = Reader(open_context(), serve_review().url)
    reader.page.fill("#reviewer", "\u200b")  # a space of no width
    reader.page.keyboard.press("Enter")
    reader.wait("start-message", "a name is one line of at most 80 visible characters")


def test_names_are_shown_as_written(serve_review: Serving, open_context: Contexts, layout: Layout) -> None:
    evil = "<img src=x onerror=window.pwned=1>"
    write_tables(layout, [replace(s, object=evil) for s in read_samples(layout.recipe)], read_sources(layout.sources))
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin(evil)
    assert evil in reader.text("question")
    reader.press("x", *["ArrowRight"] * 59)
    reader.page.keyboard.press("Enter")
    reader.wait("end", "You deleted 1")
    reader.page.keyboard.press("Enter")
    reader.wait("summary", evil)
    reader.page.keyboard.press("Enter")
    reader.wait("waiting", evil)
    assert reader.page.evaluate("window.pwned") is None


def test_behind_a_login_the_page_works_and_knows_the_name(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review(users={"ann": "secret"})
    context = open_context(http_credentials={"username": "ann", "password": "secret"})
    reader = Reader(context, served.url)
    assert reader.page.input_value("#reviewer") == "ann"
    reader.page.click("#start .main")
    reader.on_stage()
    reader.press("ArrowRight")
    reader.sent()
    assert served.rows("SELECT reviewer FROM sessions") == [("ann",)]


@pytest.mark.parametrize("scale", [1, 1.25, 2])
def test_every_pixel_of_the_box_is_the_samples_own(serve_review: Serving, open_context: Contexts, scale: float) -> None:
    served = serve_review()
    reader = Reader(open_context(scale=scale), served.url)
    reader.begin("ann")
    reader.settled()
    (sample_id,) = served.rows("SELECT sample_id FROM items WHERE position = 0")[0]
    sample = served.review.dataset.samples[sample_id]
    pixels = images.decode(served.review.dataset.image(sample_id).read_bytes())
    shown = reader.page.evaluate(
        "() => { const r = document.querySelector('#stage img.shown').getBoundingClientRect();"
        " return [r.left, r.top, r.width].map(v => v * devicePixelRatio) }"
    )
    left, top, width = (round(value) for value in shown)
    assert width == 320  # device pixels, one for each of the image's
    x1, y1, x2, y2 = sample.box

    def screen() -> np.ndarray:
        picture = Image.open(io.BytesIO(reader.page.screenshot())).convert("RGB")
        return np.asarray(picture)[top : top + 240, left : left + 320].astype(int)

    with_box = screen()
    assert np.array_equal(with_box[y1:y2, x1:x2], pixels[y1:y2, x1:x2])
    line = with_box[y1 - 1, x1:x2]
    assert line.max() == 0  # the innermost line is black, just outside the edge
    reader.press("b")
    assert np.array_equal(screen(), pixels)  # without the box the whole image is the sample's, nothing resampled


def test_an_image_larger_than_the_stage_pans_and_never_shrinks(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(310, 460), served.url)
    reader.begin("ann")
    reader.settled()

    def box() -> tuple[float, float, float, float]:
        place = reader.page.locator("#stage .box").bounding_box()
        assert place is not None
        return place["x"], place["y"], place["width"], place["height"]

    assert reader.page.evaluate("document.querySelector('#stage img.shown').getBoundingClientRect().width") == 320
    before = box()
    reader.page.keyboard.press("Shift+ArrowDown")
    assert box()[1] == before[1] - 60
    place = reader.page.locator("#stage").bounding_box()
    assert place is not None
    middle = place["y"] + place["height"] / 2
    reader.page.mouse.move(150, middle)
    reader.page.mouse.down()
    reader.page.mouse.move(150, middle + 20)
    reader.page.mouse.up()
    assert box()[1] == before[1] - 40
    assert box()[2:] == before[2:]
    assert reader.place() == 0


def test_nothing_is_decided_on_an_image_that_is_not_there(open_context: Contexts, tmp_path: Path) -> None:
    layout = write_dataset(tmp_path / "dataset", 10)
    review = Review(Dataset(layout), BARE)
    served = Served(review)
    try:
        context = open_context()
        context.route("**/images/*", lambda route: route.abort())
        reader = Reader(context, served.url)
        reader.page.fill("#reviewer", "ann")
        reader.page.keyboard.press("Enter")
        reader.wait("progress", "1 of 10")
        reader.page.keyboard.press("ArrowRight")
        reader.wait("notice", "nothing was decided")
        reader.page.evaluate("() => { window.requestAnimationFrame = () => 0 }")  # the screen lags behind
        context.unroute("**/images/*")
        reader.on_stage()
        reader.press("ArrowRight")
        reader.sent()
        decision = "SELECT position, preload_miss, painted_at FROM events WHERE action = 'accept'"
        assert served.rows(decision) == [(0, 1, None)]
    finally:
        served.stop()
        review.close()
