import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, read_sources, write_samples
from perception20k.imaging.versions import pixel_versions
from perception20k.pipeline.rebuild import rebuild

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_recipe_and_photos_alone_give_the_same_files(built_dataset: Path, photos: Path, tmp_path: Path) -> None:
    layout = Layout(built_dataset)
    result = rebuild(layout.recipe, (str(photos),), tmp_path / "o")
    samples = read_samples(layout.recipe)
    assert (result.made, result.problems) == (len(samples), [])
    for sample in samples:
        assert (tmp_path / "o" / sample.file).read_bytes() == (layout.root / sample.file).read_bytes()


def test_renamed_photos_are_found_by_their_pixels(built_dataset: Path, tmp_path: Path) -> None:
    layout = Layout(built_dataset)
    (tmp_path / "renamed").mkdir()
    for number, source in enumerate(read_sources(layout.sources)):
        old = layout.root / source.file
        shutil.copy(old, tmp_path / "renamed" / f"{number}{old.suffix}")
    result = rebuild(layout.recipe, (str(tmp_path / "renamed"),), tmp_path / "out")
    assert result.problems == []


def test_a_missing_photo_is_named_and_the_others_are_made(
    built_dataset: Path, photos: Path, tmp_path: Path, cli: Cli
) -> None:
    layout = Layout(built_dataset)
    others = shutil.copytree(photos, tmp_path / "photos", ignore=shutil.ignore_patterns("coffee.png"))
    done = cli("rebuild", layout.recipe, "--sources", others, "--out", tmp_path / "o", check=False)
    lost = [s for s in read_samples(layout.recipe) if s.origin == "coffee.png"]
    assert lost and done.returncode == 1
    assert all(f"{s.sample_id}: no source file holds image {s.image_id}" in done.stdout for s in lost)
    made = len(read_samples(layout.recipe)) - len(lost)
    assert len(list((tmp_path / "o" / "images" / "distorted").glob("*/*"))) == made > 0


def test_a_recipe_that_makes_other_pixels_is_caught(built_dataset: Path, tmp_path: Path) -> None:
    layout = Layout(built_dataset)
    table = pq.read_table(layout.recipe)
    place = table.schema.get_field_index("severity")
    wrong = pa.array([(s % 5) + 1 for s in table["severity"].to_pylist()], pa.int8())
    pq.write_table(table.set_column(place, "severity", wrong), tmp_path / "recipe.parquet")
    result = rebuild(tmp_path / "recipe.parquet", (str(layout.source_images),), tmp_path / "out")
    assert result.made == 0
    assert "differ from the recipe's digest (made with the same versions)" in result.problems[0]


def test_a_rebuild_with_other_versions_names_them(built_dataset: Path, tmp_path: Path) -> None:
    layout = Layout(built_dataset)
    samples = read_samples(layout.recipe)
    assert all(sample.made_with == pixel_versions() for sample in samples)
    other = [replace(s, pixels_sha256="0" * 64, made_with={**s.made_with, "numpy": "1.0"}) for s in samples[:1]]
    write_samples(tmp_path / "recipe.parquet", other)
    result = rebuild(tmp_path / "recipe.parquet", (str(layout.source_images),), tmp_path / "out")
    assert f"(made with numpy 1.0, here {pixel_versions()['numpy']})" in result.problems[0]


@pytest.mark.parametrize("content", [None, b"not parquet"])
def test_a_bad_recipe_is_one_line(tmp_path: Path, photos: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "r.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"r\.parquet: (no such|not a) recipe"):
        rebuild(tmp_path / "r.parquet", (str(photos),), tmp_path / "out")


def test_a_dataset_in_place_of_its_recipe_is_told_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path}: a folder. Name its recipe: {tmp_path}/recipe.parquet"):
        rebuild(tmp_path, (str(tmp_path),), tmp_path / "out")


def test_a_folder_with_files_is_not_written_to(built_dataset: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        rebuild(Layout(built_dataset).recipe, (str(photos),), tmp_path)


def test_a_keyframes_video_is_found_whatever_folders_its_name_has(
    built_dataset: Path, photos: Path, tmp_path: Path
) -> None:
    frames = [s for s in read_samples(Layout(built_dataset).recipe) if "#frame=" in s.origin]
    assert frames
    write_samples(tmp_path / "recipe.parquet", [replace(s, origin=f"q/{s.origin}") for s in frames])
    result = rebuild(tmp_path / "recipe.parquet", (str(photos),), tmp_path / "out")
    assert (result.made, result.problems) == (len(frames), [])


def test_photos_that_were_scaled_down_are_scaled_again(tmp_path: Path, photos: Path, cli: Cli) -> None:
    (tmp_path / "my.yaml").write_text(
        f"sources: [{photos}/salon.png, {photos}/tulips.png]\nscore: null\nmax_side: 400\ntest_fraction: 0\n"
        "annotations: {coco: package:perception20k/sample/instances.json}\n"
    )
    cli("build", tmp_path / "my.yaml", "--out", tmp_path / "d", "--workers", "1")
    layout = Layout(tmp_path / "d")
    samples = read_samples(layout.recipe)
    assert {max(s.width, s.height) for s in samples} == {400}
    result = rebuild(layout.recipe, (f"{photos}/salon.png", f"{photos}/tulips.png"), tmp_path / "named")
    assert (result.made, result.problems) == (len(samples), [])
    shutil.copy(photos / "salon.png", tmp_path / "1.png")
    shutil.copy(photos / "tulips.png", tmp_path / "2.png")
    renamed = rebuild(layout.recipe, (str(tmp_path / "*.png"),), tmp_path / "found")
    assert (renamed.made, renamed.problems) == (len(samples), [])
