from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from perception20k.core.errors import UserError
from perception20k.dataset.decisions import ReviewState
from perception20k.dataset.records import read_samples, read_sources, write_sources
from perception20k.publish import hub
from perception20k.publish.hub import pack, recipe_card
from tests.perception20k.shareable import KEPT, shareable_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return shareable_dataset(tmp_path / "dataset")


def test_a_parcel_holds_the_dataset_and_nothing_of_the_people_who_reviewed_it(dataset: Path) -> None:
    parcel = pack(dataset)
    assert parcel.kind == "dataset"
    assert {"manifest.json", "recipe.parquet", "shards/train-00000.parquet"} <= set(parcel.sizes)
    assert not [name for name in parcel.sizes if name.startswith(("review/", ".perception20k/"))]
    assert parcel.sizes["README.md"] == (dataset / "README.md").stat().st_size


def test_photos_whose_licence_does_not_allow_it_are_refused_and_the_recipe_is_not(dataset: Path) -> None:
    sources = read_sources(dataset / "sources.parquet")
    write_sources(dataset / "sources.parquet", [replace(sources[0], licence=""), *sources[1:]])
    with pytest.raises(UserError, match=r"licences of 1 source images do not allow altered copies \(1 not stated\)"):
        pack(dataset)
    assert pack(dataset, any_licence=True).kind == "dataset"
    parcel = pack(dataset, recipe_only=True)
    assert parcel.kind == "recipe" and not [name for name in parcel.sizes if "/" in name]


def test_unverified_deletions_a_path_and_an_unfinished_build_are_refused(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"config\.yaml: the path /data/photos"):
        pack(KEPT)
    one = read_samples(dataset / "recipe.parquet")[0].sample_id
    with monkeypatch.context() as patch:
        patch.setattr(hub, "read_review", lambda path: ReviewState(1, unverified=frozenset({one})))
        with pytest.raises(UserError, match="1 deletions have not been verified"):
            pack(dataset, any_licence=True)
    (dataset / "manifest.json").unlink()
    with pytest.raises(UserError, match="the build has not finished"):
        pack(dataset, any_licence=True)


def test_a_model_needs_a_card_and_goes_without_its_checkpoints(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "checkpoint-5/model.safetensors", "optimizer.pt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match="a model without a card"):
        pack(tmp_path)
    (tmp_path / "README.md").write_text("# A model\n")
    parcel = pack(tmp_path)
    assert parcel.kind == "model" and set(parcel.sizes) == {"README.md", "config.json", "model.safetensors"}


def test_the_card_of_a_recipe_names_the_recipe_as_its_data_and_shows_no_picture() -> None:
    card = recipe_card((KEPT / "README.md").read_text())
    about = yaml.safe_load(card.split("---")[1])
    assert about["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "recipe.parquet"}]}
    ]
    assert "![" not in card and "This is the recipe alone" in card
