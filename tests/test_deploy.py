"""The files for other machines, which cannot be run here: what they name exists."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group
from perception20k.core.extras import EXTRAS

DEPLOY = Path(__file__).parents[1] / "deploy"
FILES = sorted(DEPLOY.iterdir())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_options_extras_and_files_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"perception20k (build|review|export|train|publish)\b([^\n]*)", text):
        command = group.get_command(click.Context(group), line[0])
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", line[1])) <= known
    assert "build" in COMMANDS
    for extras in re.findall(r"(?:\.|perception20k)\[([a-z,]+)\]", text):
        assert set(extras.split(",")) <= set(EXTRAS)
    for name in re.findall(r"deploy/([\w.-]+\w)", text):
        assert (DEPLOY / name).is_file()


def test_the_table_lists_every_file() -> None:
    listed = re.findall(r"^\| `([^`]+)`", (DEPLOY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*listed, "README.md"]) == [path.name for path in FILES]


def test_the_slurm_script_and_the_cluster_file_can_be_parsed() -> None:
    bash = shutil.which("bash")
    assert bash
    assert subprocess.run([bash, "-n", DEPLOY / "build.slurm"], check=False).returncode == 0
    cluster = yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text(encoding="utf-8"))
    assert cluster["provider"]["type"] == "local"
