"""Nothing is lost and nothing doubled: two people at once, no network, a server killed in mid-session."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import BrowserContext

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout
from tests.annotate_app.browser import Process, Reader, Served
from tests.annotate_app.conftest import BARE
from tests.annotate_app.datasets import write_dataset

Contexts = Callable[..., BrowserContext]
Serving = Callable[..., Served]

PRESS = """async ([keys, gap]) => {
  for (const key of keys) {
    while (document.getElementById('stage').dataset.ready !== 'true') await new Promise((go) => setTimeout(go, 1));
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    await new Promise((go) => setTimeout(go, gap));
  }
}"""
"""Presses keys inside the page, faster than a test can from outside."""

LOSE_TWO_ANSWERS = """() => {
  const ask = fetch;
  window.lost = 0;
  window.fetch = async (url, ...more) => {
    const answer = await ask(url, ...more);
    if (!String(url).endsWith('/events') || window.lost === 2) return answer;
    window.lost += 1;
    throw new TypeError('lost');
  };
}"""


def test_two_reviewers_at_once_lose_and_double_nothing(tmp_path: Path, open_context: Contexts) -> None:
    layout = write_dataset(tmp_path / "dataset", 40, rows_each=10)
    review = Review(Dataset(layout), Settings(training=False, batch=200))
    served = Served(review)
    try:
        readers = {name: Reader(open_context(), served.url) for name in ("ann", "bob")}
        for name, reader in readers.items():
            reader.begin(name)
        keys = [("x" if k % 6 == 5 else "ArrowRight") for k in range(200)]  # 33 of at most 40 deletions
        for reader in readers.values():  # both press at the same time
            reader.page.evaluate(f"(given) => {{ window.pressing = ({PRESS})(given) }}", [keys, 10])
        for reader in readers.values():
            reader.page.evaluate("() => window.pressing")
            reader.wait("end", "All 200 are judged")
            reader.sent()
        for name in readers:
            rows = served.rows(
                "SELECT e.position, e.action, e.event_id FROM events AS e JOIN sessions AS s USING (session_id) "
                "WHERE s.reviewer = ? AND e.action IN ('accept', 'delete') ORDER BY e.seq",
                name,
            )
            assert [row[:2] for row in rows] == [(k, "delete" if k % 6 == 5 else "accept") for k in range(200)]
            assert len({row[2] for row in rows}) == 200
        judged = served.rows("SELECT sample_id FROM standing JOIN items USING (session_id, position)")
        assert len(judged) == len(set(judged)) == 400
    finally:
        served.stop()
        review.close()


def test_a_killed_server_costs_no_decision(small: Path, tmp_path: Path, open_context: Contexts) -> None:
    root = Path(shutil.copytree(small, tmp_path / "dataset"))
    server = Process(root, "--no-training", "--team", "1")
    try:
        reader = Reader(open_context(), server.url)
        reader.begin("ann")
        reader.page.evaluate(PRESS, [["ArrowRight"] * 20, 20])
        reader.images_ahead()
        server.kill()
        reader.press("x", "ArrowRight", "z", *["ArrowRight"] * 5)  # keys go on: the images ahead are there
        reader.wait("sending", "offline")
        assert "unsent" in reader.text("sending")
        server.start()
        reader.on_stage()
        reader.page.evaluate(PRESS, [["ArrowRight"] * 10, 20])
        reader.sent()
        assert reader.place() == 36
    finally:
        server.kill()
    with closing(connect_to_read(Layout(root).decisions)) as log:
        rows = log.execute("SELECT position, action FROM events WHERE action IN ('accept', 'delete') ORDER BY seq")
        decided = [tuple(row) for row in rows]
        undone = log.execute("SELECT count(*) FROM events WHERE action = 'undo'").fetchone()[0]
        standing = [row[0] for row in log.execute("SELECT position FROM standing ORDER BY position")]
        assert log.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert undone == 1
    places = [*range(20), 20, 21, 21, *range(22, 36)]
    assert decided == [(place, "delete" if k == 20 else "accept") for k, place in enumerate(places)]
    assert standing == list(range(36))


def test_decisions_made_offline_arrive_when_the_network_is_back(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.press("ArrowRight")
    reader.sent()
    reader.images_ahead()
    reader.page.context.set_offline(True)
    reader.press("x", "1", "f", *["ArrowRight"] * 20)
    reader.wait("sending", "offline · unsent 23")
    assert served.rows("SELECT count(*) FROM standing") == [(1,)]
    reader.page.context.set_offline(False)
    reader.sent()
    assert served.rows("SELECT action FROM events WHERE action <> 'away' ORDER BY seq") == [
        *((action,) for action in ("open", "accept", "delete", "reason", "flag", *["accept"] * 20))
    ]


def test_what_a_closed_tab_could_not_send_is_sent_by_the_next(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    context = open_context()
    first = Reader(context, served.url)
    first.begin("ann")
    first.press("ArrowRight")
    first.sent()
    first.lose_events()
    first.press("x", "ArrowRight")
    first.wait("sending", "unsent 2")
    first.close()
    second = Reader(context, served.url)
    second.until(lambda: served.rows("SELECT until <= at FROM leases ORDER BY seq DESC LIMIT 1") == [(1,)])
    second.begin("ann")
    assert second.place() == 3
    assert "1 used" in second.text("progress")
    second.sent()
    assert served.rows("SELECT position, action FROM standing ORDER BY position") == [
        (0, "accept"),
        (1, "delete"),
        (2, "accept"),
    ]
    assert second.page.evaluate("Object.keys(localStorage).filter(k => k.includes('outbox')).length") == 0


def test_a_clock_set_back_does_not_turn_the_order_around(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    context = open_context()
    first = Reader(context, served.url)
    first.begin("ann")
    first.sent()
    first.lose_events()
    first.press("x")
    first.page.evaluate("() => { const now = Date.now; Date.now = () => now() - 3600e3 }")
    first.press("z", "ArrowRight", "ArrowRight")
    first.wait("sending", "unsent 4")
    first.close()
    second = Reader(context, served.url)
    second.until(lambda: served.rows("SELECT until <= at FROM leases ORDER BY seq DESC LIMIT 1") == [(1,)])
    second.begin("ann")
    second.sent()
    assert served.rows("SELECT position, action FROM standing ORDER BY position") == [(0, "accept"), (1, "accept")]


def test_a_session_finished_by_a_closed_tab_goes_on_to_its_end(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review(replace(BARE, batch=10))
    context = open_context()
    first = Reader(context, served.url)
    first.begin("ann")
    first.press("x", *["ArrowRight"] * 9)
    first.sent()
    first.lose_events()
    first.page.keyboard.press("Enter")
    first.wait("sending", "unsent 1")
    first.close()
    second = Reader(context, served.url)
    second.until(lambda: served.rows("SELECT until <= at FROM leases ORDER BY seq DESC LIMIT 1") == [(1,)])
    second.page.fill("#reviewer", "ann")
    second.page.keyboard.press("Enter")
    second.wait("end", "You deleted 1")
    second.page.click("#end .main")
    second.wait("summary", "1 waiting")
    assert served.rows("SELECT count(*) FROM sessions") == [(1,)]


def test_decisions_wait_while_another_dataset_is_at_the_address(tmp_path: Path, open_context: Contexts) -> None:
    first, other = (write_dataset(tmp_path / name, 10) for name in ("first", "other"))

    @contextmanager
    def serving(layout: Layout, port: int | None = None, later: float = 0) -> Iterator[Served]:
        with closing(Review(Dataset(layout), Settings(training=False), lambda: time.time() + later)) as review:
            served = Served(review, port=port)
            try:
                yield served
            finally:
                served.stop()

    with serving(first) as served:
        reader = Reader(open_context(), served.url)
        reader.begin("ann")
        reader.press("ArrowRight")
        reader.sent()
        reader.images_near()
    reader.press("x", "ArrowRight")
    reader.wait("sending", "unsent 2")

    with serving(other, served.port) as elsewhere:
        reader.page.wait_for_selector("#review[data-screen=start]")
        assert "2 decisions belong to a session that this server does not know" in reader.text("start")
        reader.begin("ann")
        reader.press("ArrowRight")
        reader.sent()
        assert elsewhere.rows("SELECT position, action FROM standing") == [(0, "accept")]
        reader.close()

    with serving(first, served.port, later=60) as served:  # the first tab's lease has run out
        reader = Reader(reader.page.context, served.url)
        reader.begin("ann")
        reader.sent()
        assert served.rows("SELECT position, action FROM standing ORDER BY position") == [
            (0, "accept"),
            (1, "delete"),
            (2, "accept"),
        ]
        assert reader.page.evaluate("Object.keys(localStorage).filter(k => k.includes('outbox')).length") == 0


def test_a_reload_in_mid_air_sends_what_was_kept(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.sent()
    reader.lose_events()
    reader.press("ArrowRight", "x", "z", "ArrowRight")
    reader.wait("sending", "unsent 4")
    reader.reload()
    reader.on_stage()
    assert reader.place() == 2
    reader.sent()
    assert served.rows("SELECT position, action FROM standing ORDER BY position") == [(0, "accept"), (1, "accept")]
    assert served.rows("SELECT count(*), count(DISTINCT event_id) FROM events WHERE position IS NOT NULL") == [(3, 3)]


def test_an_answer_lost_on_the_way_doubles_nothing(serve_review: Serving, open_context: Contexts) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.sent()
    reader.page.evaluate(LOSE_TWO_ANSWERS)
    reader.press("ArrowRight")
    reader.sent()
    assert reader.page.evaluate("window.lost") == 2  # sent, stored, and sent again
    assert served.rows("SELECT count(*) FROM events WHERE action = 'accept'") == [(1,)]


def test_a_full_store_in_the_browser_stops_the_page_instead_of_losing(
    serve_review: Serving, open_context: Contexts
) -> None:
    served = serve_review()
    reader = Reader(open_context(), served.url)
    reader.begin("ann")
    reader.sent()
    reader.page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full') } }")
    reader.page.keyboard.press("ArrowRight")
    reader.wait("notice", "it was not made")
    assert reader.place() == 0
    assert served.rows("SELECT count(*) FROM standing") == [(0,)]


def test_the_log_cannot_be_half_written(serve_review: Serving) -> None:
    served = serve_review()
    with closing(sqlite3.connect(served.review.dataset.layout.decisions)) as log:
        assert log.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert served.rows("PRAGMA synchronous") == [(2,)]
