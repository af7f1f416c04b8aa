"""The drawing page in a real browser: what the mouse and the keys do, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from annotate_app.annotate.pictures import identifier
from annotate_app.annotate.rules import PAGE_KEYS, DrawnObject, judge
from annotate_app.annotate.service import Annotation
from perception20k.config import Filters
from tests.annotate_app.annotate.artist import Artist, ServedAnnotation
from tests.annotate_app.annotate.conftest import annotation, folder, open_annotation

__all__ = ["annotation", "folder", "open_annotation"]  # fixtures

Contexts = Callable[..., BrowserContext]
Serving = Callable[..., ServedAnnotation]


@pytest.fixture
def serve(open_annotation: Callable[..., Annotation]) -> Iterator[Serving]:
    """Serves the photos of ``folder``; stopped in the end."""
    running: list[ServedAnnotation] = []

    def server(port: int | None = None, **more: object) -> ServedAnnotation:
        running.append(ServedAnnotation(open_annotation(**more), port))
        return running[-1]

    yield server
    for served in running:
        served.stop()


def near(box: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Within the two pixels that a mouse on a scaled photo is off."""
    return all(abs(a - b) <= 2 for a, b in zip(box, wanted, strict=True))


def test_boxes_are_drawn_named_moved_undone_and_kept_across_a_reload(serve: Serving, open_context: Contexts) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.press("z")
    ann.wait("notice", "nothing to undo")
    ann.draw("cup", (10, 10, 110, 90))
    ann.draw("dog", (150, 100, 300, 220))  # beside the box that is still selected
    ann.wait("verdict", "Enter: done")
    ann.nudge("ArrowRight", "ArrowRight", "Shift+ArrowDown")
    ann.press("Enter")
    ann.on("001.png")
    ann.saved()
    status, [(cup, first), (dog, second)] = served.standing()["000.png"]
    assert (status, cup, dog) == ("done", "cup", "dog")
    assert near(first, (10, 10, 110, 90)) and near(second, (152, 100, 302, 221))
    assert served.actions() == ["draw", "name", "draw", "name", "change", "done"]

    ann.drag(20, 20, 120, 100)
    ann.page.wait_for_selector("#objects .name input:focus")
    ann.page.keyboard.type("c")
    ann.press("ArrowDown", "Enter")  # completed from the name on the first photo
    ann.wait("objects", "cup")
    ann.drag(120, 100, 200, 150)  # by its corner
    ann.wait("objects", "180 × 130 px")
    ann.press("z")
    ann.wait("objects", "100 × 80 px")
    ann.press("z", "z")
    assert ann.text("objects").strip() == ""
    ann.press("z")  # of the photo before
    ann.on("000.png")
    ann.wait("notice", "Undone")
    ann.wait("verdict", "Enter: done")
    ann.saved()
    assert served.standing()["000.png"][0] == "open"
    ann.press("Enter")
    ann.on("001.png")
    ann.draw("bird", (20, 20, 120, 100))
    ann.saved()

    ann.page.reload()
    ann.on("001.png")
    ann.wait("objects", "bird")
    ann.press("PageUp")
    ann.on("000.png")
    ann.wait("verdict", "Done.")
    ann.press("z")  # which takes back that it is done
    ann.saved()
    assert served.standing()["000.png"][0] == "open"
    assert ann.errors == [] and ann.hosts == {f"127.0.0.1:{served.port}"}


def test_a_click_beside_the_selected_box_and_a_key_right_after_a_drag_mean_what_they_say(
    serve: Serving, open_context: Contexts
) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.draw("cup", (10, 10, 110, 90))
    ann.draw("dog", (150, 100, 300, 220))
    ann.page.evaluate(
        "() => { const later = requestAnimationFrame; requestAnimationFrame = (f) => later(() => later(f)) }"
    )
    ann.click(60, 50)
    ann.page.wait_for_selector("#objects li.chosen:nth-child(1)")
    ann.click(20, 200)
    ann.page.wait_for_selector("#objects:not(:has(.chosen))")
    ann.click(200, 150)
    ann.page.wait_for_selector("#objects li.chosen:nth-child(2)")
    ann.move(220, 170)  # no button is down
    ann.drag(200, 150, 180, 140, release=False)
    ann.page.evaluate(
        """() => {
          const press = { bubbles: true, pointerId: 1, isPrimary: true };
          document.querySelector('#stage svg').dispatchEvent(new PointerEvent('pointerup', press));
          document.getElementById('stage').dispatchEvent(new KeyboardEvent('keydown', { key: 'z', bubbles: true }));
        }"""
    )
    ann.page.mouse.up()
    ann.saved()
    assert served.actions() == ["draw", "name", "draw", "name", "change", "undo"]
    [_, (_, dog)] = served.standing()["000.png"][1]
    assert near(dog, (150, 100, 300, 220))


def test_everything_works_without_a_mouse(serve: Serving, open_context: Contexts) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.press("b")
    ann.name("cup")
    ann.press(*["ArrowLeft"] * 30, *["Shift+ArrowLeft"] * 10)
    ann.press("b")
    ann.name("dog")
    for _ in range(60):
        ann.press("ArrowRight")
    ann.press("Tab", "x")  # the first box is next after the last
    ann.wait("verdict", "1 of at least 2")
    ann.press("z", "Tab", "r")
    ann.name("mug")
    ann.press("Enter")
    ann.on("001.png")
    ann.press("s")
    ann.on("002.png")
    ann.press("PageDown")
    ann.on("003.png")
    ann.saved()
    standing = served.standing()
    assert standing["000.png"] == ("done", [("mug", (66, 72, 152, 144)), ("dog", (172, 84, 268, 156))])
    assert (standing["001.png"], standing["002.png"]) == (("skipped", []), ("open", []))


def test_what_a_build_would_drop_is_told_at_once_and_is_not_done(serve: Serving, open_context: Contexts) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin()
    assert "2 to 3 objects" in ann.text("rules") and "sides of 32\u00a0px" in ann.text("rules")
    for name, box, said in [
        ("all", (1, 1, 318, 238), "over 90 %"),
        ("pin", (200, 10, 220, 60), "a side is under 32 px"),
        ("cup", (10, 10, 110, 90), "fine"),
        ("mug", (12, 12, 110, 90), "overlaps “cup” with IoU"),
        ("Cup", (200, 150, 300, 220), "another object has this name"),
    ]:
        ann.press("Escape")  # else a drag that begins in the selected box would move it
        ann.draw(name, box)
        ann.wait("objects", said)
        ann.press("Enter")
        if said != "fine":
            ann.wait("notice", said)
            ann.press("x")
    ann.wait("verdict", "1 of at least 2 objects")
    ann.saved()
    assert "done" not in served.actions()
    said = "async (box) => (await import('/static/annotate/rules.js')).wrongSize(box, { width: 1280, height: 960 }, %s)"
    for box, words in [
        ((0, 0, 26, 19), "covers 0.0402 % of the photo, under 1 %"),
        ((0, 0, 127, 96), "covers 0.992 % of the photo, under 1 %"),
        ((0, 0, 1280, 867), "covers 90.3 % of the photo, over 90 %"),
    ]:
        assert ann.page.evaluate(said % "{ min_box: 0.01, max_box: 0.9, min_side: 32 }", box) == words


def test_the_page_and_the_server_judge_alike(serve: Serving, open_context: Contexts) -> None:
    served, limits = serve(), Filters()
    page = Artist(open_context(), served.url).page
    cup, dog = DrawnObject("cup", (10, 10, 110, 90)), DrawnObject("dog", (150, 100, 300, 220))
    row = [DrawnObject(f"n{k}", (k * 70, 0, k * 70 + 60 - k, 60)) for k in range(4)]
    for objects in (
        [cup, dog],
        [cup, replace(dog, proposed=True)],
        [cup, dog, DrawnObject("all", (0, 0, 320, 226))],
        [cup, dog, DrawnObject("edge", (0, 0, 320, 216))],  # 90 % exactly
        [cup, DrawnObject("CUP", (200, 10, 260, 90)), DrawnObject("", dog.box)],
        [cup, dog, DrawnObject("mug", (12, 10, 110, 90))],
        [cup, dog, DrawnObject("half", (10, 10, 110, 50))],  # IoU 0.5 exactly
        [DrawnObject("pin", (0, 0, 24, 32)), DrawnObject("line", (0, 0, 31, 200))],
        row,
        [],
    ):
        verdict = judge(objects, 320, 240, limits)
        asked = [[{"name": o.name, "box": o.box, "proposed": o.proposed} for o in objects]]
        asked += [{"width": 320, "height": 240}, {key: getattr(limits, key) for key in PAGE_KEYS}]  # type: ignore[list-item]
        said = page.evaluate("async (asked) => (await import('/static/annotate/rules.js')).judge(...asked)", asked)
        assert [bool(wrong) for wrong in said["objects"]] == [reason is not None for reason in verdict.objects]
        assert bool(said["picture"]) == (verdict.picture is not None)


def test_proposals_are_accepted_corrected_or_dropped(serve: Serving, open_context: Contexts) -> None:
    found = (
        DrawnObject("cat", (10, 10, 110, 90)),
        DrawnObject("sky", (0, 0, 320, 60)),
        DrawnObject("dog", (150, 100, 300, 220)),
    )
    served = serve(propose=lambda picture, opened: found)
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.wait("verdict", "0 of at least 2")
    ann.press("Tab", "a", "Tab", "x", "Tab", "ArrowLeft")  # accept the cat; drop the sky; move the dog
    ann.page.wait_for_selector("#objects li:nth-child(2)")
    ann.press("Tab", "ArrowLeft", "Enter")
    ann.on("001.png")
    ann.press("a", "Enter")  # all of them, as they are
    ann.on("002.png")
    ann.saved()
    standing = served.standing()
    assert standing["000.png"][0] == "done" and [name for name, _ in standing["000.png"][1]] == ["cat", "dog"]
    assert [name for name, _ in standing["001.png"][1]] == ["cat", "sky", "dog"]


def test_two_people_at_once_get_different_photos_and_a_second_tab_is_told(
    serve: Serving, open_context: Contexts
) -> None:
    served = serve()
    ann, bob = Artist(open_context(), served.url, "ann"), Artist(open_context(), served.url, "bob")
    ann.begin("000.png")
    bob.begin()
    seen = {person.text("photo") for person in (ann, bob)}
    assert len(seen) == 2
    again = Artist(open_context(), served.url, "ann")
    again.press("Enter")
    again.wait("start-message", "already at work in another tab")


def test_steps_taken_while_the_server_is_away_are_kept_and_sent_later(serve: Serving, open_context: Contexts) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.draw("cup", (10, 10, 110, 90))
    ann.saved()
    served.stop()
    ann.draw("dog", (150, 100, 300, 220))
    ann.wait("sending", "offline")
    again = serve(port=served.port)
    ann.saved()
    assert [name for name, _ in again.standing()["000.png"][1]] == ["cup", "dog"]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1920, 1080)])
def test_no_screen_has_a_barrier_and_nothing_is_cut(
    serve: Serving, open_context: Contexts, folder: Path, width: int, height: int
) -> None:
    for path in sorted(folder.glob("*.png"))[1:]:
        path.unlink()
    served = serve(propose=lambda picture, opened: (DrawnObject("a thing with quite a long name", (5, 5, 99, 99)),))
    ann = Artist(open_context(width, height), served.url)
    barriers = {"start": ann.barriers()}
    ann.begin()
    barriers["proposal"] = ann.barriers()
    ann.draw("cup", (110, 10, 210, 90))
    ann.drag(150, 100, 300, 220)
    ann.page.wait_for_selector("#objects .name input:focus")
    barriers["naming"] = ann.barriers()
    ann.name("dog")
    ann.press("?")
    barriers["help"] = ann.barriers()
    ann.press("Escape", "Enter")
    ann.page.wait_for_selector("#end:visible")
    barriers["end"] = ann.barriers()
    assert {screen: found for screen, found in barriers.items() if found} == {}
    ann.press("Tab", "Enter")
    ann.on("000.png")
    photo = ann.page.locator("#stage img").bounding_box()
    assert photo is not None and photo["width"] > width / 2
    assert ann.page.evaluate(
        "[...document.querySelectorAll('#draw, #draw .side')].every(e => e.scrollWidth <= e.clientWidth)"
    )
    if width > 760:  # beneath a photo that is as wide as the page, the objects scroll
        assert ann.page.evaluate(
            "[...document.querySelectorAll('#draw, #draw .side')].every(e => e.scrollHeight <= e.clientHeight)"
        )
    assert ann.errors == []


def test_a_photo_that_failed_while_the_server_was_away_for_a_moment_comes_by_itself(
    serve: Serving, open_context: Contexts
) -> None:
    served, context, failed = serve(), open_context(), set()

    def fail_once(route: Route) -> None:
        if route.request.resource_type == "image" and route.request.url not in failed:
            failed.add(route.request.url)
            route.abort()
        else:
            route.continue_()

    context.route("**/pictures/*", fail_once)
    ann = Artist(context, served.url)
    ann.begin("000.png")
    for number in range(1, 5):
        ann.press("PageDown")
        ann.on(f"00{number}.png")
    assert len(failed) == 5


def test_what_was_left_open_comes_again_in_the_end(serve: Serving, open_context: Contexts) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    ann.begin("000.png")
    ann.press("s")
    ann.on("001.png")
    ann.press("PageDown")
    for number in (2, 3, 4):
        ann.on(f"00{number}.png")
        ann.press("s")
    ann.wait("end", "You left 1 open")
    ann.press("Enter")
    ann.on("001.png")
    ann.press("s")
    ann.wait("end", "All of them are done, skipped, or with somebody else.")
    ann.saved()
    assert {status for status, _ in served.standing().values()} == {"skipped"}


def test_the_page_waits_for_a_server_that_is_away_says_so_and_goes_on_by_itself(
    serve: Serving, open_context: Contexts
) -> None:
    served = serve()
    ann = Artist(open_context(), served.url)
    served.stop()
    ann.press("Enter")
    ann.wait("start-message", "The server does not respond. The page waits for it")
    served = serve(port=served.port)
    ann.on("000.png")
    ann.draw("cup", (10, 10, 110, 90))
    ann.fetched(3)
    served.stop()
    ann.draw("dog", (150, 100, 300, 220))
    ann.press("Enter")
    ann.on("001.png")  # which was fetched ahead
    ann.press("PageDown")
    ann.on("002.png")
    ann.press("PageDown")
    ann.wait("notice", "The server does not respond. The page waits for it")
    again = serve(port=served.port)
    ann.on("003.png")
    assert ann.text("notice") == ""
    ann.draw("bird", (10, 10, 110, 90))
    ann.saved()
    assert again.standing()["000.png"][0] == "done"
    assert [name for name, _ in again.standing()["003.png"][1]] == ["bird"]


@pytest.mark.parametrize("content", [None, b"no image"], ids=["gone", "damaged"])
def test_a_photo_whose_file_is_lost_is_passed_over_by_name(
    serve: Serving, open_context: Contexts, folder: Path, content: bytes | None
) -> None:
    served, context = serve(), open_context()
    lost = {identifier(name): folder / name for name in ("001.png", "004.png")}

    def lose(route: Route) -> None:
        if file := lost.get(route.request.url.rpartition("/")[2]):
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)
        route.continue_()

    context.route("**/pictures/*", lose)
    ann = Artist(context, served.url)
    ann.begin("000.png")
    ann.press("s")
    ann.on("002.png")
    ann.wait("notice", "Missing or damaged, so passed over: 001.png.")
    ann.press("PageUp")
    ann.on("000.png")
    ann.wait("notice", "passed over: 001.png")
    ann.press("PageDown")
    ann.on("002.png")
    ann.press("PageDown")
    ann.on("003.png")
    assert ann.text("notice") == ""
    ann.press("PageDown")
    ann.wait("end", "Missing or damaged, so passed over: 004.png. You left 2 open")
    assert ann.errors == []
