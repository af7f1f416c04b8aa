"""Every example runs as its docstring says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

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


def test_learn_on_the_fly(photos: Path) -> None:
    said = run("examples/learn_on_the_fly.py", photos, "--steps", "3", "--batch", "8", "--test", "16")
    assert "held out, 3 steps" in said
    shares = [float(line.rpartition(" ")[2]) for line in said.splitlines()[1:]]
    assert len(shares) == 3 and all(0 <= share <= 1 for share in shares)


def test_the_notebook_prints_what_it_shows(tmp_path: Path) -> None:
    """What the build itself says aside, whose words may change."""
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    script = "\nprint(end='\\f')\n".join("".join(cell["source"]) for cell in cells)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = ["".join("".join(output.get("text", "")) for output in cell["outputs"]) for cell in cells]
    assert done.stdout.split("\f")[1:] == shown[1:]
    assert (tmp_path / "quickstart" / "manifest.json").is_file()


def test_learn_to_see_runs_from_photos_to_tables(photos: Path, tmp_path: Path) -> None:
    few = tmp_path / "photos"
    few.mkdir()
    for name in ("city.jpg", "clock.jpg", "drum_room.jpg", "nuthatch.jpg"):
        shutil.copy(photos / name, few)
    sizes = "--look-steps 1 --compare-steps 1 --mosaics 8 --supervised 32 --crops 6 --rated 12 --prompts 1 --samples 1"
    steps = "--seeds 0 --stage1-steps 2 --stage2-steps 1 --every 2"
    out = tmp_path / "out"
    said = run("-m", "examples.learn_to_see", "--photos", few, "--out", out, *sizes.split(), *steps.split())
    for table in ("Stage 1 on unseen photos", "Stage 2 on unseen photos", "blind constant", "shuffled images"):
        assert table in said
    for name in ("learning.png", "confusion.png", "unseen.png"):
        with Image.open(tmp_path / "out" / "report" / name) as picture:
            assert picture.size > (400, 200)
