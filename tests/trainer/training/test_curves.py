"""Curves from a run's log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from perception20k.core.errors import UserError
from trainer.cli.curves import command
from trainer.training import curves

pytestmark = pytest.mark.slow


def write_log(run: Path, *entries: dict[str, float | None]) -> None:
    lines = [json.dumps({"step": step, **entry}) for step, entry in enumerate(entries, start=1)]
    (run / "log.jsonl").write_text("\n".join(lines) + "\n")


def test_a_picture_for_what_was_logged_and_none_for_what_was_not(tmp_path: Path) -> None:
    write_log(
        tmp_path,
        *({"reward": i / 10, "description/fr/reward": i / 10, "score/think/think_tokens": 9.0} for i in range(9)),
    )
    written = curves.draw(tmp_path)
    assert {path.name for path in written} == {"reward.png", "think.png"}
    for path in written:
        with Image.open(path) as picture:
            assert picture.size > (600, 300)


def test_what_was_held_out_has_a_picture_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[str]] = {}
    monkeypatch.setattr(curves, "plot", lambda path, title, lines: drawn.update({path.stem: list(lines)}))
    write_log(tmp_path, {"score/think/reward": 1.0, "eval_score/think/reward": 0.5, "eval_loss": 0.1, "loss": 0.2})
    curves.draw(tmp_path)
    assert drawn == {
        "reward": ["score/think/reward"],
        "training": ["eval_loss", "loss"],
        "held-out": ["eval_score/think/reward"],
    }


def test_the_command_prints_the_pictures(tmp_path: Path) -> None:
    write_log(tmp_path, {"reward": 1.0, "kl": None})
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert done.exit_code == 0
    assert done.output.split() == [str(tmp_path / "curves" / "reward.png")]


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(UserError, match="holds no step yet"):
        curves.draw(tmp_path)


def test_the_running_mean_looks_back_over_a_tenth() -> None:
    # Twenty values: a window of two. The mean of the first is itself.
    assert curves.running_mean([float(i) for i in range(20)])[:3] == [0, 0.5, 1.5]
    assert curves.running_mean([3.0]) == [3.0]
