"""The sample page: images, prompt, rollouts and rewards of a few groups, as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image, ImageDraw

from perception20k.core.files import write_text
from trainer.data import answers

SHOWN = 8
"""Groups on a page."""

_LONGEST_SIDE = 640
_TRUTH, _ANSWER = "#1a9850", "#f28e2b"


@dataclass(frozen=True)
class Rollout:
    """One completion with what it earned."""

    text: str
    rewards: dict[str, float]
    advantage: float


@dataclass(frozen=True)
class Group:
    """All rollouts of one prompt."""

    row: dict[str, Any]
    """The prompt's row (:data:`trainer.data.rows.COLUMNS`)."""
    rollouts: list[Rollout]


def write_page(path: Path, title: str, groups: Sequence[Group]) -> None:
    """Write the first groups as ``path``, whole or not at all."""
    template = Template((files("trainer.training") / "samples.html").read_text(encoding="utf-8"))
    sections = "\n".join(_section(group) for group in groups[:SHOWN])
    write_text(path, template.substitute(title=escape(title), groups=sections))


def _section(group: Group) -> str:
    row = group.row
    names = list(dict.fromkeys(name for rollout in group.rollouts for name in rollout.rewards))
    heads = "".join(f'<th class="number">{escape(name)}</th>' for name in (*names, "advantage"))
    lines = "".join(_line(rollout, names) for rollout in group.rollouts)
    return (
        f"<section><h2>{escape(row['task'])}, {escape(row['mode'])}: {escape(row['row_id'])}</h2>"
        f"{_pictures(group)}"
        f'<p class="prompt">{escape(_question(row))}</p>'
        f'<p class="solution">{escape(row["solution"] or "")}</p>'
        f"<table><tr><th>rollout</th>{heads}</tr>{lines}</table></section>"
    )


def _line(rollout: Rollout, names: Sequence[str]) -> str:
    values = [rollout.rewards.get(name) for name in names] + [rollout.advantage]
    cells = "".join(f'<td class="number">{"" if v is None else f"{v:.3f}"}</td>' for v in values)
    return f'<tr><td class="text">{escape(rollout.text)}</td>{cells}</tr>'


def _question(row: dict[str, Any]) -> str:
    contents = [message["content"] for message in row["prompt"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return "".join(part["text"] if part["type"] == "text" else "[image]" for part in parts)


def _pictures(group: Group) -> str:
    """The prompt's images; on the last, the distorted one, the true box and the answered ones."""
    *before, last = group.row["images"]
    marked = last.copy()
    if group.row["task"] == "grounding" and group.row["box"] is not None:
        draw = ImageDraw.Draw(marked)
        said = [answers.box(rollout.text) for rollout in group.rollouts]
        for box in said:
            if box is not None and box[0] < box[2] and box[1] < box[3]:
                draw.rectangle(_inside(box, marked.size), outline=_ANSWER)
        draw.rectangle(_inside(group.row["box"], marked.size), outline=_TRUTH, width=2)
    return "".join(_picture(image) for image in (*before, marked))


def _inside(box: Sequence[float], size: tuple[int, int]) -> tuple[float, ...]:
    """The box with its corners brought onto the image, where they can be seen and drawn."""
    return tuple(min(max(side, 0), size[i % 2] - 1) for i, side in enumerate(box))


def _picture(image: Image.Image) -> str:
    shown = image.copy()
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=90)
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="">'
