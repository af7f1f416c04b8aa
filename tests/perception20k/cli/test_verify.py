import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from perception20k.cli import cli
from perception20k.core.errors import UserError

KEPT = Path(__file__).parents[2] / "data" / "dataset-0.1"


@pytest.mark.slow
def test_json_lists_the_mismatches_and_the_command_still_fails(tmp_path: Path) -> None:
    shutil.copytree(KEPT, tmp_path / "dataset")
    whole = CliRunner().invoke(cli, ["verify", str(tmp_path / "dataset"), "--json"])
    assert json.loads(whole.stdout) == {"dataset": str(tmp_path / "dataset"), "mismatches": []}
    (tmp_path / "dataset" / "stats.json").write_text("{}")
    broken = CliRunner().invoke(cli, ["verify", str(tmp_path / "dataset"), "--json"])
    assert isinstance(broken.exception, UserError)
    assert json.loads(broken.stdout)["mismatches"] == ["stats.json: the bytes differ from the manifest's digest"]
