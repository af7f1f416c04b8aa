from __future__ import annotations

import socket
from pathlib import Path

import pytest

from annotate_app.review.protocol import Settings
from annotate_app.web.guard import AUTH_VARIABLE
from annotate_app.web.serve import serve
from perception20k.core.errors import UserError


def test_an_open_address_needs_a_login(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AUTH_VARIABLE, raising=False)
    for host in ("0.0.0.0", "192.168.0.1", "::"):
        with pytest.raises(UserError, match="--auth"):
            serve(small, Settings(), host=host)


def test_a_used_port_is_told(small: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="--port"):
            serve(small, Settings(), port=taken.getsockname()[1])


def test_a_folder_that_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a Perception20K dataset"):
        serve(tmp_path, Settings(), port=0)
    assert list(tmp_path.iterdir()) == []
