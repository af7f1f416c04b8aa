import hashlib
import json
import shutil
from pathlib import Path

import pytest

from perception20k import __version__
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import (
    all_present,
    dataset_files,
    manifest_files,
    prune,
    read_manifest,
    write_manifest,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Two files of the dataset, beside the review's and the pipeline's own."""
    layout = Layout(tmp_path)
    for path in (layout.recipe, layout.shards / "train-00000.parquet", layout.decisions, layout.journal):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())
    return layout


def test_the_manifest_holds_the_digest_of_every_file_of_the_dataset_and_of_no_other(layout: Layout) -> None:
    write_manifest(layout, "state", list, {"review": {"samples": 3}})
    found = read_manifest(layout)
    assert found is not None
    names = ["recipe.parquet", "shards/train-00000.parquet"]
    assert list(dataset_files(layout)) == names
    digests = {name: hashlib.sha256(Path(name).name.encode()).hexdigest() for name in names}
    assert dict(manifest_files(layout)) == digests
    written = {"perception20k": __version__, "state": "state", "review": {"samples": 3}, "files": digests}
    assert json.loads(layout.manifest.read_text()) == written
    assert (found["state"], found["review"]) == ("state", {"samples": 3})


def test_a_digest_at_hand_is_taken_as_it_is(layout: Layout) -> None:
    write_manifest(layout, "state", lambda: [("recipe.parquet", "at hand"), ('odd "name\u2028".png', "too")], {})
    files = dict(manifest_files(layout))
    assert (files["recipe.parquet"], files['odd "name\u2028".png']) == ("at hand", "too")
    assert json.loads(layout.manifest.read_text())["files"] == files


def test_a_manifest_of_no_files_is_one(layout: Layout) -> None:
    shutil.rmtree(layout.root)
    layout.root.mkdir()
    write_manifest(layout, "state", list, {})
    assert read_manifest(layout) == {"perception20k": __version__, "state": "state"}
    assert list(manifest_files(layout)) == []


def test_a_manifest_that_another_program_wrote_is_read_too(layout: Layout) -> None:
    write_manifest(layout, "state", list, {"review": {"samples": 3}})
    found, files = read_manifest(layout), list(manifest_files(layout))
    layout.manifest.write_text(json.dumps(json.loads(layout.manifest.read_text())))
    assert (read_manifest(layout), list(manifest_files(layout))) == (found, files)


def test_no_manifest_is_none(layout: Layout) -> None:
    assert read_manifest(layout) is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": []}', b"\xff"])
def test_a_damaged_manifest_is_one_line_that_says_how_to_write_it_again(layout: Layout, content: bytes) -> None:
    layout.manifest.write_bytes(content)
    with pytest.raises(UserError, match=r"manifest\.json: damaged\..*perception20k export"):
        read_manifest(layout)


def test_a_file_that_is_gone_is_noticed(layout: Layout) -> None:
    write_manifest(layout, "state", list, {})
    assert all_present(layout)
    layout.recipe.unlink()
    assert not all_present(layout)


def test_only_images_with_a_name_of_ours_are_pruned(layout: Layout) -> None:
    names = ("00/" + "0" * 16 + ".webp", "ff/" + "f" * 16 + ".webp", "me.jpg")
    kept, gone, theirs = (layout.distorted_images / name for name in names)
    for path in (kept, gone, theirs):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    prune(layout, layout.distorted_images, {kept.relative_to(layout.root).as_posix()})
    assert sorted(path for path in layout.distorted_images.rglob("*") if path.is_file()) == [kept, theirs]
    prune(layout, layout.root / "no such folder", set())
