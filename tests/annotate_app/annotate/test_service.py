"""Who gets which picture, what is kept of what they do, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotate_app.annotate.rules import DrawnObject
from annotate_app.annotate.service import HOLD_SECONDS, Annotation
from annotate_app.people.lease import LEASE_SECONDS
from annotate_app.people.refusal import Malformed, ProtocolRefusal, Unknown
from tests.annotate_app.annotate.conftest import TWO, Drawer
from tests.annotate_app.conftest import Clock


def person(annotation: Annotation, clock: Clock, name: str) -> Drawer:
    drawer = Drawer(annotation, clock, name)
    drawer.open()
    return drawer


def test_several_people_get_different_pictures_until_none_is_left(
    annotation: Annotation, clock: Clock, ann: Drawer
) -> None:
    bob = person(annotation, clock, "bob")
    names = [drawer.take()["name"] for drawer in (ann, bob, ann, bob, ann)]
    assert names == [f"{number:03}.png" for number in range(5)]
    assert ann.take() is None and bob.take() is None


def test_a_picture_nobody_began_is_free_when_its_tab_is_gone(annotation: Annotation, clock: Clock, ann: Drawer) -> None:
    first = ann.take()["id"]
    bob = person(annotation, clock, "bob")
    clock.now += LEASE_SECONDS
    assert bob.take()["id"] == first


def test_a_picture_that_was_begun_waits_longer_for_whoever_began_it(
    annotation: Annotation, clock: Clock, ann: Drawer
) -> None:
    first = ann.take()["id"]
    ann.do(first, "draw", TWO[:1])
    bob = person(annotation, clock, "bob")
    clock.now += LEASE_SECONDS + HOLD_SECONDS - 1
    assert bob.take()["id"] != first
    clock.now += 1
    taken = bob.take()
    assert (taken["id"], taken["steps"][-1]["objects"][0]["name"]) == (first, "cup")
    ann.open()
    answer = ann.send(ann.event(first, "change", TWO))
    assert (answer["refused"], answer["stored"]) == ("taken", [])


def test_after_a_restart_everything_is_as_it_was_and_goes_on_where_it_stopped(
    open_annotation: Callable[..., Annotation], clock: Clock
) -> None:
    before = open_annotation()
    ann, bob = person(before, clock, "ann"), person(before, clock, "bob")
    one, two, three = ann.take()["id"], bob.take()["id"], ann.take()["id"]
    ann.do(one, "done", TWO)
    ann.do(three, "draw", TWO[:1])
    bob.do(two, "skip", [])
    after = open_annotation()
    assert after.log.drawings == before.log.drawings
    assert after.overview() == before.overview() | {"done": 1, "skipped": 1}
    again = Drawer(after, clock, "ann")
    again.tab = ann.tab
    assert [picture["id"] for picture in again.open()["recent"]] == [one]
    assert again.take()["id"] == three  # begun, so it comes first
    assert again.take()["name"] == "003.png"


def test_an_undo_takes_back_the_latest_step_and_no_other(annotation: Annotation, ann: Drawer) -> None:
    picture = ann.take()["id"]
    first = ann.do(picture, "draw", TWO[:1])
    second = ann.do(picture, "done", TWO)
    assert annotation.log.drawings[picture].status == "done"
    assert ann.send(ann.event(picture, "undo", target=first))["refused"] == "undo"
    ann.do(picture, "undo", target=second)
    drawing = annotation.log.drawings[picture]
    assert (drawing.status, [o.name for o in drawing.objects]) == ("open", ["cup"])
    ann.do(picture, "undo", target=first)
    assert drawing.objects == ()


def test_what_a_build_would_refuse_is_not_done_and_nothing_after_it_is_stored(
    annotation: Annotation, ann: Drawer
) -> None:
    picture = ann.take()["id"]
    drawn, done, skip = (ann.event(picture, a, TWO[:1]) for a in ("draw", "done", "skip"))
    answer = ann.send(drawn, done, skip)
    assert (answer["stored"], answer["refused"], answer["event"]) == ([drawn.id], "rules", done.id)
    assert "000.png is not done: 1 usable distinct objects ('cup'), fewer than 2." in answer["message"]
    assert annotation.log.drawings[picture].status == "open"


def test_an_event_that_is_sent_twice_is_stored_once(annotation: Annotation, ann: Drawer) -> None:
    picture = ann.take()["id"]
    event = ann.event(picture, "draw", TWO)
    assert ann.send(event)["stored"] == ann.send(event)["stored"] == [event.id]
    assert len(annotation.log.drawings[picture].steps) == 1


def test_proposals_are_shown_as_such_do_not_count_and_are_dropped_by_done(
    open_annotation: Callable[..., Annotation], clock: Clock
) -> None:
    found = (DrawnObject("cat", (0, 0, 100, 100)),)
    annotation = open_annotation(propose=lambda picture, opened: found)
    ann = person(annotation, clock, "ann")
    shown = ann.take()
    assert shown["steps"][0]["objects"] == [{"name": "cat", "box": (0, 0, 100, 100), "proposed": True}]
    assert shown["steps"][0]["id"] is None  # nobody's step, which nobody can take back
    event = ann.event(shown["id"], "done", [*TWO, ("cat", (0, 0, 100, 100))])
    *kept, cat = event.objects or ()
    ann.send(event.model_copy(update={"objects": [*kept, cat.model_copy(update={"proposed": True})]}))
    assert [o.name for o in annotation.log.drawings[shown["id"]].objects] == ["cup", "dog"]


def test_a_picture_that_cannot_be_opened_is_passed_over_and_listed(
    folder: Path, open_annotation: Callable[..., Annotation], clock: Clock
) -> None:
    (folder / "000.png").write_bytes((folder / "000.png").read_bytes()[:1000])
    Image.fromarray(np.zeros((20, 400, 3), np.uint8)).save(folder / "001.png")
    annotation = open_annotation()
    assert person(annotation, clock, "ann").take()["name"] == "002.png"
    (one, why), (two, reason) = annotation.overview()["unusable"]
    assert (one, two) == ("000.png", "001.png") and "damaged" in why and "a side under 32" in reason


def test_of_two_files_with_the_same_photo_one_is_shown_and_the_other_is_named(
    folder: Path, open_annotation: Callable[..., Annotation], clock: Clock
) -> None:
    (folder / "003.png").write_bytes((folder / "001.png").read_bytes())
    annotation = open_annotation()
    ann = person(annotation, clock, "ann")
    names = [picture["name"] for picture in iter(ann.take, None)]
    assert names == ["000.png", "001.png", "002.png", "004.png"]
    assert annotation.overview()["unusable"] == [("003.png", "the same photo as 001.png")]
    later = person(open_annotation(), clock, "bob")
    assert later.take() is None


def test_a_second_tab_of_the_same_person_is_refused(annotation: Annotation, clock: Clock, ann: Drawer) -> None:
    with pytest.raises(ProtocolRefusal, match="another tab"):
        person(annotation, clock, "ann")


def test_nonsense_is_refused_whole(annotation: Annotation, ann: Drawer) -> None:
    picture = ann.take()["id"]
    good = ann.event(picture, "draw", TWO)
    for wrong in (
        ann.event(picture, "undo", TWO, target=good.id),
        ann.event(picture, "draw"),
        good.model_copy(update={"action": "skip"}),
    ):
        ann.do(picture, "change", TWO) if wrong.id != good.id else ann.send(good)
        with pytest.raises(Malformed):
            ann.send(wrong)
    with pytest.raises(Unknown):
        ann.send(ann.event("0" * 16, "draw", TWO))
    with pytest.raises(Unknown):
        annotation.image("0" * 16)
    with pytest.raises(Unknown):
        annotation.take(ann.session, ann.tab, "bob")


def test_a_picture_keeps_the_size_in_which_it_was_first_shown(
    open_annotation: Callable[..., Annotation], clock: Clock, folder: Path
) -> None:
    first = person(open_annotation(max_side=160), clock, "ann").take()
    assert (first["width"], first["height"]) == (160, 120)
    again = open_annotation(max_side=200)
    assert again.image(first["id"]).width == 160
    Image.fromarray(np.zeros((240, 240, 3), np.uint8)).save(folder / "000.png")
    with pytest.raises(Unknown):
        again.image(first["id"])
