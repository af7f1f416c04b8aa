"""What ``--data`` may name."""

from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from trainer.data.datasets import read_dataset, read_datasets


def test_a_folder_is_a_dataset_of_ours(tmp_path: Path) -> None:
    assert read_dataset(str(tmp_path)) == tmp_path
    assert read_datasets([str(tmp_path)]) == {str(tmp_path): tmp_path}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine.csv", "the scale of its MOS is not given. Write mine.csv:0-100"),
        ("mine.csv:5-1", "not a scale"),
        ("mine.csv:1-1", "not a scale"),
        ("koniq10k:photos", "unknown dataset 'koniq10k'.*koniq-10k"),
        ("nowhere", "no such directory"),
    ],
)
def test_what_names_nothing_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_dataset(text)
