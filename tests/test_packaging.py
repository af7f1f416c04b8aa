"""The project as it is installed: two wheels, outside the checkout, with everything that commands and docs need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from perception20k.cli import COMMANDS
from tests.wheels import PACKAGES, ROOT, build_library, build_project

LIBRARY = "distortions"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel of the project and that of the library it depends on."""
    folder = tmp_path_factory.mktemp("wheels")
    return build_project(folder / "project"), build_library(folder / "library")


@pytest.fixture(scope="module")
def installed(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both wheels in a folder of their own; their dependencies are those of the tests."""
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*install, *map(str, wheels)], check=True)
    return target


def files_in(wheel: Path) -> set[str]:
    """Every file of a wheel but those about it."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def run(installed: Path, *arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_its_packages_and_no_other(wheels: tuple[Path, Path]) -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files_in(wheels[0]) == there


def test_every_package_says_that_it_is_typed(wheels: tuple[Path, Path]) -> None:
    typed = {name for wheel in wheels for name in files_in(wheel) if name.endswith("py.typed")}
    assert typed == {f"{package}/py.typed" for package in (*PACKAGES, "distortions")}


def test_the_two_wheels_share_no_file_and_the_project_asks_for_the_library(wheels: tuple[Path, Path]) -> None:
    assert files_in(wheels[0]) & files_in(wheels[1]) == set()
    with zipfile.ZipFile(wheels[0]) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        assert "\nRequires-Dist: perception20k-distortions==" in archive.read(name).decode()


def test_the_files_of_the_packages_that_the_docs_name_are_in_the_wheel(wheels: tuple[Path, Path]) -> None:
    docs = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    named = {
        name
        for name in re.findall(rf"\b(?:{'|'.join(PACKAGES)})/[\w/.-]+\.(?:yaml|md|html|sql|json|txt)\b", docs)
        if "NAME" not in name
    }
    assert any(name.endswith("zero3.yaml") for name in named)
    assert named <= files_in(wheels[0])


def test_every_command_teaches_itself_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    script = """
import sys
from click.testing import CliRunner
import annotate_app, distortions, perception20k, trainer
from perception20k.cli import COMMANDS, cli
for package in (annotate_app, distortions, perception20k, trainer):
    assert package.__file__.startswith(sys.argv[1]), package.__file__
for name in COMMANDS:
    print(CliRunner().invoke(cli, [name, "--help"], catch_exceptions=False).output)
"""
    said = run(installed, "-c", script, str(installed), cwd=tmp_path)
    assert [name for name in COMMANDS if f"Usage: cli {name} " not in said] == []
    assert "Build, review" in run(installed, str(installed / "bin" / "perception20k"), "--help", cwd=tmp_path)


def light_packages() -> set[str]:
    """The import names of what `pip install perception20k` brings, with all that this needs in turn."""
    project, library = (
        tomllib.loads((ROOT / path / "pyproject.toml").read_text())["project"] for path in ("", LIBRARY)
    )
    waiting = {*project["dependencies"], *library["dependencies"]}
    found: set[str] = set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name not in {*found, "perception20k-distortions"} and (
            not requirement.marker or requirement.marker.evaluate()
        ):
            found.add(name)
            needed = map(Requirement, metadata.requires(name) or [])
            waiting |= {str(each) for each in needed if "extra" not in str(each.marker)}
    packages = metadata.packages_distributions().items()
    return {name for name, providers in packages if found & {canonicalize_name(each) for each in providers}}


def test_photos_become_a_dataset_and_a_video_is_refused_with_the_light_install_alone(
    installed: Path, tmp_path: Path
) -> None:
    # a finder for every process, those of the workers too, that finds none of the other packages of this environment
    others = {*metadata.packages_distributions()} - light_packages() - {*PACKAGES, "distortions"}
    assert {"scipy", "skimage", "matplotlib", "gradio", "decord", "torch"} <= others
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nOTHERS = {others!r}\n"
        "class Missing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in OTHERS:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    sample = installed / "perception20k" / "sample"
    config = (
        f"sources: [{sample}/%s]\n"
        f"annotations: {{coco: {sample}/instances.json}}\n"
        "score: [{metric: brisque, min: 1}]\n"
    )
    for name in ("nuthatch.jpg", "dog_indoors.mp4"):
        (tmp_path / f"{name}.yaml").write_text(config % name)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{installed}"}

    def build(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "perception20k", "build", f"{name}.yaml", "--workers", "2", "--out", name[:3]]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    photo, video = build("nuthatch.jpg"), build("dog_indoors.mp4")
    assert "from 1 source images" in photo.stdout, photo.stderr
    assert "the charts need matplotlib: pip install 'perception20k[plots]'" in photo.stdout
    assert {path.name for path in (tmp_path / "nut" / "figures").iterdir()} == {
        "examples.png",
        "objects.png",
        "samples-01.png",
    }
    assert "pip install 'perception20k[video]'" in video.stderr and video.returncode == 1


def test_the_demo_builds_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = ["-m", "perception20k", "build", "--limit", "2", "--workers", "1", "--out", "demo"]
    assert "samples from 2 source images" in run(installed, *command, cwd=tmp_path)
    assert "all digests match" in run(installed, "-m", "perception20k", "verify", "demo", cwd=tmp_path)
