"""The routes for drawing boxes, as a client that is not the page would use them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotate_app.annotate.service import Annotation
from annotate_app.web.annotate import create_app
from tests.annotate_app.annotate.conftest import TWO, annotation, folder, open_annotation

pytestmark = pytest.mark.slow

__all__ = ["annotation", "folder", "open_annotation"]  # fixtures

TAB = str(uuid.UUID(int=7))


@pytest.fixture
def client(annotation: Annotation) -> TestClient:
    return TestClient(create_app(annotation), base_url="http://127.0.0.1", follow_redirects=False)


def open_session(client: TestClient, name: str = "ann", tab: str = TAB) -> str:
    answer = client.post("/api/sessions", json={"reviewer": name, "tab": tab})
    assert answer.status_code == 200, answer.text
    return f"/api/sessions/{answer.json()['session']}"


def event(picture: str, action: str, objects: Any) -> dict[str, Any]:
    listed = [{"name": name, "box": list(box), "proposed": False} for name, box in objects]
    return {"id": str(uuid.uuid4()), "picture": picture, "action": action, "at": 5.0, "objects": listed}


def test_a_picture_is_taken_shown_drawn_on_and_done(client: TestClient, annotation: Annotation, folder: Path) -> None:
    session = open_session(client)
    taken = client.post(f"{session}/take", json={"tab": TAB}).json()
    assert (taken["finished"], taken["pictures"], taken["picture"]["name"]) == (0, 5, "000.png")
    image = client.get(f"/api/pictures/{taken['picture']['id']}")
    assert (image.content, image.headers["content-type"]) == ((folder / "000.png").read_bytes(), "image/png")
    events = [event(taken["picture"]["id"], action, TWO) for action in ("draw", "done")]
    answer = client.post(f"{session}/events", json={"tab": TAB, "sent_at": 5.0, "events": events})
    assert (answer.status_code, answer.json()["finished"]) == (200, 1)
    assert client.get("/api/overview").json()["done"] == 1
    assert client.post(f"{session}/lease", json={"tab": TAB, "release": True}).json() == {"held": False}


def test_what_the_rules_refuse_is_a_conflict_with_the_reason(client: TestClient) -> None:
    session = open_session(client)
    picture = client.post(f"{session}/take", json={"tab": TAB}).json()["picture"]["id"]
    sent = {"tab": TAB, "sent_at": 5.0, "events": [event(picture, "done", [("cup", (0, 0, 320, 240))])]}
    answer = client.post(f"{session}/events", json=sent)
    assert (answer.status_code, answer.json()["refused"]) == (409, "rules")
    assert "covers 100.0% of the image, over 90%" in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/pictures/000.png",
        "/api/pictures/0000000000000000",
        "/api/pictures/..%2fannotations.sqlite",
        "/api/pictures/%2e%2e/annotations.sqlite",
        "/annotations.sqlite",
        "/static/../annotate.py",
        "/photos/000.png",
    ],
)
def test_nothing_is_served_but_the_listed_pictures(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_a_picture_nobody_was_shown_cannot_be_drawn_on(client: TestClient, annotation: Annotation) -> None:
    session = open_session(client)
    waiting = list(annotation.pictures)[3]
    sent = {"tab": TAB, "sent_at": 5.0, "events": [event(waiting, "skip", [])]}
    assert client.post(f"{session}/events", json=sent).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tab": "x", "sent_at": 5.0, "events": []},
        {"tab": TAB, "sent_at": 5.0, "events": [{"id": "1", "action": "draw"}]},
        {"tab": TAB, "sent_at": 5.0, "events": [event("0" * 16, "drop table", [])]},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(client: TestClient, annotation: Annotation, body: Any) -> None:
    session = open_session(client)
    assert client.post(f"{session}/events", json=body).status_code in (400, 404)
    assert annotation.log.connection.execute("SELECT count(*) FROM events").fetchone()[0] == 0


def test_a_session_is_used_by_its_owner_alone(annotation: Annotation) -> None:
    guarded = TestClient(create_app(annotation, {"ann": "a", "bob": "b"}), base_url="http://127.0.0.1")
    assert guarded.get("/annotate/").status_code == 401
    guarded.auth = ("ann", "a")
    session = open_session(guarded, "somebody else")
    assert annotation.log.sessions[session.rpartition("/")[2]] == "ann"
    guarded.auth = ("bob", "b")
    assert guarded.post(f"{session}/take", json={"tab": TAB}).status_code == 404


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "annotate/"
    page = client.get("/annotate/")
    assert page.status_code == 200 and "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'self'" in page.headers["content-security-policy"]
