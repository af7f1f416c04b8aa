"""Every screen at every width: nothing cut, nothing overlapping, and no barrier that axe-core can find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.annotate_app.browser import Reader, Served
from tests.annotate_app.conftest import BARE, Clock, Person

AXE = Path(__file__).parents[2] / "data" / "axe" / "axe.min.js"

CUT = """() => {
  const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility === 'visible';
  const name = (e) => (e.id ? '#' + e.id : e.tagName) + ' ' + e.textContent.trim().slice(0, 40);
  const wrong = [];
  const front = [...document.querySelectorAll('#review > .over.open')].at(-1);
  const texts = [...document.querySelectorAll('#review *')].filter((e) => seen(e) && !e.closest('#stage, noscript')
    && (!front || front.contains(e) || !front.hasAttribute('aria-modal'))
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  for (const e of texts) {
    const box = e.getBoundingClientRect();
    if (box.left < -0.5 || box.right > innerWidth + 0.5) wrong.push('beside the window: ' + name(e));
    for (let p = e; p.id !== 'review'; p = p.parentElement) {
      const style = getComputedStyle(p);
      if (style.overflowX === 'hidden' && p.scrollWidth > p.clientWidth + 1) wrong.push('cut: ' + name(e));
      if (style.overflowY === 'hidden' && p.scrollHeight > p.clientHeight + 1) wrong.push('cut below: ' + name(e));
    }
  }
  const parts = ['#judge header > p', '#stage', '#why', '#judge footer button']
    .flatMap((s) => [...document.querySelectorAll(s)]).filter((e) => seen(e) && !front);
  for (const [k, a] of parts.entries()) for (const b of parts.slice(k + 1)) {
    if (a.contains(b) || b.contains(a)) continue;
    const [s, t] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    const over = Math.min(s.right, t.right) - Math.max(s.left, t.left);
    const down = Math.min(s.bottom, t.bottom) - Math.max(s.top, t.top);
    if (over > 1 && down > 1) wrong.push('overlapping: ' + name(a) + ' and ' + name(b));
  }
  for (const button of document.querySelectorAll('#judge footer button')) {
    const below = button.getBoundingClientRect().bottom > innerHeight + 0.5;
    if (seen(button) && !front && below) wrong.push('below: ' + name(button));
  }
  const stage = document.querySelector('#stage').getBoundingClientRect();
  if (stage.width && stage.height < 150) wrong.push('the stage is ' + stage.height + ' px high');
  return wrong;
}"""


def barriers(reader: Reader) -> list[str]:
    """What axe-core has against the screen in front."""
    if not reader.page.evaluate("'axe' in window"):
        reader.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = reader.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{v['id']}: {node['html']} {node['failureSummary']}" for v in found["violations"] for node in v["nodes"]]


def screens(reader: Reader) -> Iterator[str]:
    """Go through all screens of a review with training, as a person does; stop at each."""
    page = reader.page
    yield "start"
    page.fill("#reviewer", "bob")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lesson-go", state="visible")
    yield "lesson"
    page.keyboard.press("Enter")
    for number, lesson in enumerate(page.request.get(page.url.replace("review/", "api/training")).json()):
        reader.wait("progress", f"{number + 1} of 8")
        reader.on_stage()
        reader.press("ArrowRight" if lesson["answer"] == "accept" else "x")
        reader.wait("why", "Right.")
        if number == 1:
            yield "training"
        page.keyboard.press("Enter")
    reader.wait("progress", "1 of 10")
    reader.on_stage()
    yield "judging"
    reader.press("x", "x")
    reader.press("x")
    reader.wait("notice", "All deletions of this session are used")
    yield "at the limit"
    page.keyboard.press("?")
    yield "keys"
    page.keyboard.press("?")
    page.keyboard.press("c")
    yield "comment"
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    reader.wait("pause-limit", "Go on within")
    yield "pause"
    page.click("#give-back")
    yield "giving back"
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    reader.on_stage()
    reader.press(*["ArrowRight"] * 8)
    reader.wait("end", "All 10 are judged")
    yield "end"
    page.keyboard.press("Enter")
    reader.wait("summary", "2 waiting")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#summary img')].filter((i) => i.naturalWidth).length === 3"
    )
    yield "summary"
    page.keyboard.press("Enter")
    page.wait_for_selector("#review[data-screen=start] #waiting p")
    page.fill("#reviewer", "somebody else")
    page.wait_for_selector("#waiting button")
    yield "start, with deletions to verify"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 844), (683, 384), (1000, 700), (1366, 768)])
def test_no_screen_is_cut_and_none_has_a_barrier(
    serve_review: Callable[..., Served], open_context: Callable[..., BrowserContext], width: int, height: int
) -> None:
    """683x384 is a 1366x768 screen at 200 %."""
    served = serve_review(replace(BARE, batch=10, training=True, verify_own=False))
    reader = Reader(open_context(width, height), served.url)
    wrong = {}
    for name in screens(reader):
        reader.settled()
        found = reader.page.evaluate(CUT) + (barriers(reader) if width in (390, 1366) else [])
        if found:
            wrong[name] = found
    assert wrong == {}
    assert reader.errors == []


@pytest.mark.slow
def test_verifying_is_readable_on_a_phone_and_has_no_barrier(
    serve_review: Callable[..., Served], open_context: Callable[..., BrowserContext], clock: Clock
) -> None:
    served = serve_review(replace(BARE, batch=10))
    ann = Person(served.review, clock, "ann")
    ann.open()
    ann.judge(delete=1)
    ann.leave()
    reader = Reader(open_context(390, 844), served.url)
    reader.page.fill("#reviewer", "bob")
    reader.page.click("#waiting button")
    reader.on_stage()
    reader.settled()
    assert reader.page.evaluate(CUT) + barriers(reader) == []
