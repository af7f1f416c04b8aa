"""Revisions of weights: what tells one folder from another, and a model that is not there."""

from pathlib import Path

import pytest

from perception20k.errors import UserError
from perception20k.models import first_line, revision_of


def test_a_folder_is_known_by_names_sizes_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    seen = set()
    large = bytearray(3 << 20)
    for step in range(5):
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
                (folder / "weights").rename(folder / "other")
        revision = revision_of(str(folder), "main", "detect")
        assert revision == revision_of(str(folder), "elsewhere", "describe")
        seen.add(revision)
    assert len(seen) == 5


def test_a_model_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(UserError, match=r"detect: the model 'not a name' .*cannot be had") as caught:
        revision_of("not a name", "main", "detect")
    assert "\n" not in str(caught.value)


def test_the_first_line_of_an_error() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
