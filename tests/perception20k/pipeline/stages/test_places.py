"""Photos inside tars and Parquet tables and at URLs have the bytes they have as files."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import ItemError, TransientError
from perception20k.pipeline.stages import places
from perception20k.pipeline.stages.discover import PHOTO_SUFFIXES, discover
from perception20k.pipeline.stages.places import Member, Remote, cache_folder, members, on_disk, version_of
from perception20k.pipeline.stages.sources import Ingest

FILES = {"000/a.jpg": b"first", "000/a.json": b"{}", "b.PNG": b"second photo", "c.txt": b"no"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return path


def write_table(path: Path, rows: list[dict[str, object]], **options: int) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def contents(archive: Path) -> dict[str, bytes]:
    return {member.name: member.read_bytes() for member in members(archive, PHOTO_SUFFIXES)}


def test_the_photos_of_a_tar_are_read_in_place(tmp_path: Path) -> None:
    found = list(members(write_tar(tmp_path / "x.tar", FILES), PHOTO_SUFFIXES))
    assert [(member.name, member.suffix) for member in found] == [("000/a.jpg", ".jpg"), ("b.PNG", ".PNG")]
    assert [member.read_bytes() for member in found] == [b"first", b"second photo"]
    assert version_of(found[0]) != version_of(found[1])


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_a_compressed_tar_cannot_be_read_in_place(tmp_path: Path, mode: str) -> None:
    with pytest.raises(ItemError, match="not a tar without compression"):
        list(members(write_tar(tmp_path / "x.tar", FILES, mode), PHOTO_SUFFIXES))


def test_a_table_gives_its_images_by_path_or_by_row(tmp_path: Path) -> None:
    named = [{"image": {"bytes": data, "path": f"in/{name}"}, "label": 1} for name, data in FILES.items()]
    assert contents(write_table(tmp_path / "n.parquet", named, row_group_size=3)) == {
        "a.jpg": b"first", "a.json": b"{}", "b.PNG": b"second photo", "c.txt": b"no"
    }  # fmt: skip
    plain = [{"key": "k", "jpg": b"one"}, {"key": "l", "jpg": b"two"}, {"key": "m", "jpg": b"three"}]
    assert contents(write_table(tmp_path / "p.parquet", plain, row_group_size=2)) == {
        "000000": b"one", "000001": b"two", "000002": b"three"
    }  # fmt: skip


def test_of_several_columns_of_bytes_the_one_called_image_counts(tmp_path: Path) -> None:
    assert contents(write_table(tmp_path / "t.parquet", [{"a": b"mask", "image": b"photo"}])) == {"000000": b"photo"}


def test_a_row_without_bytes_is_refused_and_a_table_without_images_is_empty(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": None, "path": "a.jpg"}}, {"image": {"bytes": b"x", "path": None}}]
    first, second = members(write_table(tmp_path / "t.parquet", rows), PHOTO_SUFFIXES)
    with pytest.raises(ItemError, match="the row holds no image bytes"):
        first.read_bytes()
    assert second.read_bytes() == b"x" and second.name == "000001"
    assert contents(write_table(tmp_path / "s.parquet", [{"file": "a.jpg", "mos": 3.0}])) == {}


@pytest.mark.parametrize("name", ["x.tar", "x.parquet"])
def test_a_broken_archive_is_one_row_of_the_quarantine(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not an archive" * 100)
    [file] = discover((str(tmp_path),))
    assert file.name == name
    with pytest.raises(ItemError, match=r"not a tar without compression|cannot be read"):
        Ingest(1).process_one(file)


def test_a_photo_in_a_tar_is_what_it_is_as_a_file(tmp_path: Path, photos: Path) -> None:
    data = (photos / "nuthatch.jpg").read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "nuthatch.jpg").write_bytes(data)
    write_tar(tmp_path / "x.tar", {"nuthatch.jpg": data})
    write_table(tmp_path / "x.parquet", [{"image": {"bytes": data, "path": "nuthatch.jpg"}}])
    specs = [tmp_path / "folder", tmp_path / "x.tar", tmp_path / "x.parquet"]
    records = []
    for spec in specs:
        [file] = discover((str(spec),))
        [record] = Ingest(1).process_one(file)
        records.append((file.name, record.pop("origin"), record))
    assert [name for name, _, _ in records] == ["nuthatch.jpg", "x.tar/nuthatch.jpg", "x.parquet/nuthatch.jpg"]
    assert all(name == origin for name, origin, _ in records)
    assert records[0][2] == records[1][2] == records[2][2]


@pytest.fixture
def bucket() -> dict[str, bytes]:
    """Files of 100 bytes at ``memory://bucket/``."""
    system = fsspec.filesystem("memory")
    files = {f"{letter}.jpg": letter.encode() * 100 for letter in "abc"}
    for name, data in files.items():
        system.pipe_file(f"/bucket/{name}", data)
    return files


def remote(name: str) -> Remote:
    return Remote(f"memory://bucket/{name}", 100, "1")


def test_a_url_is_fetched_once_and_the_cache_stays_bounded(
    bucket: dict[str, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "CACHE_BYTES", 250)
    paths = {}
    for age, name in enumerate(("a.jpg", "b.jpg")):
        assert remote(name).read_bytes() == bucket[name]
        paths[name] = on_disk(remote(name))
        os.utime(paths[name], ns=(age, age))
    fsspec.filesystem("memory").rm("/bucket/a.jpg")
    assert remote("a.jpg").read_bytes() == bucket["a.jpg"]  # and with that it was used last
    assert remote("c.jpg").read_bytes() == bucket["c.jpg"]
    assert sorted(path.name for path in cache.iterdir()) == sorted(
        path.name for path in (paths["a.jpg"], on_disk(remote("c.jpg")))
    )


def test_another_version_is_another_file(bucket: dict[str, bytes]) -> None:
    assert on_disk(remote("a.jpg")) != on_disk(Remote("memory://bucket/a.jpg", 100, "2"))


def test_what_cannot_be_fetched_is_tried_again_by_the_next_run(bucket: dict[str, bytes], cache: Path) -> None:
    with pytest.raises(TransientError, match="could not be fetched: FileNotFoundError"):
        remote("gone.jpg").read_bytes()
    assert list(cache.iterdir()) == []


def test_a_tar_at_a_url_is_listed_and_read(tmp_path: Path) -> None:
    data = write_tar(tmp_path / "x.tar", FILES).read_bytes()
    fsspec.filesystem("memory").pipe_file("/tars/x.tar", data)
    found = list(members(Remote("memory://tars/x.tar", len(data), "1"), PHOTO_SUFFIXES))
    assert [member.read_bytes() for member in found] == [b"first", b"second photo"]


def test_a_video_inside_an_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="a video inside an archive is not read"):
        on_disk(Member(tmp_path / "x.tar", "a.mp4", 0, 1))
