from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from annotate_app.cli.review_log import command
from annotate_app.review.dataset import Dataset
from annotate_app.review.service import Review
from perception20k.core.errors import UserError
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_dataset


def test_events_and_sessions_are_written_while_the_review_goes_on(tmp_path: Path) -> None:
    layout = write_dataset(tmp_path / "dataset", 5)
    clock = Clock()
    review = Review(Dataset(layout), BARE, clock)
    person = Person(review, clock, "ann")
    person.open()
    person.judge(delete=1)
    for more, name, line in ([], "events.csv", "6 events in"), (["--sessions"], "sessions.csv", "1 sessions in"):
        done = CliRunner().invoke(command, [str(layout.root), "-o", str(tmp_path / name), *more])
        assert done.exit_code == 0, done.exception
        assert done.output.startswith(line)
        assert "ann" in (tmp_path / name).read_text()
    review.close()


def test_a_dataset_nobody_reviewed_is_told_and_stays_so(tmp_path: Path) -> None:
    layout = write_dataset(tmp_path / "dataset", 5)
    with pytest.raises(UserError, match="no review yet"):
        CliRunner().invoke(command, [str(layout.root), "-o", "x.csv"], catch_exceptions=False)
    assert not layout.review.exists()
