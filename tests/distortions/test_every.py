import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distortions import SEVERITY_LEVELS, DistortionError, catalog, distort
from distortions.every import write_every

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_every_type_is_written_at_every_severity_with_its_exact_pixels(photo: Path, tmp_path: Path) -> None:
    paths = write_every(photo, tmp_path / "all", preset="kadid-10k", seed=3)
    assert [path.name for path in paths] == [f"{e.type}-{s}.png" for e in catalog("kadid-10k") for s in SEVERITY_LEVELS]
    with Image.open(photo) as source, Image.open(tmp_path / "all" / "color_diffusion-4.png") as one:
        expected = distort(np.array(source), "color_diffusion", 4, seed=3, preset="kadid-10k")
        assert np.array_equal(np.array(one), expected)


def test_files_that_are_there_are_kept(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="the folder is not empty"):
        write_every(photo, tmp_path)
    with pytest.raises(DistortionError):
        write_every(photo, tmp_path / "none", preset="kadid")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_the_module_writes_them_from_the_command_line(photo: Path) -> None:
    command = [sys.executable, "-m", "distortions", str(photo)]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "175 files in" in run("--all").stdout
    assert len(list(photo.with_name("photo-distorted").iterdir())) == 175
    again = run("--all")
    assert again.returncode == 2 and "the folder is not empty" in again.stderr
    assert "--all" in run().stderr
