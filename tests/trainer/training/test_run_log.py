"""The run's own log and its warnings."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from perception20k.core.errors import UserError
from trainer.training import run_log
from trainer.training.run_log import RunLog

pytestmark = pytest.mark.slow


def logged(log: RunLog, step: int, *, main: bool = True, **values: float) -> None:
    state = SimpleNamespace(is_world_process_zero=main, global_step=step, max_steps=100)
    log.on_log(SimpleNamespace(), state, SimpleNamespace(), values)


def test_a_step_done_again_after_a_resume_counts_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step, reward in ((1, 0.1), (2, 0.2), (3, 0.3), (2, 0.25), (3, 0.35)):
        logged(log, step, reward=reward)
    assert [(entry["step"], entry["reward"]) for entry in run_log.read(tmp_path)] == [(1, 0.1), (2, 0.25), (3, 0.35)]


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    logged(RunLog(tmp_path), 1, main=False, reward=1)
    assert not run_log.path_in(tmp_path).exists()


def test_a_torn_last_line_is_left_out_and_any_other_is_an_error(tmp_path: Path) -> None:
    logged(RunLog(tmp_path), 1, reward=1)
    path = run_log.path_in(tmp_path)
    whole = path.read_text()
    path.write_text(whole + '{"step": 2, "rew')
    assert len(run_log.read(tmp_path)) == 1
    path.write_text("torn\n" + whole)
    with pytest.raises(UserError, match="line 1 is not a log entry"):
        run_log.read(tmp_path)


def test_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no log\.jsonl"):
        run_log.read(tmp_path)


def warned(tmp_path: Path, key: str, values: list[float]) -> list[int]:
    """The steps at which a warning is given."""
    log = RunLog(tmp_path)
    for step, value in enumerate(values):
        logged(log, step, **{key: value})
    lines = [json.loads(line) for line in run_log.path_in(tmp_path).read_text().splitlines()]
    return [line["step"] for line in lines if "warning" in line]


def test_collapsing_thought_is_warned_of_once(tmp_path: Path) -> None:
    # The first five mean 100. Over 10-token steps the mean of the last five is 82, 64, 46 < 50, ...
    assert warned(tmp_path, "score/think/think_tokens", [100] * 5 + [10] * 6) == [7]


def test_steady_or_growing_thought_is_not(tmp_path: Path) -> None:
    assert warned(tmp_path, "score/think/think_tokens", [100] * 5 + [60] * 5 + [300] * 5) == []


def test_cut_off_rollouts_are_warned_of_and_again_after_they_were_mended(tmp_path: Path) -> None:
    # Mean of the last five above 0.1: at once at step 4; mended at step 9; over 0.1 again at step 10.
    assert warned(tmp_path, "description/fr/truncated", [0.5] * 5 + [0] * 5 + [0.6] * 3) == [4, 10]


def test_warnings_do_not_enter_the_curves(tmp_path: Path) -> None:
    warned(tmp_path, "description/fr/truncated", [0.5] * 5)
    assert all("warning" not in entry for entry in run_log.read(tmp_path))


def resumed(run: Path, step: int) -> RunLog:
    log = RunLog(run)
    state = SimpleNamespace(is_world_process_zero=True, global_step=step)
    log.on_train_begin(SimpleNamespace(), state, SimpleNamespace())
    return log


def warnings_of(log: RunLog, value: float) -> list[str]:
    return [text for _ in range(6) for text in log.warnings({"score/think/think_tokens": value})]


def test_a_resumed_run_remembers_how_long_it_thought_at_first(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in range(1, 11):
        logged(log, step, **{"score/think/think_tokens": 100.0 if step <= 8 else 900.0})
    assert warnings_of(resumed(tmp_path, 8), 3.0) == [
        "thinking collapses: score/think/think_tokens fell from 100 to 42 tokens"
    ]
    assert warnings_of(RunLog(tmp_path), 3.0) == []  # a new run has no past


def test_a_resumed_run_does_not_repeat_a_warning(tmp_path: Path) -> None:
    warned(tmp_path, "score/think/think_tokens", [100] * 5 + [10] * 6)
    assert warnings_of(resumed(tmp_path, 10), 3.0) == []


def test_a_line_torn_by_a_stop_is_not_joined_to_the_next(tmp_path: Path) -> None:
    logged(RunLog(tmp_path), 1, reward=1)
    path = run_log.path_in(tmp_path)
    path.write_text(path.read_text() + '{"step": 2, "rew')
    logged(resumed(tmp_path, 1), 2, reward=2)
    assert [entry["reward"] for entry in run_log.read(tmp_path)] == [1, 2]
