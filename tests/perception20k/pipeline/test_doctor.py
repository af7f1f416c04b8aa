"""The doctor sees what is missing or stale, and never a secret."""

import json
import shlex
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from perception20k.core.extras import EXTRAS
from perception20k.models.api_keys import KEYS
from perception20k.pipeline.doctor import examine, installation

KEPT = Path(__file__).parents[2] / "data" / "dataset-0.1"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A copy of the dataset kept for the tests: 12 samples, all reviewed, one deleted, exported since."""
    shutil.copytree(KEPT, tmp_path / "dataset")
    return tmp_path / "dataset"


def test_an_installation_tells_which_keys_are_set_and_not_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret")
    (tmp_path / "weights").write_bytes(b"x" * 1000)
    found = installation(tmp_path)
    assert found.keys == {name: name == "OPENAI_API_KEY" for name in KEYS}
    assert "verysecret" not in json.dumps(asdict(found))
    assert found.caches_gb[str(tmp_path)] == 1e-6
    assert set(found.extras) == set(EXTRAS) and found.free_gb > 0


def test_an_extra_that_is_missing_names_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "plots", ("json", "no_such_package"))
    assert installation(tmp_path).extras["plots"] == ["no_such_package"]


def test_a_reviewed_and_exported_dataset_is_ready_to_train_on(dataset: Path) -> None:
    found = examine(dataset)
    assert (found.state, found.samples, found.reviewed, found.deleted, found.problems) == ("reviewed", 12, 12, 1, [])
    assert found.next.startswith(f"perception20k train refine-iqa-stage1 --data {dataset}")


def test_without_its_review_the_export_is_stale(dataset: Path) -> None:
    (dataset / "review" / "decisions.sqlite").unlink()
    found = examine(dataset)
    assert found.state == "stale" and found.next.startswith(f"perception20k export {dataset}")


@pytest.mark.parametrize(
    ("pattern", "command"), [("images/distorted/*", "perception20k build"), ("stats.json", "perception20k export")]
)
def test_missing_files_are_named_with_the_command_that_makes_them(dataset: Path, pattern: str, command: str) -> None:
    gone = min(dataset.glob(pattern))
    gone.unlink()
    found = examine(dataset)
    assert found.state == "damaged" and found.next.startswith(command)
    assert found.problems == [f"{gone.relative_to(dataset)}: missing"]


def test_an_unfinished_build_is_run_again_and_an_empty_folder_is_no_dataset(dataset: Path, tmp_path: Path) -> None:
    (dataset / "manifest.json").unlink()
    assert examine(dataset).state == "unfinished"
    assert examine(dataset).next.startswith("perception20k build") and examine(dataset).next.endswith(str(dataset))
    assert examine(tmp_path / "none").state == "no dataset"


def test_the_next_command_can_be_pasted_whatever_the_folder_is_called(dataset: Path) -> None:
    odd = dataset.rename(dataset.with_name("my 'first' set"))
    ready = shlex.split(examine(odd).next)
    (odd / "manifest.json").unlink()
    unfinished = shlex.split(examine(odd).next)
    assert ready[1] == "train" and str(odd) in ready
    assert unfinished[1] == "build" and str(odd) in unfinished
