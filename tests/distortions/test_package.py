"""The distribution perception20k-distortions: what is in it, what it asks for, and that nothing else owns it."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from setuptools import find_packages

import distortions
from tests.wheels import build_library

ROOT = Path(__file__).parents[2]


def declared(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def test_the_project_depends_on_the_library_and_does_not_ship_it() -> None:
    whole = declared("pyproject.toml")
    minor = ".".join(distortions.__version__.split(".")[:2])
    assert f"perception20k-distortions=={minor}.*" in whole["project"]["dependencies"]
    shipped = find_packages(str(ROOT), include=whole["tool"]["setuptools"]["packages"]["find"]["include"])
    assert "perception20k" in shipped and "distortions" not in shipped


def test_the_library_asks_for_numpy_opencv_and_pillow_alone() -> None:
    own, whole = declared("distortions/pyproject.toml")["project"], declared("pyproject.toml")["project"]
    names = [requirement.partition(">")[0] for requirement in own["dependencies"]]
    assert names == ["numpy", "opencv-python-headless", "pillow"]
    assert set(own["dependencies"]) <= set(whole["dependencies"]), "the two disagree on versions"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_the_wheel_holds_every_module_its_types_and_the_licence(wheel: Path) -> None:
    assert wheel.name == f"perception20k_distortions-{distortions.__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {f"distortions/{path.name}" for path in (ROOT / "distortions").glob("*.py")}
    assert modules | {"distortions/py.typed"} == {name for name in names if name.startswith("distortions/")}
    assert any(name.endswith("/LICENSE") for name in names)


def test_importing_the_library_imports_nothing_slow() -> None:
    def loaded(*imported: str) -> set[str]:
        script = f"import sys, {', '.join(imported)}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    more = {name.partition(".")[0] for name in loaded("distortions") - loaded("numpy", "cv2")}
    small = {"dataclasses", "bisect", "_bisect"}  # of the standard library
    assert more - small == {"distortions", "numpy"}, "import what only some types need where they need it"


@pytest.mark.slow
def test_the_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = """
import distortions, numpy
flat = numpy.full((9, 9, 3), 77, "u1")
print(distortions.__file__, distortions.distort(flat, "pixelate", 3).mean())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(tmp_path / "distortions" / "__init__.py"), "77.0"], done.stderr
