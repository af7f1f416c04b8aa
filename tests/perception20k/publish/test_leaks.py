from dataclasses import replace
from pathlib import Path

import pytest

from perception20k.dataset.records import Source, read_samples, write_samples
from perception20k.publish.leaks import not_to_share, paths_and_keys
from tests.perception20k.shareable import shareable_dataset

SOURCE = Source("0" * 16, "images/source/a.jpg", "", 8, 8, "a.jpg")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sources: [/home/ann/photos]", "notes.yaml: the path /home/ann/photos] of this machine"),
        ("file:///mnt/disk/x", None),  # an address, not a path of its own
        ("see https://example.org/home/page", None),
        ("images/source/a.jpg and data/b.jpg", None),
        (r"C:\\Users\\ann\\photos", r"notes.yaml: the path C:\\Users\\ann of this machine"),
        ("key: sk-abcdefghijklmnopqrstuvwx", "notes.yaml: an API key"),
        ("token hf_abcdefghijklmnopqrstuvwx", "notes.yaml: an API key"),
        ("ask-nobody for the risk-free rate", None),
    ],
)
def test_paths_and_keys_are_found_in_text(tmp_path: Path, text: str, found: str | None) -> None:
    (tmp_path / "notes.yaml").write_text(text)
    assert list(paths_and_keys(tmp_path, ["notes.yaml"])) == ([found] if found else [])


def test_a_key_of_the_environment_is_found_and_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-no-known-form")
    (tmp_path / "a.jsonl").write_text("the server said of-no-known-form")
    assert list(paths_and_keys(tmp_path, ["a.jsonl"])) == ["a.jsonl: an API key"]


def test_a_path_in_a_table_is_found(tmp_path: Path) -> None:

    root = shareable_dataset(tmp_path / "d")
    samples = read_samples(root / "recipe.parquet")
    assert list(paths_and_keys(root, ["recipe.parquet", "sources.parquet"])) == []
    write_samples(root / "recipe.parquet", [replace(samples[0], origin="/home/ann/a.jpg")])
    assert list(paths_and_keys(root, ["recipe.parquet"])) == [
        "recipe.parquet: the path /home/ann/a.jpg of this machine"
    ]


@pytest.mark.parametrize("licence", ["CC0-1.0", "CC-BY-SA-4.0", "public domain", "BSD-3-Clause", "CC BY-NC 4.0"])
def test_a_free_licence_allows_altered_copies(licence: str) -> None:
    assert not_to_share([replace(SOURCE, licence=licence)]) == {}


@pytest.mark.parametrize("licence", ["CC-BY-ND-4.0", "CC BY-NC-ND 4.0", "all rights reserved", "permitted use"])
def test_another_does_not(licence: str) -> None:
    assert not_to_share([replace(SOURCE, licence=licence)] * 2) == {licence: 2}


def test_nor_does_one_that_is_not_stated() -> None:
    assert not_to_share([SOURCE]) == {"not stated": 1}
