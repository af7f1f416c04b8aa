import tempfile
from pathlib import Path

import pytest

from perception20k.core.spill_list import SpillList


def test_items_come_back_in_their_order_as_often_as_wished() -> None:
    spool = SpillList({"n": n, "text": "x" * n} for n in range(5000))
    assert len(spool) == 5000
    assert [item["n"] for item in spool] == list(range(5000)) == [item["n"] for item in spool]


def test_two_readers_and_a_writer_do_not_disturb_each_other() -> None:
    spool = SpillList([1, 2, 3])
    one, two = iter(spool), iter(spool)
    assert (next(one), next(one), next(two)) == (1, 2, 1)
    spool.append(4)
    assert (next(one), next(two)) == (3, 2)
    assert list(spool) == [1, 2, 3, 4]


def test_an_empty_spool_is_false_and_gives_nothing() -> None:
    assert not SpillList() and list(SpillList()) == []


def test_a_full_disk_for_temporary_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the list closes it
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    with pytest.raises(OSError, match=f"No space left on device: '{tempfile.gettempdir()} .temporary files"):
        SpillList([1])
