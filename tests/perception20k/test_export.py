import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlcroissant
import pytest
import yaml

from perception20k.decisions import ReviewState
from perception20k.export import export_dataset, review_counts
from perception20k.layout import Layout
from perception20k.records import read_samples
from tests.perception20k.samples import BLANK

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dataset(built_dataset: Path, tmp_path: Path) -> Layout:
    """A copy that may be changed."""
    shutil.copytree(built_dataset, tmp_path / "dataset")
    return Layout(tmp_path / "dataset")


def test_an_export_that_is_up_to_date_does_nothing(dataset: Layout) -> None:
    before = dataset.manifest.stat().st_mtime_ns
    assert not export_dataset(dataset.root, say=lambda _: None).changed
    assert dataset.manifest.stat().st_mtime_ns == before


def test_an_export_again_gives_the_same_bytes(dataset: Layout, built_dataset: Path) -> None:
    dataset.manifest.unlink()
    shutil.rmtree(dataset.shards)
    export_dataset(dataset.root, say=lambda _: None)
    assert dataset.manifest.read_bytes() == Layout(built_dataset).manifest.read_bytes()


def test_the_card_has_valid_metadata_and_numbers_from_the_data(built_dataset: Path) -> None:
    layout = Layout(built_dataset)
    _, header, text = layout.card.read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(header)
    assert metadata["configs"][0]["data_files"][0] == {"split": "train", "path": "shards/train-*.parquet"}
    samples = read_samples(layout.recipe)
    assert f"{len(samples)} locally distorted images" in text
    assert f"none of the {len(samples)} samples has been seen by a person yet" in text
    assert "CC-BY-SA-4.0" in text and "Joao Eriberto Mota Filho" in text


def test_croissant_is_valid(built_dataset: Path) -> None:
    path = Layout(built_dataset).croissant
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert not dataset.metadata.ctx.issues.errors
    records = {record_set.id for record_set in dataset.metadata.record_sets}
    assert records == {"recipe", "sources", "rft"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mlcroissant calls pandas in a way it will drop
def test_croissant_reads_the_recipe(built_dataset: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=str(Layout(built_dataset).croissant))
    first = next(iter(dataset.records("recipe")))
    ids = {s.sample_id for s in read_samples(Layout(built_dataset).recipe)}
    assert first["recipe/sample_id"].decode() in ids


def test_counts_of_a_review() -> None:
    state = ReviewState(
        reviewed=3,
        kept=frozenset({"a", "gone"}),
        deleted=frozenset({"b"}),
        unverified=frozenset({"c"}),
        flagged=frozenset(),
    )
    samples = [replace(BLANK, sample_id=name) for name in "abcde"]
    assert review_counts(samples, state) == {
        "samples": 5,
        "reviewed": 3,
        "kept": 1,
        "deleted": 2,
        "unverified": 1,
        "unreviewed": 2,
    }
