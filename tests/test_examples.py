"""Every example runs as its docstring says."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]


def run(*command: str | Path) -> str:
    command = (sys.executable, *map(str, command))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_photo(photos: Path, tmp_path: Path) -> None:
    said = run("examples/one_photo.py", photos / "salon.png", tmp_path / "strip.png")
    assert "5 catastrophic: {'radius': 20" in said
    with Image.open(tmp_path / "strip.png") as strip:
        assert strip.size == (6 * 676, 449)


def test_read_shards(built_dataset: Path) -> None:
    said = run("examples/read_shards.py", built_dataset)
    assert all(f"[{task}, {mode}]" in said for task in ("description", "grounding") for mode in ("fr", "nr"))


def test_learn_tiny_runs_from_photos_to_pictures(tmp_path: Path) -> None:
    said = run("-m", "examples.learn_tiny", "--out", tmp_path / "out", "--passes", "1", "--steps", "2")
    assert "grounding/nr/reward" in said
    assert "with the probability difference" in said
    for name in ("rewards.png", "answers.png", "thinking.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.size > (600, 300)
