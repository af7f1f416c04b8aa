import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group

Cli = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_itself(name: str) -> None:
    import click

    command = group.get_command(click.Context(group), name)
    assert command is not None and command.help
    assert "Example" in command.help
    assert all(p.help or p.hidden for p in command.params if isinstance(p, click.Option))  # type: ignore[attr-defined]


def test_where_a_command_writes_is_spelled_alike_everywhere() -> None:
    import click

    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        spelled = [p.opts for p in command.params if {"-o", "--out", "--output"} & set(p.opts)]
        assert spelled in ([], [["-o", "--out"]]), name


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in COMMANDS if not re.search(rf"(perception20k |`){name}[` ]", readme)]
    assert missing == []


def test_help_lists_every_command(cli: Cli) -> None:
    text = cli("--help").stdout
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["biuld"], "No such command 'biuld'. Did you mean 'build'?"),
        (["build", "--wrokers", "2"], "No such option"),
        (["verify"], "Missing argument"),
    ],
)
def test_wrong_usage_exits_with_2(cli: Cli, args: list[str], message: str) -> None:
    done = cli(*args, check=False)
    assert done.returncode == 2
    assert message in done.stderr


def test_help_needs_nothing_heavy() -> None:
    script = (
        "import sys; from perception20k.cli import cli;"
        "cli(['--help'], standalone_mode=False);"
        "heavy = {'torch', 'gradio', 'cv2', 'matplotlib', 'pyarrow'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)


def test_stats_are_printed_as_a_table_and_as_json(cli: Cli, built_dataset: Path) -> None:
    table = cli("stats", built_dataset).stdout
    assert "overexposure" in table and "RFT samples in train" in table
    assert cli("stats", built_dataset, "--json").stdout.strip() == (built_dataset / "stats.json").read_text().strip()


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        (["review", "DATASET"], "uvicorn", "review"),
        (["browse", "DATASET"], "gradio", "review"),
        (["review-report", "DATASET"], "jinja2", "review"),
        (["compare", "DATASET", "DATASET"], "scipy", "train"),
        (["train", "sft", "--data", "DATASET", "--model", "m", "--out", "o"], "torch", "train"),
        (["evaluate", "m", "--data", "DATASET", "--out", "o"], "scipy", "train"),
    ],
)
def test_a_command_whose_extra_is_missing_says_the_line_to_type(
    built_dataset: Path, command: list[str], package: str, extra: str
) -> None:
    arguments = [str(built_dataset) if word == "DATASET" else word for word in command]
    script = f"import sys; sys.modules[{package!r}] = None; from perception20k.cli import main; main({arguments!r})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"perception20k: {command[0]} needs the package '{package}', which is not installed. "
        f"Install it: pip install 'perception20k[{extra}]'\n"
    )
