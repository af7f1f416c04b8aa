"""The lead's pages beside the judging page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from annotate_app.lead.mount import pages_for
from perception20k.core.errors import UserError
from perception20k.dataset.decisions import read_review
from tests.annotate_app.browser import Reader, Served
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.waiting import DEADLINE


def test_the_lead_must_be_able_to_log_in() -> None:
    with pytest.raises(UserError, match="--lead eve: nobody may log in under that name"):
        pages_for("eve", {"ann": "x"})


@pytest.mark.slow
def test_the_lead_sees_each_tab_and_decides_by_key_while_others_cannot(
    serve_review: Callable[..., Served], open_context: Callable[..., BrowserContext], clock: Clock
) -> None:
    users = {"ann": "secret", "lead": "other"}
    served = serve_review(replace(BARE, verify_own=False, batch=20), users, lead="lead")
    ann = Person(served.review, clock, "ann")
    ann.open()
    ann.do("comment", 1, text="is it dark?")
    ann.judge(delete=2)
    ann.leave()
    assert httpx.get(f"{served.url}lead/", auth=("ann", "secret")).status_code == 403
    assert httpx.get(f"{served.url}lead/config", auth=("ann", "secret")).status_code == 403
    assert httpx.get(f"{served.url}lead/").status_code == 401

    context = open_context(http_credentials={"username": "lead", "password": "other"})
    expect.set_options(timeout=DEADLINE * 1000)
    page = context.new_page()
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{served.url}lead/")
    expect(page.get_by_text("60 samples, page 1 of 2")).to_be_visible()
    page.get_by_role("tab", name="Progress").click()
    expect(page.get_by_text("20 of 20", exact=True).last).to_be_visible()
    page.get_by_role("tab", name="Deletions and flags").click()
    expect(page.get_by_text("2 samples", exact=True)).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("Confirmed: the sample is deleted.")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_text("Restored: the sample is kept.")).to_be_visible()
    state = read_review(served.review.dataset.layout.decisions)
    assert (len(state.deleted), len(state.unverified), state.reviewed) == (1, 0, 20)
    page.get_by_label("commented").click()
    expect(page.get_by_text("is it dark?").last).to_be_visible()
    page.get_by_role("tab", name="Agreement").click()
    expect(page.get_by_text("Krippendorff's alpha")).to_be_visible()
    page.get_by_role("tab", name="Export").click()
    expect(page.get_by_text("59 of 60 samples would be left")).to_be_visible()
    page.get_by_label("reviewed only").click()
    expect(page.get_by_text("19 of 60 samples would be left")).to_be_visible()
    assert hosts == {f"127.0.0.1:{served.port}"}

    judge = Reader(open_context(http_credentials={"username": "ann", "password": "secret"}), served.url)
    judge.page.click("#start .main")  # beside it, the judging page works as ever
    judge.on_stage()
    judge.press("ArrowRight")
    judge.sent()


@pytest.mark.slow
def test_the_pages_are_found_below_a_proxys_prefix_whether_it_is_taken_off_or_not(
    serve_review: Callable[..., Served],
) -> None:
    site = "https://lab.example/review-lab"
    served = serve_review(users={"lead": "x"}, public_url=site, lead="lead")
    for prefix in ("", "review-lab/"):
        told = httpx.get(f"{served.url}{prefix}lead/config", auth=("lead", "x"))
        assert (told.status_code, told.json()["root"]) == (200, f"{site}/lead")
