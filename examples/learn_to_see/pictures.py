"""The experiment's pictures: what is earned step by step, and unseen samples with the model's answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from examples.learn_to_see import blind
from examples.learn_to_see.reinforce import DECODINGS, answers_by_step
from examples.learn_to_see.report import KINDS, earnings, estimate, of_kind
from examples.learn_to_see.unseen import Question, earned
from trainer.data import answers

_SCALE = 2
_CELL = (490, 300)
_COLUMNS = 2


def curves(questions: Sequence[Question], runs: dict[str, Path], path: Path) -> None:
    """What each run earns on the unseen photos, its interval over scenes, and what is earned blindly as lines."""
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (task, mode) in zip(figure.subplots(2, 2, sharey=True).flat, KINDS, strict=True):
        places = of_kind(questions, task, mode)
        asked = [questions[i] for i in places]
        scenes = [question.scene for question in asked]
        for number, (name, run) in enumerate(runs.items()):
            for decoding, style in zip(DECODINGS, ("-", ":"), strict=True):
                kept = sorted(answers_by_step(run, decoding).items())
                found = [estimate(earnings(asked, [said[i] for i in places]), scenes) for _, said in kept]
                steps, low, high = [step for step, _ in kept], [f.low for f in found], [f.high for f in found]
                axes.plot(steps, [f.mean for f in found], style, color=f"C{number}", label=f"{name}, {decoding}")
                axes.fill_between(steps, low, high, color=f"C{number}", alpha=0.08)
        constant = float(earnings(asked, blind.best(asked)).mean())
        axes.axhline(constant, color="grey", linestyle="--", label="best blind constant")
        if task == "grounding":
            placed = float(earnings(asked, blind.best_in_place(asked)).mean())
            axes.axhline(placed, color="black", linestyle="-.", label="true object, one box")
        axes.set(title=f"{task}, {mode.upper()}", xlabel="GRPO step", ylabel="reward on unseen photos")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylim(bottom=0)
    figure.legend(*figure.axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small")
    figure.savefig(path, dpi=110)


def unseen_samples(questions: Sequence[Question], said: Sequence[str], path: Path, *, count: int = 10) -> None:
    """The first sample of ``count`` photos: source and distorted crop, the true box white, the answered one yellow."""
    first: dict[str, dict[str, int]] = {}
    for i, question in enumerate(questions):
        first.setdefault(question.scene, {}).setdefault(f"{question.task} {question.mode}", i)
    shown = list(first.values())[:count]
    rows = -(-len(shown) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _CELL[0], rows * _CELL[1]), "white")
    for number, kinds in enumerate(shown):
        described, grounded = kinds["description fr"], kinds["grounding fr"]
        corner = (number % _COLUMNS * _CELL[0], number // _COLUMNS * _CELL[1])
        _sample(sheet, corner, questions[grounded], said[described], said[grounded])
    sheet.save(path)


def _sample(sheet: Image.Image, corner: tuple[int, int], question: Question, described: str, grounded: str) -> None:
    draw, (left, top) = ImageDraw.Draw(sheet), corner
    side = question.images[0].shape[1] * _SCALE
    for place, pixels in enumerate(question.images):
        sheet.paste(Image.fromarray(pixels).resize((side, side)), (left + place * (side + 10), top))
    for box, colour in ((question.box, "white"), (answers.box(grounded), "yellow")):
        if box is not None and box[0] < box[2] and box[1] < box[3]:
            x1, y1, x2, y2 = (value * _SCALE for value in box)
            draw.rectangle([left + side + 10 + x1, top + y1, left + side + 10 + x2, top + y2], outline=colour, width=2)
    truth = f"{question.object} / {question.distortion} / {question.severity}"
    text = f"true: {truth}\nsaid: {answers.answer(described)}\nIoU: {earned(question, grounded):.2f}"
    draw.multiline_text((left, top + side + 5), text, fill="black", font_size=15)
