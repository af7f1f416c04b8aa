"""The run's own log, ``RUN/log.jsonl``: one JSON line for each logged step and each warning. No service needed.

A resumed run appends. Steps that are done again come later in the file, and the later line counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from perception20k.core.errors import UserError
from perception20k.core.files import write_text
from perception20k.core.reporting import SILENT, Reporter

WINDOW = 5
"""Logged steps that a warning looks at."""

COLLAPSED = 0.5
"""Think length has collapsed when its mean falls below this share of what it was at first."""

TRUNCATED = 0.1
"""Largest share of rollouts that may run into the length limit without a warning."""


def path_in(run: Path) -> Path:
    """Where a run's log lies."""
    return run / "log.jsonl"


def read(run: Path) -> list[dict[str, Any]]:
    """The logged steps in order, each once; warnings left out.

    Raises:
        UserError: the directory holds no log, or a line that is not ours.
    """
    path = path_in(run)
    if not path.is_file():
        raise UserError(f"{run}: no log.jsonl in it", "Give the directory of a training run")
    steps: dict[int, dict[str, Any]] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            step = int(entry["step"])
        except (ValueError, KeyError, TypeError):
            if number == len(lines):
                break  # a run that was killed may leave a torn last line
            raise UserError(f"{path}: line {number} is not a log entry") from None
        if "warning" not in entry:
            steps[step] = steps.get(step, {}) | entry
    return [steps[step] for step in sorted(steps)]


class RunLog(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Writes the log on the main process and warns when thinking collapses or rollouts are cut off."""

    def __init__(self, run: Path, report: Reporter = SILENT) -> None:
        self.run, self.report = run, report
        self._values: dict[str, list[float]] = {}
        self._warned: set[str] = set()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """On resuming, learn from the log how thinking began and what has been warned of."""
        path = path_in(self.run)
        if not (state.is_world_process_zero and path.is_file()):
            return
        text = path.read_text(encoding="utf-8")
        write_text(path, text[: text.rfind("\n") + 1])  # a line torn by the stop would be joined to the next
        for entry in read(self.run):
            if entry["step"] <= state.global_step:
                self.warnings(entry)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Append what was logged."""
        if not state.is_world_process_zero or not logs:
            return
        self._append({"step": state.global_step, **logs})
        step = f"step {state.global_step}/{state.max_steps}"
        if "reward" in logs:
            tokens, seconds = logs.get("completions/mean_length", 0), logs.get("step_time", 0)
            self.report.line(f"{step}  reward {logs['reward']:.3f}  {tokens:.0f} tokens  {seconds:.1f} s")
        elif "mean_token_accuracy" in logs:
            self.report.line(f"{step}  loss {logs['loss']:.3f}  tokens right {logs['mean_token_accuracy']:.1%}")
        held = next((name for name in ("eval_reward", "eval_loss") if name in logs), None)
        if held:
            self.report.line(f"{step}  held out: {held.removeprefix('eval_')} {logs[held]:.3f}")
        for warning in self.warnings(logs):
            self._append({"step": state.global_step, "warning": warning})
            self.report.line(f"warning: step {state.global_step}: {warning}")

    def warnings(self, logs: dict[str, float]) -> list[str]:
        """What is to be said about the newest values; each warning is given once, until it is mended."""
        found = []
        for key, value in logs.items():
            if value is None or not key.endswith(("/think_tokens", "/truncated")):
                continue
            values = self._values.setdefault(key, [])
            values.append(value)
            if len(values) < WINDOW:
                continue
            start, mean = fmean(values[:WINDOW]), fmean(values[-WINDOW:])
            if key.endswith("/think_tokens"):
                bad = mean < COLLAPSED * start
                text = f"thinking collapses: {key} fell from {start:.0f} to {mean:.0f} tokens"
            else:
                bad = mean > TRUNCATED
                text = f"{mean:.0%} of the rollouts are cut off at max_completion ({key})"
            if bad and key not in self._warned:
                found.append(text)
            (self._warned.add if bad else self._warned.discard)(key)
        return found

    def _append(self, entry: dict[str, Any]) -> None:
        with path_in(self.run).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
