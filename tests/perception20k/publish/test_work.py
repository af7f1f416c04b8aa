from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.core.files import sha256
from perception20k.dataset.shards import Shard
from perception20k.execution.local import LocalExecutor
from perception20k.publish.work import CheckFiles, WriteShards, outcomes


@pytest.mark.parametrize("workers", [1, 2])
def test_files_are_held_against_their_digests(tmp_path: Path, workers: int) -> None:
    (tmp_path / "whole").write_bytes(b"abc")
    (tmp_path / "damaged").write_bytes(b"abd")
    items = [(name, sha256(b"abc")) for name in ("whole", "damaged", "gone")]
    told: list[int] = []
    with LocalExecutor(workers) as executor:
        found = {name: what for (name, _), what in outcomes(CheckFiles(tmp_path), items, executor, told.append)}
    assert found == {"whole": "", "damaged": "differs", "gone": "missing"}
    assert sum(told) == 3


def test_a_shard_that_cannot_be_written_ends_the_export_with_a_line(tmp_path: Path) -> None:
    shard = Shard("shards/train-00000.parquet", "train", 0, 1, 1)
    with pytest.raises(UserError, match=r"shards: .*train-00000"):
        list(outcomes(WriteShards(tmp_path, 4, 0), [shard], LocalExecutor()))
