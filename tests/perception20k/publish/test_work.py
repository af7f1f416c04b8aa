from functools import partial
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.core.files import sha256
from perception20k.dataset.layout import Layout
from perception20k.dataset.shards import Shard, write_shard
from perception20k.execution.local import LocalExecutor
from perception20k.publish.work import file_fault, outcomes


@pytest.mark.parametrize("workers", [1, 2])
def test_files_are_held_against_their_digests(tmp_path: Path, workers: int) -> None:
    (tmp_path / "whole").write_bytes(b"abc")
    (tmp_path / "damaged").write_bytes(b"abd")
    items = [(name, sha256(b"abc")) for name in ("whole", "damaged", "gone")]
    told: list[int] = []
    with LocalExecutor(workers) as executor:
        faults = outcomes("files", partial(file_fault, tmp_path), items, executor, told.append)
        found = {name: what for (name, _), what in faults}
    assert found == {"whole": "", "damaged": "differs", "gone": "missing"}
    assert sum(told) == 3


def test_a_shard_that_cannot_be_written_ends_the_export_with_a_line(tmp_path: Path) -> None:
    shard = Shard("shards/train-00000.parquet", "train", 0, 1, 1)
    with pytest.raises(UserError, match=r"shards: .*train-00000"):
        write = partial(write_shard, Layout(tmp_path), rft_per_sample=4, seed=0)
        list(outcomes("shards", write, [shard], LocalExecutor()))
