import os
from pathlib import Path

import pytest

from perception20k.core.files import (
    clear_leftovers,
    digest,
    file_sha256,
    sha256,
    write_bytes,
    write_json,
    written_aside,
)


def test_a_failed_write_leaves_the_old_file_and_no_leftover(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), written_aside(path) as aside:
        aside.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No space left on device: '.*/a\.txt'"), written_aside(tmp_path / "a.txt"):
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")


def test_a_write_makes_its_folder(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "new" / "a.json").read_text() == '{\n  "a": "é",\n  "b": 1\n}\n'


def test_digest_does_not_depend_on_key_order() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_file_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(b"abc") == file_sha256(tmp_path / "a")


def test_leftovers_of_a_killed_run_are_cleared_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".x.webp.123.tmp").write_bytes(b"half")
    (tmp_path / "deep" / "x.webp").write_bytes(b"whole")
    clear_leftovers(tmp_path)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["x.webp"]
