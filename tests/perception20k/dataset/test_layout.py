from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout, image_file


def test_every_path_lies_inside_the_dataset(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    paths = [path for name, path in vars(layout).items() if name != "root"]
    assert len(paths) == len(set(paths)) > 10
    assert all(path.is_relative_to(tmp_path) and path != tmp_path for path in paths)


def test_a_directory_with_a_recipe_is_a_dataset(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.recipe.write_bytes(b"")
    assert layout.require() is layout


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ((), "no such directory.*perception20k build"),
        (("notes.txt",), r"not a Perception20K dataset \(no recipe.parquet\)"),
        (("config.yaml", ".perception20k/journal.sqlite"), "not finished.*perception20k build .*config.yaml --out"),
        (("config.yaml",), "not a Perception20K dataset"),
    ],
)
def test_what_is_no_dataset_is_refused_with_the_reason(tmp_path: Path, there: tuple[str, ...], message: str) -> None:
    root = tmp_path / "d"
    for name in there:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    with pytest.raises(UserError, match=message):
        Layout(root).require()


def test_a_file_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "recipe.parquet").touch()
    with pytest.raises(UserError, match=r"recipe\.parquet: a file, not a dataset's directory"):
        Layout(tmp_path / "recipe.parquet").require()


def test_new_images_lie_in_folders_and_those_of_before_where_they_are(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert not layout.is_flat()
    name = "0123456789abcdef"
    (tmp_path / image_file("source", name, ".jpg")).parent.mkdir(parents=True)
    (tmp_path / image_file("source", name, ".jpg")).touch()
    assert not layout.is_flat()
    (tmp_path / image_file("source", name, ".jpg", flat=True)).touch()
    assert layout.is_flat()
