"""Runs that are killed, continued, shared among processes, and mixed up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from perception20k.core.errors import UserError
from tests.waiting import DEADLINE, until
from trainer.data.rows import Row
from trainer.evaluation.predict import predict
from trainer.evaluation.run import EvaluationConfig, evaluate
from trainer.evaluation.suites import AS_STORED, Response, Suite

FILES = ("predictions.parquet", "tables.md", "tables.csv", "tables.json", "index.html")


class Numbers:
    """Questions 0, 1, 2, ..."""

    def __init__(self, count: int) -> None:
        self.datasets = ["numbers"] * count

    def __getitem__(self, index: int) -> Row:
        return {"row_id": str(index), "task": "score", "mode": "x", "dataset": "numbers", "number": index}


class Echo:
    """Says each question's number and remembers its batches; from the n-th batch on it is unplugged."""

    grid = AS_STORED

    def __init__(self, unplugged: int = 10**9, silent: Sequence[int] = ()) -> None:
        self.unplugged, self.silent = unplugged, silent
        self.batches: list[list[int]] = []

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        if len(self.batches) == self.unplugged:
            raise KeyboardInterrupt
        self.batches.append([row["number"] for row in rows])
        return [
            None
            if row["number"] in self.silent
            else [Response(f"{row['number']}.{draw}") for draw in range(1 + samples)]
            for row in rows
        ]


SUITE = Suite("scoring numbers x", Numbers(10), "print")


def ask(who: Echo, run: Path, suite: Suite = SUITE, **settings: object) -> list[str]:
    found = predict([(suite, who)], run, {"model": "m", **settings}, batch=4, samples=1)
    return [prediction.text for prediction in found]


def test_answers_come_in_the_order_of_the_questions_with_their_draws(tmp_path: Path) -> None:
    who = Echo()
    assert ask(who, tmp_path)[:4] == ["0.0", "0.1", "1.0", "1.1"]
    assert who.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("torn", [b"", b'{"suite": "scoring numbers x", "ind'])
def test_a_run_that_stopped_goes_on_with_the_same_batches_and_ends_in_the_same_bytes(
    tmp_path: Path, torn: bytes
) -> None:
    ask(Echo(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        ask(Echo(unplugged=2), tmp_path / "stopped")
    (part,) = (tmp_path / "stopped" / ".parts").iterdir()
    part.write_bytes(part.read_bytes() + torn)
    who = Echo()
    ask(who, tmp_path / "stopped")
    assert who.batches == [[8, 9]]
    for name in ("predictions.parquet", "run.json"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "stopped" / ".parts").exists()


def test_a_finished_run_asks_nothing_again(tmp_path: Path) -> None:
    first = ask(Echo(), tmp_path)
    who = Echo()
    assert ask(who, tmp_path) == first and who.batches == []


def test_questions_without_an_answer_are_asked_again_and_only_they(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"2 of 10 questions got no answer\. Run the same command again"):
        ask(Echo(silent=(1, 6)), tmp_path)
    who = Echo()
    assert len(ask(who, tmp_path)) == 20
    assert who.batches == [[1], [6]]


def test_a_run_is_not_continued_under_other_settings_or_with_other_questions(tmp_path: Path) -> None:
    ask(Echo(), tmp_path)
    with pytest.raises(UserError, match="run with another model"):
        predict([(SUITE, Echo())], tmp_path, {"model": "n"}, batch=4, samples=1)
    with pytest.raises(UserError, match="scoring numbers x: the questions have changed"):
        ask(Echo(), tmp_path, replace(SUITE, fingerprint="other"))
    more = replace(SUITE, name="scoring more x", rows=Numbers(2))
    assert len(ask(Echo(), tmp_path, more)) == 20 + 4  # other questions can be added


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="the folder is not empty"):
        ask(Echo(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_processes_killed_and_started_again_leave_what_one_process_leaves(
    built_dataset: Path, pictures: Path, tmp_path: Path
) -> None:
    rated = f"{pictures / 'rated.csv'}:0-5"
    launch = "-m torch.distributed.run --standalone --nproc_per_node 2"
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}

    def start(*halt: str) -> subprocess.Popen[bytes]:
        script = [Path(__file__).with_name("oracle_run.py"), built_dataset, rated, tmp_path / "two", *halt]
        command = [sys.executable, *launch.split(), *map(str, script)]
        return subprocess.Popen(
            command,
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    parts = [tmp_path / "two" / ".parts" / f"{rank:03d}.jsonl" for rank in range(2)]
    killed = start("halt")
    until(lambda: killed.poll() is not None or all(part.is_file() and part.stat().st_size for part in parts))
    launcher = psutil.Process(killed.pid)
    for process in (launcher, *launcher.children(recursive=True)):
        process.kill()
    output, _ = killed.communicate()
    assert all(part.is_file() for part in parts), output.decode()[-3000:]  # both processes were at work
    again = start()
    output, _ = again.communicate(timeout=DEADLINE)
    assert again.returncode == 0, output.decode()[-3000:]
    evaluate(EvaluationConfig("scripted:oracle", data=(str(built_dataset), rated), batch=4), tmp_path / "one")
    for name in FILES:
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
