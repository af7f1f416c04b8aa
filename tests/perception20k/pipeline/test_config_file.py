from pathlib import Path

import pytest

from perception20k.config import load_config
from perception20k.core.errors import UserError
from perception20k.pipeline.choose import Choice
from perception20k.pipeline.config_file import config_text, write_config


def choice(folder: Path) -> Choice:
    values = {
        "sources": [str(folder / "my: photos"), "/elsewhere/#1"],
        "annotations": {"coco": str(folder / "my: photos" / "été.json")},
        "score": [{"metric": "brisque", "min": 50}],
        "samples_per_object": 4,
    }
    return Choice(values, {**dict.fromkeys(values, "why"), "sources": "2 photos in\u2028a\nb"})


def test_the_file_says_what_was_chosen_and_why(tmp_path: Path) -> None:
    assert config_text(choice(tmp_path), tmp_path).splitlines()[1:7] == [
        "",
        "# 2 photos in a b",
        "sources: ['my: photos', /elsewhere/#1]",
        "",
        "# why",
        "annotations: {coco: 'my: photos/été.json'}",
    ]


def test_a_build_takes_the_file_for_the_same_configuration(tmp_path: Path) -> None:
    write_config(choice(tmp_path), tmp_path / "my.yaml")
    assert load_config(tmp_path / "my.yaml") == choice(tmp_path).config


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("mine")
    with pytest.raises(UserError, match=r"my\.yaml: exists already"):
        write_config(choice(tmp_path), tmp_path / "my.yaml")
    assert (tmp_path / "my.yaml").read_text() == "mine"
