import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, read_sources
from perception20k.pipeline.verify import verify
from perception20k.publish.export import export_dataset

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dataset(built_dataset: Path, tmp_path: Path) -> Layout:
    shutil.copytree(built_dataset, tmp_path / "dataset")
    return Layout(tmp_path / "dataset")


def test_a_whole_dataset_agrees_and_can_be_made_again(built_dataset: Path) -> None:
    assert verify(built_dataset, remade=True, reporter=SILENT) == []


def test_every_kind_of_damage_is_named(dataset: Layout) -> None:
    samples = read_samples(dataset.recipe)
    (dataset.root / samples[0].file).unlink()
    path = dataset.root / samples[1].file
    path.write_bytes(path.read_bytes()[:100])
    with Image.open(dataset.root / samples[2].file) as image:
        pixels = np.array(image)
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(dataset.root / samples[2].file, lossless=True)
    source = read_sources(dataset.sources)[0]
    shutil.copy(dataset.root / samples[-1].file, dataset.root / source.file)
    (dataset.root / "shards" / "stray.parquet").write_bytes(b"")
    problems = verify(dataset.root, reporter=SILENT)
    expected = [
        f"{samples[0].file}: missing",
        f"{samples[1].file}: the bytes differ from the manifest's digest",
        f"{samples[2].file}: the pixels differ from the recipe's digest",
        f"{source.file}: the pixels are not those of image {source.image_id}",
        "shards/stray.parquet: not in the manifest",
    ]
    assert set(expected) <= set(problems)
    assert any(p.startswith(f"{samples[1].file}: damaged image") for p in problems)


@pytest.mark.parametrize("name", ["recipe.parquet", "sources.parquet"])
@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_damaged_table_is_named_and_what_it_says_is_not_believed(dataset: Layout, name: str, how: str) -> None:
    path = dataset.root / name
    data = bytearray(path.read_bytes())
    for place in range(100, 1000, 7):
        data[place] ^= 0xFF
    path.write_bytes(data if how == "flipped" else data[:1000])
    assert verify(dataset.root, reporter=SILENT) == [
        f"{name}: the bytes differ from the manifest's digest",
        f"the pixels were not compared, because {name} cannot be relied on",
    ]
    with pytest.raises(UserError, match=f"{name}: not a .*, or damaged.*delete it and run the same build again"):
        export_dataset(dataset.root, reporter=SILENT)


def test_the_command_exits_with_1_on_damage_and_0_without(dataset: Layout, cli: Cli) -> None:
    assert "all digests match" in cli("verify", dataset.root).stdout
    dataset.stats.write_text("{}")
    done = cli("verify", dataset.root, check=False)
    assert done.returncode == 1
    assert "stats.json: the bytes differ" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("perception20k: ")


@pytest.mark.parametrize("remove", ["manifest.json", "recipe.parquet"])
def test_an_unfinished_build_is_not_verified(dataset: Layout, remove: str) -> None:
    (dataset.root / remove).unlink()
    with pytest.raises(UserError, match="has not finished"):
        verify(dataset.root)


def test_a_directory_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a Perception20K dataset"):
        verify(tmp_path)
    with pytest.raises(UserError, match="no such directory"):
        verify(tmp_path / "none")
