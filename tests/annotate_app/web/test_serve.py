from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import urllib.request
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from annotate_app.review.protocol import Settings
from annotate_app.web.serve import serve
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from tests.annotate_app.browser import Process


def test_an_open_address_needs_a_login(small: Path) -> None:
    with pytest.raises(UserError, match=r"--public-url https://lab.example: others on the network .* --auth"):
        serve(small, Settings(), public_url="https://lab.example")
    for host in ("0.0.0.0", "192.168.0.1", "::"):
        with pytest.raises(UserError, match="--auth"):
            serve(small, Settings(), host=host)


def test_a_used_port_is_told(small: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="--port"):
            serve(small, Settings(), port=taken.getsockname()[1])


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "", "."])
def test_a_wrong_host_is_told(small: Path, host: str) -> None:
    with pytest.raises(UserError, match=r"--host .*(is not an address of this computer|: not an address)"):
        serve(small, Settings(), users={"ann": "x"}, host=host, port=0)


def test_a_folder_that_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a Perception20K dataset"):
        serve(tmp_path, Settings(), port=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopping_the_server_merges_everything_into_the_one_file(small: Path, tmp_path: Path, name: str) -> None:
    layout = Layout(Path(shutil.copytree(small, tmp_path / "dataset")))
    server = Process(layout.root, "--no-training")
    try:
        opening = json.dumps({"reviewer": "ann", "tab": str(uuid.uuid4())}).encode()
        asked = urllib.request.Request(server.url + "api/sessions", opening, {"content-type": "application/json"})
        urllib.request.urlopen(asked).close()
        urllib.request.urlopen(server.url + "api/overview").close()  # which opens a connection of its own
        assert server.stop(getattr(signal, name)) == 0
    finally:
        server.kill()
    assert [path.name for path in layout.review.iterdir()] == ["decisions.sqlite"]
    with closing(sqlite3.connect(layout.decisions)) as log:
        assert log.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
