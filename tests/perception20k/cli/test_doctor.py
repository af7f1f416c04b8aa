import json
from pathlib import Path

from click.testing import CliRunner

from perception20k.cli import cli

KEPT = Path(__file__).parents[2] / "data" / "dataset-0.1"


def said(*arguments: str) -> str:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False).output


def test_a_dataset_is_told_with_the_next_command() -> None:
    text = said("doctor", str(KEPT))
    assert "12 samples, 12 reviewed, 1 deleted" in text
    assert f"Next  perception20k train refine-iqa-stage1 --data {KEPT}" in text


def test_an_installation_is_told_with_its_extras() -> None:
    text = said("doctor")
    assert "perception20k-distortions" in text and "free disk" in text
    assert json.loads(said("doctor", "--json"))["extras"].keys() >= {"review", "video", "plots"}


def test_json_is_one_object() -> None:
    assert json.loads(said("doctor", str(KEPT), "--json"))["state"] == "reviewed"
