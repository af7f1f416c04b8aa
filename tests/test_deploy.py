"""The files for other machines: what they name exists, and what can be played here does its work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group
from perception20k.core.extras import EXTRAS
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples

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


SHIMS = {
    "scontrol": "echo node-1 && echo node-2",
    "srun": 'echo "$@" >> srun.log && exec "$@"',
    # Ray itself would stop any other Ray on this machine: only the command it runs is run.
    "ray": 'while [[ $1 != -- ]]; do shift; done; shift; exec "$@"',
    "perception20k": f'exec {sys.executable} -m perception20k "${{@/ray/local}}"',
}


@pytest.mark.slow
def test_the_slurm_script_builds_with_the_commands_of_slurm_played(tmp_path: Path, photos: Path) -> None:
    for name, body in SHIMS.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    photo = f"sources: [{photos}/salon.png]\nannotations: {{coco: {photos}/instances.json}}\nscore: null\n"
    (tmp_path / "my.yaml").write_text(photo)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(DEPLOY.parent),
        "SLURM_JOB_NODELIST": "node-[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "16",
    }
    command = ["bash", str(DEPLOY / "build.slurm"), "my.yaml", "my dataset", "--limit", "1"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert read_samples(Layout(tmp_path / "my dataset").recipe)
    assert (tmp_path / "srun.log").read_text() == (
        "ray symmetric-run --address node-1:6379 --min-nodes 2 --num-cpus 16 -- "
        "perception20k build my.yaml --out my dataset --executor ray --limit 1\n"
    )


@pytest.mark.slow
def test_ray_knows_the_options_and_accepts_the_cluster_file() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config
    from ray.scripts.scripts import start
    from ray.scripts.symmetric_run import symmetric_run

    known = {option for command in (start, symmetric_run) for parameter in command.params for option in parameter.opts}
    for path in FILES:
        for line in re.findall(r"ray (?:start|symmetric-run)([^\n]*)", path.read_text(encoding="utf-8")):
            assert set(re.findall(r"(?<=\s)--[a-z-]+", line.split(" -- ")[0])) <= known
    cluster = yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text(encoding="utf-8"))
    validate_config(prepare_config(cluster))
