from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from annotate_app.cli.review_report import command
from annotate_app.review.dataset import Dataset
from annotate_app.review.service import Review
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_dataset


@pytest.mark.slow
def test_the_report_goes_beside_the_decisions_or_where_it_is_told(tmp_path: Path) -> None:
    layout = write_dataset(tmp_path / "dataset", 5)
    clock = Clock()
    review = Review(Dataset(layout), BARE, clock)
    person = Person(review, clock, "ann")
    person.open()
    person.judge(delete=1)
    review.close()
    for arguments, path in (
        ([], layout.review / "report.html"),
        (["-o", str(tmp_path / "page.html")], tmp_path / "page.html"),
    ):
        done = CliRunner().invoke(command, [str(layout.root), *arguments])
        assert done.exit_code == 0, done.exception
        assert str(path) in done.output
        assert "<svg" in path.read_text()
