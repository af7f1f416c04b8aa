"""Revisions of weights: what tells one folder from another, and a model that is not there."""

from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.models.weights import first_line, revision_of
from tests.perception20k.hub import Hub


def test_a_folder_is_known_by_names_and_every_byte(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    seen = set()
    large = bytearray(3 << 20)
    for step in range(6):
        match step:
            case 0:
                (folder / "weights").write_bytes(large)
            case 1:
                large[-1] = 1
                (folder / "weights").write_bytes(large)
            case 2:
                large[0] = 1
                (folder / "weights").write_bytes(large)
            case 3:
                (folder / "weights").write_bytes(large[:-1])
            case 4:
                large[len(large) // 2] = 1
                (folder / "weights").write_bytes(large[:-1])
            case 5:
                (folder / "weights").rename(folder / "other")
        revision = revision_of(str(folder), "main", "detect")
        assert revision == revision_of(str(folder), "elsewhere", "describe")
        seen.add(revision)
    assert len(seen) == 6


def test_a_file_is_read_once_while_it_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").write_bytes(b"1")
    first = revision_of(str(tmp_path), "main", "detect")
    monkeypatch.setattr("hashlib.file_digest", None)
    assert revision_of(str(tmp_path), "main", "detect") == first


def test_a_model_of_the_hub_is_known_by_its_commit_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(tmp_path, monkeypatch)
    old = hub.add("lab/model", {"config.json": "{}"}, "v1")
    new = hub.add("lab/model", {"config.json": "{ }"})
    assert revision_of("lab/model", "main", "detect") == new
    assert revision_of("lab/model", "v1", "detect") == revision_of("lab/model", old, "detect") == old


def test_a_model_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(UserError, match=r"detect: the model 'not a name' .*could not be found") as caught:
        revision_of("not a name", "main", "detect")
    assert "\n" not in str(caught.value)


def test_the_first_line_of_an_error() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
