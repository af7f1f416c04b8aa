from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from annotate_app.people.fields import NAME_RULE
from annotate_app.people.refusal import ProtocolRefusal
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from perception20k.core.files import file_sha256
from perception20k.imaging import images
from tests.annotate_app.conftest import Clock, Desk, Person, client_of

pytestmark = pytest.mark.slow

NOBODY = "00000000-0000-4000-8000-000000000000"


def body(person: Person, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tab": person.tab, "sent_at": person.clock.now, "events": list(events), **more}


def accept(person: Person, **more: Any) -> dict[str, Any]:
    return {**person.event("accept", 0).model_dump(exclude_none=True), **more}


def test_the_page_is_served(desk: Desk) -> None:
    answer = desk.client.get("/")
    assert answer.url.path == "/review/"
    assert "Perception20K review" in answer.text


def test_an_image_is_the_samples_file_and_may_be_cached_forever(desk: Desk) -> None:
    answer = desk.client.get(f"/api/sessions/{desk.ann.session}/images/0")
    sample = desk.review.item(desk.ann.session, 0, None).sample_id
    assert answer.content == desk.review.dataset.image(sample).read_bytes()
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "image/webp"
    reference = desk.client.get(f"/api/sessions/{desk.ann.session}/references/0")
    assert np.array_equal(images.decode(reference.content), desk.review.dataset.reference(sample))


def test_an_undistorted_trial_shows_the_source_and_the_page_cannot_tell(
    open_review: Callable[..., Review], clock: Clock
) -> None:
    review = open_review(Settings(training=False, verify_own=True, batch=20, catches=0.1))
    ann = Person(review, clock, "ann")
    state = ann.open()
    client = client_of(review)
    trial = review.log.connection.execute("SELECT * FROM items WHERE role = 'undistorted'").fetchone()
    shown = client.get(f"/api/sessions/{ann.session}/images/{trial['position']}").content
    assert np.array_equal(images.decode(shown), review.dataset.reference(trial["sample_id"]))
    assert {frozenset(item) for item in state["items"]} == {
        frozenset(("object", "label", "box", "width", "height", "severity", "reason", "question", "whole"))
    }


def test_decisions_go_through_the_route_and_refusals_are_409(person: Person) -> None:
    client = client_of(person.review)
    url = f"/api/sessions/{person.session}/events"
    for position in range(12):
        event = person.event("delete", position).model_dump(exclude_none=True)
        assert client.post(url, json=body(person, event)).status_code == 200
    event = person.event("delete", 12).model_dump(exclude_none=True)
    answer = client.post(url, json=body(person, event))
    assert answer.status_code == 409
    assert answer.json()["refused"] == "session_cap"
    assert answer.json()["event"] == event["id"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/sessions/{nobody}/images/0",
        "/api/sessions/{session}/images/60",
        "/api/sessions/{session}/images/-1",
        "/api/sessions/{session}/images/0.5",
        "/api/sessions/{session}/images/99999999999999999999999",
        "/api/sessions/{session}/images/..%2f..%2frecipe.parquet",
        "/api/sessions/{session}/images/../../../../recipe.parquet",
        "/api/sessions/{session}/references/%00",
        "/api/sessions/..%2f..%2f/images/0",
        "/api/sessions/{session}'--/images/0",
        "/api/sessions/{session}/summary/..",
        "/api/sessions/{nobody}/summary",
        "/api/sessions/{nobody}/figures/groups.svg",
        "/api/sessions/{session}/figures/..%2f..%2fx.svg",
        "/api/training/99/image",
        "/api/training/0/answer",
        "/api/training/..%2f/image",
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/static//etc/passwd",
        "/openapi.json",
        "/docs",
    ],
)
def test_foreign_identifiers_and_path_tricks_get_a_4xx(desk: Desk, path: str) -> None:
    before = desk.rows()
    answer = desk.client.get(path.format(session=desk.ann.session, nobody=NOBODY))
    assert 400 <= answer.status_code < 500
    assert len(answer.content) < 200
    assert desk.rows() == before


BAD_BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"tab": 1}',
    b'{"reviewer": "ann"}',
    json.dumps({"reviewer": "x" * 81, "tab": NOBODY}).encode(),
    json.dumps({"reviewer": "  ", "tab": NOBODY}).encode(),
    json.dumps({"reviewer": "a\nb", "tab": NOBODY}).encode(),
    b'{"reviewer": "\\ud800", "tab": "00000000-0000-4000-8000-000000000000"}',
    json.dumps({"reviewer": "ann", "tab": "tab"}).encode(),
    json.dumps({"reviewer": "ann", "tab": NOBODY, "role": "admin"}).encode(),
    json.dumps({"reviewer": "ann", "tab": NOBODY, "conditions": {"light": "x" * 201}}).encode(),
]


@pytest.mark.parametrize("content", BAD_BODIES)
def test_a_malformed_body_gets_a_4xx_and_changes_nothing(desk: Desk, content: bytes) -> None:
    before = desk.rows()
    for path in ("/api/sessions", f"/api/sessions/{NOBODY}/events", f"/api/sessions/{NOBODY}/lease", "/api/training"):
        answer = desk.client.post(path, content=content, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
    assert desk.rows() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "1"},
        {"action": "drop"},
        {"position": "0"},
        {"position": -1},
        {"position": 1.5},
        {"position": 10**30},
        {"at": "now"},
        {"at": None},
        {"at": -1.0},
        {"at": 1e300},
        {"dwell_ms": float("nan")},
        {"dwell_ms": float("inf")},
        {"reference_uses": 10**9},
        {"preload_miss": 2},
        {"value": "because"},
        {"target": "x"},
        {"more": 1},
    ],
)
def test_a_malformed_event_spoils_its_batch_and_nothing_is_stored(desk: Desk, wrong: dict[str, Any]) -> None:
    before, ann = desk.rows(), desk.ann
    sent = json.dumps(body(ann, accept(ann), accept(ann, **wrong)))
    url = f"/api/sessions/{ann.session}/events"
    answer = desk.client.post(url, content=sent, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert desk.rows() == before


def test_no_events_and_too_many_are_refused(desk: Desk) -> None:
    url = f"/api/sessions/{desk.ann.session}/events"
    assert desk.client.post(url, json=body(desk.ann)).status_code == 400
    many = [accept(desk.ann) for _ in range(101)]
    assert desk.client.post(url, json=body(desk.ann, *many)).status_code == 400


def test_events_for_a_foreign_session_are_unknown(desk: Desk) -> None:
    answer = desk.client.post(f"/api/sessions/{NOBODY}/events", json=body(desk.ann, accept(desk.ann)))
    assert answer.status_code == 404


@pytest.mark.parametrize("damage", ["missing", "truncated", "another"])
def test_an_image_that_is_not_the_datasets_is_not_sent_and_noted(person: Person, damage: str) -> None:
    client = client_of(person.review)
    item = person.review.item(person.session, 0, None)
    file = person.review.dataset.image(item.sample_id)
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] if damage == "truncated" else b"RIFF")
    for place, status in ((1, 200), (0, 410)):
        assert client.get(f"/api/sessions/{person.session}/images/{place}").status_code == status
    sent = person.review.log.connection.execute("SELECT position, image_sha256 FROM served ORDER BY seq").fetchall()
    assert [tuple(row) for row in sent] == [(1, person.review.item(person.session, 1, None).image_sha256), (0, None)]
    assert person.review.log.broken == {item.sample_id}


def test_an_image_of_a_dataset_built_anew_is_not_shown_in_the_session_of_the_old(person: Person) -> None:
    sample = person.review.dataset.samples[person.review.item(person.session, 0, None).sample_id]
    file = person.review.dataset.image(sample.sample_id)
    file.write_bytes(images.encode(np.zeros((8, 8, 3), np.uint8))[0])
    anew = replace(sample, file_sha256=file_sha256(file))
    person.review.dataset.samples[sample.sample_id] = anew
    assert client_of(person.review).get(f"/api/sessions/{person.session}/images/0").status_code == 410


def test_only_an_image_that_cannot_be_shown_is_skipped_whoever_asks(person: Person) -> None:
    assert person.do("skip", 0)["refused"] == "whole"
    sample_id = person.review.item(person.session, 0, None).sample_id
    person.review.dataset.image(sample_id).write_bytes(b"damaged")
    assert "refused" not in person.do("skip", 0)
    for position in range(1, 60):
        person.do("accept", position)
    assert "refused" not in person.do("finish")
    assert person.review.overview()["free"] == 1  # not judged


@pytest.mark.parametrize("name", ["علی‌رضا", "👩‍🔬", "Zoë"])
def test_names_of_all_scripts_are_taken(open_review: Callable[..., Review], name: str) -> None:
    opened = client_of(open_review()).post("/api/sessions", json={"reviewer": name, "tab": str(uuid.uuid4())})
    assert opened.json()["reviewer"] == name


@pytest.mark.parametrize("name", ["", " ", "\u200d", "a\nb", "x" * 81, "\u202eabc"])
def test_a_name_that_cannot_be_shown_is_refused_with_the_rule(open_review: Callable[..., Review], name: str) -> None:
    refused = client_of(open_review()).post("/api/sessions", json={"reviewer": name, "tab": str(uuid.uuid4())})
    assert (refused.status_code, refused.json()["message"]) == (400, NAME_RULE)


def test_names_come_back_as_data_and_never_as_markup(open_review: Callable[..., Review], clock: Clock) -> None:
    review = open_review()
    client = client_of(review)
    name = "<img src=x onerror=alert(1)>"
    opened = client.post("/api/sessions", json={"reviewer": name, "tab": NOBODY})
    assert opened.json()["reviewer"] == name
    assert opened.headers["content-type"] == "application/json"
    assert opened.headers["x-content-type-options"] == "nosniff"


def test_a_second_tab_gets_a_409_with_the_time_to_wait(person: Person) -> None:
    client = client_of(person.review)
    answer = client.post("/api/sessions", json={"reviewer": "ann", "tab": NOBODY})
    assert answer.status_code == 409
    assert answer.json()["refused"] == "other_tab"
    assert answer.json()["wait"] == 30
    client.post(f"/api/sessions/{person.session}/lease", json={"tab": person.tab, "release": True})
    assert client.post("/api/sessions", json={"reviewer": "ann", "tab": NOBODY}).status_code == 200
    with pytest.raises(ProtocolRefusal, match="another tab"):
        person.do("accept", 0)
