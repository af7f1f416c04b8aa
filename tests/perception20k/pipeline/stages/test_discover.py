import inspect
import sys
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.pipeline.stages.discover import discover


def names(*specs: str | Path) -> list[str]:
    return [file.name for file in discover(tuple(map(str, specs)))]


@pytest.fixture
def tree(tmp_path: Path, photos: Path) -> Path:
    for name in ("b/z.JPG", "a.png", "c.txt", "b/clip.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_its_whole_tree_in_sorted_order(tree: Path) -> None:
    assert names(tree) == ["a.png", "b/clip.mp4", "b/z.JPG"]


def test_media_of_types_that_are_not_read_are_told_and_other_files_are_not(tree: Path) -> None:
    for name in ("b/film.MPG", "b/raw.dng", "all.zip", "labels.json"):
        (tree / name).write_bytes(b"x")
    unread: list[str] = []
    assert names(tree) == ["a.png", "b/clip.mp4", "b/z.JPG"]
    list(discover((str(tree),), unread=lambda file: unread.append(file.name)))
    assert unread == ["all.zip", "b/film.MPG", "b/raw.dng"]
    with pytest.raises(UserError, match=r"no photo or video found. Files of the type .zip are not read"):
        names(tree / "all.zip")


@pytest.mark.parametrize("suffix", [".heic", ".HIF", ".jfif", ".jxl", ".ppm"])
def test_less_common_photos_are_found(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    assert names(tmp_path) == [f"a{suffix}"]


def test_files_globs_and_packages_are_sources_and_nothing_comes_twice(tree: Path) -> None:
    assert names(tree / "b" / "z.JPG", tree / "*.png", tree) == ["z.JPG", "a.png", "b/clip.mp4"]
    assert names("package:skimage/data/coffee.png") == ["coffee.png"]


def test_a_list_names_files_beside_it_one_a_line(tree: Path) -> None:
    (tree / "lists").mkdir()
    (tree / "lists" / "mine.txt").write_text(f"../a.png\n\n{tree}/b/z.JPG\n../gone.png\n")
    assert names(tree / "lists" / "mine.txt") == ["../a.png", "z.JPG", "../gone.png"]


def test_folders_behind_links_are_not_followed_and_links_to_photos_are_taken(tree: Path) -> None:
    (tree / "b" / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "b" / "link.png").symlink_to("../a.png")
    assert names(tree) == ["a.png", "b/clip.mp4", "b/link.png", "b/z.JPG"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere", "nowhere: no such file or folder"),
        ("*.xyz", "no photo or video found"),
        ("package:no_such_package/a.png", "the package 'no_such_package' is not installed"),
    ],
)
def test_a_source_that_is_not_there_is_named(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=r"Check|installed") as caught:
        names(spec)
    assert message in str(caught.value)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "c/b/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names(*(tmp_path / name for name in ("a", "b", "c/b"))) == ["x.png", "b/x.png", "c/b/x.png"]
    assert names(tmp_path / "*" / "x.png") == ["a/x.png", "b/x.png"]


def test_a_glob_below_a_folder_with_brackets_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "photos [v2]").mkdir()
    (tmp_path / "photos [v2]" / "x.png").write_bytes(b"x")
    assert names(tmp_path / "photos [v2]" / "*.png") == ["x.png"]


def test_a_list_may_come_from_a_windows_editor(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("a.png\r\nb.png\r\n".encode("utf-8-sig"))
    assert names(tmp_path / "list.txt") == ["a.png", "b.png"]


def test_folders_may_lie_deeper_than_pythons_stack(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 100)
    deep.mkdir(parents=True)
    (deep / "x.png").write_bytes(b"x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 60)
    try:
        found = names(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert found == ["d/" * 100 + "x.png"]


def test_a_dataset_inside_a_source_is_no_source(tmp_path: Path) -> None:
    for name in ("a.png", "dataset/images/source/b.png", "dataset-2/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for spec in (str(tmp_path), str(tmp_path / "**" / "*.png")):
        found = [file.name for file in discover((spec,), without=tmp_path / "dataset")]
        assert found == ["a.png", "dataset-2/c.png"]
