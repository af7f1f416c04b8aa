from pathlib import Path

from click.testing import CliRunner

from perception20k.cli import cli
from perception20k.core.errors import UserError


def test_a_folder_that_holds_no_dataset_is_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["browse", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith(f"{tmp_path}: not a Perception20K dataset")
