"""A run's curves as pictures, from ``RUN/log.jsonl`` alone.

One picture a question: what is earned, what is right, how long it thinks, what thinking is worth, which groups
teach anything, and whether training is sound. Thin lines are the logged values, thick ones their running mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from perception20k.core.errors import UserError
from perception20k.core.files import written_aside
from trainer.training import run_log

PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reward": ("Reward by task and mode", ("reward",)),
    "rewards": ("Each reward", ("rewards/*/mean",)),
    "right": (
        "Share right",
        ("object_right", "distortion_right", "severity_right", "class_right", "level_right"),
    ),
    "iou": ("Intersection over union", ("iou",)),
    "error": ("Score error", ("error",)),
    "think": ("Tokens of the think part", ("think_tokens",)),
    "probability": (
        "Probability of the true digits (Eq. 2) and share counted (Eq. 5)",
        ("probability/think", "probability/reference", "probability/counted"),
    ),
    "groups": ("Groups without and with only right rollouts", ("groups/none_right", "groups/all_right")),
    "truncated": ("Share of rollouts cut off", ("truncated",)),
    "training": ("Loss, KL and entropy", ("loss", "eval_loss", "kl", "entropy")),
    "held-out": ("Held out: reward by task and mode", ("eval_*/reward",)),
    "tokens": ("Share of the answers' tokens foretold", ("mean_token_accuracy", "eval_mean_token_accuracy")),
}
"""File name to title and the logged names it shows; a bare name stands for every task and mode that has it."""


def draw(run: Path) -> list[Path]:
    """Draw every picture that the log has values for, into ``run/curves``.

    Raises:
        UserError: no log, or nothing in it.
    """
    logged: dict[str, list[tuple[int, float]]] = {}
    for entry in run_log.read(run):
        for key, value in entry.items():
            if value is not None:
                logged.setdefault(key, []).append((entry["step"], value))
    written = []
    for name, (title, wanted) in PICTURES.items():
        lines = {key: points for key, points in logged.items() if any(_matches(key, one) for one in wanted)}
        if lines:
            path = run / "curves" / f"{name}.png"
            plot(path, title, lines)
            written.append(path)
    if not written:
        raise UserError(f"{run}: its log holds no step yet")
    return written


def plot(path: Path, title: str, lines: dict[str, list[tuple[int, float]]]) -> None:
    """One picture: ``lines`` maps a label to its (step, value) points."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for i, (label, points) in enumerate(lines.items()):
        steps, values = zip(*points, strict=True)
        colour = f"C{i % 10}"
        axes.plot(steps, values, color=colour, alpha=0.25, linewidth=1)
        axes.plot(steps, running_mean(values), color=colour, linewidth=2, label=label)
    axes.set(title=title, xlabel="step")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    with written_aside(path) as aside:
        figure.savefig(aside, dpi=110, format="png")


def running_mean(values: Sequence[float]) -> list[float]:
    """The mean of each value and those before it, over a tenth of the run."""
    span = max(1, round(len(values) / 10))
    return [fmean(values[max(0, end - span) : end]) for end in range(1, len(values) + 1)]


def _matches(key: str, name: str) -> bool:
    """Whether a logged key fits the pattern ``name``, a bare one also with a task and a mode before it."""
    if key.startswith("eval_") and not name.startswith("eval_"):
        return False
    return fnmatch(key, name) or ("/" not in name and fnmatch(key, f"*/*/{name}"))
