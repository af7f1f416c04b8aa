from __future__ import annotations

import sqlite3

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from annotate_app.people.refusal import Malformed, ProtocolRefusal, Unknown, Unshowable
from annotate_app.web.application import guarded


@pytest.mark.parametrize(
    ("error", "status", "refused"),
    [
        (ProtocolRefusal("other_tab", "Close it.", wait=3), 409, "other_tab"),
        (Malformed("no such field"), 400, "malformed"),
        (Unknown(), 404, "unknown"),
        (Unshowable("images/x.webp: missing"), 410, "image"),
        (sqlite3.OperationalError("disk I/O error"), 507, "storage"),
    ],
)
def test_what_a_service_refuses_is_an_answer_that_repeats_nothing_of_the_request(
    error: Exception, status: int, refused: str
) -> None:
    routes = APIRouter()

    @routes.get("/api/thing")
    def thing() -> None:
        raise error

    answer = TestClient(guarded(routes), base_url="http://127.0.0.1").get("/api/thing")
    assert (answer.status_code, answer.json()["refused"]) == (status, refused)
    assert "no such field" not in answer.text


def test_the_scripts_are_served_and_nothing_beside_them() -> None:
    client = TestClient(guarded(APIRouter()), base_url="http://127.0.0.1")
    assert client.get("/static/api.js").status_code == 200
    assert client.get("/static/%2e%2e/server.py").status_code == 404
