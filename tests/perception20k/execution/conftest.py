from collections.abc import Iterator
from pathlib import Path

import pytest

from perception20k.execution.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()
