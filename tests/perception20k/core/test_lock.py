"""A directory is held by one process at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.core.lock import held


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with (
        held(lock, "runs/s1"),
        pytest.raises(UserError, match=f"runs/s1: another process is using it .*process {os.getpid()}"),
        held(lock, "runs/s1"),
    ):
        pass


def test_what_was_held_can_be_held_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", "x"):
        raise ZeroDivisionError
    with held(tmp_path / "lock", "x"):
        assert (tmp_path / "lock").read_text().count("process") == 1
