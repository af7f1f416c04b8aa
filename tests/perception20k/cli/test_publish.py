"""To a hub and back, against a server on this machine that speaks the hub's protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.annotate_app.browser import free_port
from tests.perception20k.hub_server import HubServer, hub_server
from tests.perception20k.shareable import shareable_dataset

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


@pytest.fixture
def run(hub: HubServer, tmp_path: Path) -> Run:
    """A command in a process of its own that knows no other hub; its first argument may be a script of Python."""

    def run(*arguments: str | Path, token: str = "hf_of_the_tests") -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment = {**clean, **hub.environment(str(tmp_path / "home"), token), "PYTHONPATH": str(ROOT)}
        way = ["-c"] if "\n" in str(arguments[0]) else ["-m", "perception20k"]
        command = [sys.executable, *way, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_dataset_goes_to_the_hub_is_loaded_from_there_and_comes_back_whole(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    dataset = shareable_dataset(tmp_path / "dataset")
    listed = run("publish", dataset, "lab/set", "--dry-run")
    assert "Nothing was sent. lab/set would be private" in listed.stdout and hub.files == {}
    sent = run("publish", dataset, "lab/set")
    assert f"Sent: {hub.url}/datasets/lab/set" in sent.stdout, sent.stderr
    assert hub.private == {"datasets/lab/set": True}
    assert not [name for name in hub.files["datasets/lab/set"] if name.startswith((".perception20k", "review"))]
    again = run("publish", dataset, "lab/set")
    assert again.returncode == 0 and len(hub.sent) == 1  # nothing has changed

    back = run("fetch", "lab/set", "--out", tmp_path / "back")
    assert "all digests match" in back.stdout, back.stderr
    for path in (tmp_path / "back").rglob("*.*"):
        assert path.read_bytes() == (dataset / path.relative_to(tmp_path / "back")).read_bytes()
    loaded = run(
        "from datasets import load_dataset\nparts = load_dataset('lab/set')\n"
        "print(sorted((name, len(rows)) for name, rows in parts.items()), parts['train'][0]['images'][0].size)"
    )
    assert loaded.stdout == "[('test', 16), ('train', 28)] (64, 64)\n", loaded.stderr

    hub.files["datasets/lab/set"]["stats.json"] = b"{}"
    damaged = run("fetch", "lab/set", "--out", tmp_path / "damaged")
    assert damaged.returncode == 1 and "stats.json: the bytes differ" in damaged.stdout
    stranger = run("fetch", "lab/set", "--out", tmp_path / "stranger", token="")
    assert stranger.returncode == 1 and "lab/set: no such repository, or no access to it" in stranger.stderr


def test_an_upload_that_broke_off_goes_on_with_the_rest(hub: HubServer, run: Run, tmp_path: Path) -> None:
    dataset = shareable_dataset(tmp_path / "dataset")
    hub.room = 8
    broken = run("publish", dataset, "lab/set")
    assert broken.returncode == 1 and "Run the same command again to resume" in broken.stderr
    assert "Traceback" not in broken.stderr and len(hub.large) == 8 and hub.sent == []
    hub.room = None
    sent = run("publish", dataset, "lab/set")
    assert f"Sent: {hub.url}/datasets/lab/set" in sent.stdout, sent.stderr
    assert len(hub.received) == len(set(hub.received)) > 8  # nothing came twice
    back = run("fetch", "lab/set", "--out", tmp_path / "back")
    assert "all digests match" in back.stdout, back.stderr


def test_a_hub_that_does_not_answer_is_told_in_a_line(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.url = f"http://127.0.0.1:{free_port()}"
    done = run("publish", shareable_dataset(tmp_path / "dataset"), "lab/set")
    assert done.returncode == 1 and "Run the same command again" in done.stderr and "Traceback" not in done.stderr


def test_a_recipe_goes_without_photos_and_is_verified_when_it_comes_back(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    dataset = shareable_dataset(tmp_path / "dataset")
    run("publish", dataset, "lab/recipe", "--recipe-only", "--public")
    assert hub.private == {"datasets/lab/recipe": False}
    names = set(hub.files["datasets/lab/recipe"])
    assert names == {"README.md", "recipe.json", "recipe.parquet", "sources.parquet", "stats.json"}
    back = run("fetch", "lab/recipe", "--out", tmp_path / "back")
    assert "all digests match" in back.stdout and "perception20k rebuild" in back.stdout, back.stderr
    hub.files["datasets/lab/recipe"]["recipe.parquet"] += b"x"
    damaged = run("fetch", "lab/recipe", "--out", tmp_path / "damaged")
    assert damaged.returncode == 1 and "recipe.parquet: the bytes differ from those sent" in damaged.stdout


def test_a_model_goes_with_its_card(hub: HubServer, run: Run, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name, text in {"config.json": "{}", "README.md": "# Mine\n", "model.safetensors": "weights"}.items():
        (model / name).write_text(text)
    assert run("publish", model, "lab/model").returncode == 0
    assert set(hub.files["models/lab/model"]) == {"config.json", "README.md", "model.safetensors"}


def test_a_name_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("publish", shareable_dataset(tmp_path / "dataset"), "lab//set", "--recipe-only")
    assert done.returncode == 2 and "Write it as NAME/REPO" in done.stderr
