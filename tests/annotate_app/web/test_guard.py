from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from annotate_app.web.guard import MAX_BODY
from annotate_app.web.server import create_app
from annotate_app.web.site import Site
from tests.annotate_app.conftest import USERS, Desk

PATHS = [
    "/",
    "/review/",
    "/static/main.js",
    "/api/who",
    "/api/overview",
    "/api/training",
    "/no/such/thing",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_served_without_a_login(desk: Desk, path: str) -> None:
    for auth in (None, ("ann", "wrong"), ("nobody", ""), ("nobody", "pass:word"), ("", "")):
        answer = desk.guarded.get(path, auth=auth)
        assert answer.status_code in (401, 429)  # the second once there were too many guesses
        assert answer.status_code == 429 or "basic" in answer.headers["www-authenticate"].lower()
    assert desk.guarded.post(path, json={}).status_code == 401


@pytest.mark.parametrize("authorization", ["Basic", "Basic !!!", "Bearer abc", "Basic /////w==", "Basic \xe9", ""])
def test_a_mangled_login_is_no_login(desk: Desk, authorization: str) -> None:
    header = authorization.encode("latin-1")
    assert desk.guarded.get("/api/who", headers={"authorization": header}).status_code == 401


def test_a_login_opens_the_door_and_gives_the_name(desk: Desk) -> None:
    for user, password in USERS.items():
        answer = desk.guarded.get("/api/who", auth=(user, password.encode()))
        assert answer.json() == {"reviewer": user}
    assert desk.guarded.get("/review/", auth=("ann", "pass:word")).status_code == 200


def test_behind_a_login_nobody_acts_under_another_name(desk: Desk) -> None:
    before = desk.rows()
    body = {"reviewer": "ann", "tab": "00000000-0000-4000-8000-000000000000"}
    opened = desk.guarded.post("/api/sessions", json=body, auth=("bob", USERS["bob"].encode()))
    assert opened.status_code == 409  # ann has every sample; what matters is who asks
    event = desk.ann.event("accept", 0).model_dump(exclude_none=True)
    url = f"/api/sessions/{desk.ann.session}/events"
    sent = {"tab": desk.ann.tab, "sent_at": 1.0, "events": [event]}
    assert desk.guarded.post(url, json=sent, auth=("bob", USERS["bob"].encode())).status_code == 404
    image = f"/api/sessions/{desk.ann.session}/images/0"
    assert desk.guarded.get(image, auth=("bob", USERS["bob"].encode())).status_code == 404
    assert desk.guarded.get(image, auth=("ann", "pass:word")).status_code == 200
    assert desk.rows() == before


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversize_body_is_refused(desk: Desk, chunked: bool) -> None:
    body = b"x" * (MAX_BODY + 1)
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = desk.client.post("/api/sessions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_another_site_cannot_write(desk: Desk) -> None:
    before = desk.rows()
    body = {"reviewer": "ann", "tab": "00000000-0000-4000-8000-000000000000"}
    assert desk.client.post("/api/sessions", json=body, headers={"origin": "http://evil.example"}).status_code == 403
    assert desk.client.post("/api/sessions", content=b"{}", headers={"content-type": "text/plain"}).status_code == 400
    assert desk.rows() == before
    assert desk.client.post("/api/sessions", json=body, headers={"origin": "http://[x"}).status_code == 403
    same = desk.client.post("/api/sessions", json=body, headers={"origin": "http://127.0.0.1"})
    assert same.json()["refused"] == "other_tab"  # let in, and answered


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "localhost.evil.example", "10.0.0.5", "[", ""])
def test_without_a_login_a_foreign_name_for_this_computer_is_refused(desk: Desk, host: str) -> None:
    for path in PATHS:
        assert desk.client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:7860", "[::1]:7860"])
def test_without_a_login_the_computer_itself_is_served(desk: Desk, host: str) -> None:
    assert desk.client.get("/api/who", headers={"host": host}).status_code == 200


def test_a_login_opens_the_door_under_any_name(desk: Desk) -> None:
    assert desk.guarded.get("/api/who", auth=("ann", "pass:word"), headers={"host": "lab.example"}).status_code == 200


def test_pages_may_not_ask_other_hosts(desk: Desk) -> None:
    policy = desk.client.get("/review/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_guessing_a_password_is_slowed_down_and_others_are_not(desk: Desk) -> None:
    client = TestClient(create_app(desk.review, USERS))
    answers = [client.get("/api/who", auth=("ann", f"guess {k}")).status_code for k in range(12)]
    assert answers == [401] * 10 + [429] * 2
    refused = client.get("/api/who", auth=("ann", "pass:word"))  # whoever guesses right now is not told
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/api/who", auth=("bob", USERS["bob"].encode())).status_code == 200


def test_behind_a_proxy_its_address_may_write_and_no_other(desk: Desk) -> None:
    client = TestClient(
        create_app(desk.review, USERS, Site.of("https://lab.example/p20k")), base_url="http://127.0.0.1"
    )
    body = {"reviewer": "ann", "tab": "00000000-0000-4000-8000-000000000000"}

    def write(origin: str) -> int:
        return client.post(
            "/api/sessions", json=body, headers={"origin": origin}, auth=("ann", "pass:word")
        ).status_code

    assert write("https://lab.example") == 409  # let in: ann has a session in another tab
    for origin in (
        "http://lab.example",
        "https://lab.example:8443",
        "https://lab.example.evil",
        "https://evil",
        "null",
    ):
        assert write(origin) == 403


@pytest.mark.parametrize("prefix", ["", "/p20k"])
def test_a_prefix_may_be_taken_off_by_the_proxy_or_left(desk: Desk, prefix: str) -> None:
    app = create_app(desk.review, USERS, Site.of("https://lab.example/p20k"))
    client = TestClient(app, follow_redirects=False)
    for path in ("/review/", "/static/main.js", "/api/who"):
        assert client.get(prefix + path, auth=("ann", "pass:word")).status_code == 200
    answer = client.get(prefix or "/", auth=("ann", "pass:word"))
    assert answer.headers["location"] == "https://lab.example/p20k/review/"
    assert client.get("/p20kx/review/", auth=("ann", "pass:word")).status_code == 404
