"""Sources at URLs: in memory, behind a local web server, and in a bucket of a local S3 server."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import UserError
from perception20k.pipeline.stages.discover import discover
from perception20k.storage.remote import is_url, listed
from tests.perception20k.hub_server import hub_server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def bucket() -> Iterator[None]:
    system = fsspec.filesystem("memory")
    for name in ("b/z.JPG", "a.png", "notes.txt", "clip.mp4"):
        system.pipe_file(f"/lab/{name}", name.encode())
    yield
    system.rm("/lab", recursive=True)


def names(*specs: str) -> dict[str, bytes]:
    return {file.name: file.path.read_bytes() for file in discover(specs)}


def test_a_url_is_what_has_a_protocol() -> None:
    assert is_url("s3://bucket/x") and is_url("hf://datasets/lab/photos")
    assert not is_url("photos/") and not is_url("package:skimage/data/coffee.png")


def test_a_folder_a_file_and_a_glob_at_a_url_are_sources(bucket: None) -> None:
    everything = {"a.png": b"a.png", "b/z.JPG": b"b/z.JPG", "clip.mp4": b"clip.mp4"}
    assert names("memory://lab") == names("memory://lab/") == everything
    assert names("memory://lab/b/z.JPG") == {"z.JPG": b"b/z.JPG"}
    assert names("memory://lab/*.png") == {"a.png": b"a.png"}


def test_a_list_may_name_urls(bucket: None, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("memory://lab/a.png\n")
    assert names(str(tmp_path / "mine.txt")) == {"a.png": b"a.png"}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://lab/gone.png", "memory://lab/gone.png: cannot be listed: FileNotFoundError"),
        ("memory://nowhere/", "no photo or video found"),
        ("nosuch://x/", "nosuch://x/: cannot be listed: ValueError: Protocol not known: nosuch"),
    ],
)
def test_a_url_that_is_not_there_is_one_line(bucket: None, url: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        names(url)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_package_for_the_protocol_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", without)
    with pytest.raises(UserError, match=r"Install s3fs to access S3\. pip install .perception20k\[s3\]"):
        list(listed("s3://bucket/", {".jpg"}))


@pytest.mark.slow
def test_a_photo_behind_a_web_server_is_a_source(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.jpg").write_bytes(b"a photo")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/a.jpg"
        assert names(place) == names(f"{place}?download=1") == {"a.jpg": b"a photo"}
        with pytest.raises(UserError, match="cannot be listed: FileNotFoundError"):
            names(f"http://127.0.0.1:{server.server_port}/gone.jpg")
        server.shutdown()


@pytest.mark.slow
def test_a_bucket_of_an_s3_server_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        _, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        system = fsspec.filesystem("s3", skip_instance_cache=True)
        system.mkdir("lab")
        system.pipe_file("lab/photos/a.jpg", b"a photo")
        system.pipe_file("lab/photos/deep/b.png", b"another")
        assert names("s3://lab/photos/") == {"a.jpg": b"a photo", "deep/b.png": b"another"}
        assert names("s3://lab/photos/*.jpg") == {"a.jpg": b"a photo"}
        [(remote, _)] = listed("s3://lab/photos/a.jpg", {".jpg"})
        assert remote.size == 7 and remote.version
    finally:
        server.stop()


LIST = """\
from perception20k.pipeline.stages.discover import discover
for file in discover(("hf://datasets/lab/photos",)):
    print(file.name, file.path.read_bytes().decode())
"""


@pytest.mark.slow
def test_a_dataset_of_the_hub_is_a_source(tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"image": {"bytes": b"a row", "path": "c.jpg"}, "label": 3}]), table)
    files = {"a.jpg": b"a photo", "deep/b.png": b"another", "README.md": b"#", "data/x.parquet": table.getvalue()}
    with hub_server() as server:
        server.files["datasets/lab/photos"], server.private["datasets/lab/photos"] = files, False
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment = {**clean, **server.environment(str(tmp_path))}  # read when the hub's package is imported
        done = subprocess.run(
            [sys.executable, "-c", LIST], env=environment, capture_output=True, text=True, check=False
        )
    assert done.stdout.splitlines() == ["a.jpg a photo", "data/x.parquet/c.jpg a row", "deep/b.png another"], (
        done.stderr
    )
