from __future__ import annotations

from pathlib import Path

import pytest

from annotate_app.web.guard import AUTH_VARIABLE, MAX_BODY, read_auth
from perception20k.core.errors import UserError
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
        assert answer.status_code == 401
        assert "basic" in answer.headers["www-authenticate"].lower()
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


def test_users_come_from_a_file_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "users"
    file.write_text("# the laboratory\nann:pass:word\n\nbob:x\n")
    assert read_auth(file) == {"ann": "pass:word", "bob": "x"}
    monkeypatch.delenv(AUTH_VARIABLE, raising=False)
    assert read_auth(None) == {}
    monkeypatch.setenv(AUTH_VARIABLE, "cem:y")
    assert read_auth(None) == {"cem": "y"}
    assert read_auth(file).keys() == {"ann", "bob"}


def test_a_file_of_users_may_come_from_a_windows_editor(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_bytes("ann:pass\r\nzoë:word\r\n".encode("utf-8-sig"))
    assert read_auth(file) == {"ann": "pass", "zoë": "word"}
    file.write_bytes("zoë:word".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_auth(file)


def test_a_wrong_line_is_told_without_its_password(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ann:secret\n:hidden\n")
    with pytest.raises(UserError, match="line 2 is not user:password") as error:
        read_auth(file)
    assert "hidden" not in str(error.value)
    file.write_text("# nobody\n")
    with pytest.raises(UserError, match="no user in it"):
        read_auth(file)
