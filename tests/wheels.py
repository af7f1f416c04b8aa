"""The distributions' wheels, built from copies so that the checkout stays clean."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist")
PACKAGES = ("annotate_app", "perception20k", "trainer")


def build_wheel(names: Iterable[str], source: Path, folder: Path) -> Path:
    """Build the wheel of the project in ``source``, of whose files ``names`` are enough; it is put in ``folder``."""
    copy = folder / "source"
    copy.mkdir(parents=True)
    for name in names:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=MADE)
        else:
            shutil.copy(path, copy / name)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*build, "-w", str(folder), str(copy)], check=True)
    return next(folder.glob("*.whl"))


def build_library(folder: Path) -> Path:
    """The wheel of perception20k-distortions."""
    library = ROOT / "distortions"
    return build_wheel([path.name for path in library.iterdir() if path.is_file()], library, folder)


def build_project(folder: Path) -> Path:
    """The wheel of perception20k."""
    return build_wheel(["pyproject.toml", "README.md", "LICENSE", *PACKAGES], ROOT, folder)
