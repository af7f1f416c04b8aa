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

from perception20k.core.errors import ItemError, TransientError, UserError
from perception20k.imaging import images
from perception20k.pipeline.stages.discover import PHOTO_SUFFIXES, SourceFile, discover
from perception20k.pipeline.stages.sources import Ingest, candidates_of, load_source
from perception20k.storage import places
from perception20k.storage.places import Remote, cache_folder, members, on_disk, version_of

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


def test_a_video_in_a_tar_has_the_keyframes_it_has_as_a_file(tmp_path: Path, photos: Path) -> None:
    data = (photos / "dog_indoors.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(data)
    write_tar(tmp_path / "x.tar", {"notes.txt": b"no", "clip.mp4": data, "broken.mp4": b"no video" * 100})
    [inside, broken] = discover((str(tmp_path / "x.tar"),))
    [alone] = discover((str(tmp_path / "clip.mp4"),))
    found = {file.name: Ingest(2, 320).process_one(file) for file in (alone, inside)}
    assert [record.pop("origin") for record in found["x.tar/clip.mp4"]] == [
        f"x.tar/{record.pop('origin')}" for record in found["clip.mp4"]
    ]
    assert found["x.tar/clip.mp4"] == found["clip.mp4"] and len(found["clip.mp4"]) == 2
    for candidate in candidates_of(inside, Ingest(1, 320).process_one(inside)):
        assert images.image_id(load_source(candidate)[1]) == candidate.source.image_id
    with pytest.raises(ItemError, match=r"decord cannot open the video: Error reading x\.tar"):
        Ingest(1).process_one(broken)


def test_a_video_in_a_table_is_named_as_not_read(tmp_path: Path) -> None:
    write_table(tmp_path / "x.parquet", [{"video": {"bytes": b"v", "path": "a.mp4"}}])
    unread: list[SourceFile] = []
    with pytest.raises(UserError, match="A video inside a table is not read: unpack it"):
        list(discover((str(tmp_path),), unread=unread.append))
    assert [file.name for file in unread] == ["x.parquet/a.mp4"]
