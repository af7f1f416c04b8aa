from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from annotate_app.cli.review import command
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from tests.annotate_app.browser import free_port
from tests.annotate_app.datasets import write_dataset
from tests.waiting import DEADLINE


@pytest.mark.slow
def test_review_says_where_it_listens_and_stops_when_interrupted(tmp_path: Path) -> None:
    layout = write_dataset(tmp_path / "dataset", 5)
    port = free_port()
    command = [sys.executable, "-m", "perception20k", "review", str(layout.root), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("5 samples to review")
            assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/review/", timeout=DEADLINE) as page:
                assert page.status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()
    assert sorted(path.name for path in layout.review.iterdir()) == ["decisions.sqlite"]
    assert read_review(Layout(layout.root).decisions).reviewed == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["--batch", "2001"],
        ["--batch", "0"],
        ["--catches", "0.6"],
        ["--lapse", "0"],
        ["--port", "0"],
        ["--auth", "no/file"],
    ],
)
def test_options_keep_to_the_protocol(wrong: list[str]) -> None:
    assert CliRunner().invoke(command, ["dataset", *wrong]).exit_code == 2
