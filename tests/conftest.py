"""What the tests of every room share: real photos, and one real dataset built from them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run beside each other; threads of each would wait on the other's
SAMPLE_PHOTOS = Path(str(files("perception20k") / "sample"))

BUILD_CONFIG = f"""\
sources:
- {SAMPLE_PHOTOS}/nuthatch.jpg
- {SAMPLE_PHOTOS}/salon.png
- {SAMPLE_PHOTOS}/tulips.png
- {SAMPLE_PHOTOS}/dog_indoors.mp4
- {SAMPLE_PHOTOS}/coffee.png
- {SAMPLE_PHOTOS}/astronaut.png
annotations: {{coco: package:perception20k/sample/instances.json}}
score: null
samples_per_object: 5
max_frames_per_video: 1
test_fraction: 0.2
seed: 7
"""

SLOW_FIXTURES = {"built_dataset", "chromium", "cli", "tiny"}
"""What takes seconds by itself: a build, a browser, a process, a model."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a module of slow tests alone where they are left out: importing torch or Gradio takes seconds too."""
    if config.option.markexpr != "not slow" or not collection_path.match("test_*.py"):
        return None
    return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text(encoding="utf-8") or None


LONGEST = [
    *("test_train", "test_build", "test_curation", "test_examples", "test_page", "test_outbox", "test_screens"),
    *("test_annotate_page", "test_learn_to_see", "test_ray", "test_packaging", "test_annotate", "test_proposals"),
]
"""Modules that take longest, the first of all to be run: each goes to one worker, and none should be the last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use one of the slow fixtures; begin with the longest modules."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of photos that ship with the project."""
    return SAMPLE_PHOTOS


def run_cli(*args: str | Path, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a user runs it."""
    command = [sys.executable, "-m", "perception20k", *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)
    if check:
        assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="session")
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``perception20k ARGS``; ``check=False`` lets it fail."""
    return run_cli


@pytest.fixture(scope="session")
def built_dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real dataset, made by ``perception20k build`` from real photos. Read only: copy it to change it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # one build for all workers
    root = shared / "built" / "dataset"
    root.parent.mkdir(exist_ok=True)
    with (root.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "manifest.json").exists():
            config = root.parent / "config.yaml"
            config.write_text(BUILD_CONFIG)
            run_cli("build", config, "--out", root, "--workers", "2")
    yield root
