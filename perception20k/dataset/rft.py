"""RFT samples: one prompt with images and a verifiable solution, from a sample (Refine-IQA, "Multi-Task Reward
Design" and "Prompts Used for Training and Evaluation").

A sample can give four: the description and the grounding task, each full-reference (original and distorted
image) and no-reference (distorted image alone). The prompts are the paper's, in ``perception20k/dataset/prompts/``.
Where the whole image is distorted there is nothing to ground, and the description asks for no object: two rows.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from distortions import DEFAULT_PRESET, SEVERITIES, groups
from perception20k.core.seeding import keyed_rng
from perception20k.dataset.groups import label_of
from perception20k.dataset.records import Sample

PROMPT_VERSION = "v1"
TASKS = ("description", "grounding")
MODES = ("fr", "nr")
KINDS = tuple((task, mode) for task in TASKS for mode in MODES)


def kinds_of(sample: Sample, rft_per_sample: float, seed: int) -> list[tuple[str, str]]:
    """The (task, mode) pairs a sample gives: all there are in the test part, a keyed draw in the train part.

    Of ``rft_per_sample`` = n + f, every sample gives n, if there are so many, and a share f of the samples one more.
    """
    kinds = [kind for kind in KINDS if kind[0] == "description" or not sample.is_whole]
    if sample.split == "test":
        return kinds
    rng = keyed_rng(seed, "rft", sample.sample_id)
    count = int(rft_per_sample) + int(rng.random() < rft_per_sample % 1)
    chosen = rng.permutation(len(kinds))[:count]
    return [kind for place, kind in enumerate(kinds) if place in chosen]


def rft_row(sample: Sample, task: str, mode: str, images: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """One row of :data:`perception20k.dataset.records.RFT_SCHEMA`.

    ``images`` are source and sample as Hugging Face image values, ``{"bytes": ..., "path": file name}``.
    """
    label, words = label_of(sample), SEVERITIES[sample.severity - 1]
    box = ",".join(map(str, sample.box))
    asked = "" if sample.is_whole else sample.object
    choices = [asked, label, words] if asked else [label, words]
    return {
        "rft_id": f"{sample.sample_id}-{task}-{mode}",
        "sample_id": sample.sample_id,
        "image_id": sample.image_id,
        "task": task,
        "mode": mode,
        "prompt": [{"role": "user", "content": prompt_parts(task, mode, sample.objects, sample.preset)}],
        "images": list(images if mode == "fr" else images[1:]),
        "solution": " / ".join(choices) if task == "description" else box,
        "object": asked,
        "objects": list(sample.objects),
        "group": sample.group,
        "type": sample.type,
        "distortion": label,
        "severity": sample.severity,
        "severity_label": words,
        "box": list(sample.box),
        "width": sample.width,
        "height": sample.height,
        "prompt_version": f"{_prompt_name(task, mode, sample.objects)}.{PROMPT_VERSION}",
    }


def prompt_parts(
    task: str, mode: str, objects: tuple[str, ...], preset: str = DEFAULT_PRESET
) -> list[dict[str, str | None]]:
    """A prompt as the parts of one chat message: text, and an image where the paper's text names one.

    The distortions to choose from are the labels of the preset's groups. Without objects the whole image is meant.
    """
    text = _template(_prompt_name(task, mode, objects)).replace("{objects}", quoted(objects))
    text = text.replace("{distortions}", quoted(tuple(groups(preset).values())))
    pieces = re.split(r"(\{ref\}|\{dist\})", text)
    return [
        {"type": "image", "text": None} if piece in ("{ref}", "{dist}") else {"type": "text", "text": piece}
        for piece in pieces
        if piece
    ]


def quoted(words: tuple[str, ...]) -> str:
    """A list of choices as the prompts write it.

    >>> quoted(("cup", "spoon", "plate"))
    '‘cup’, ‘spoon’, and ‘plate’'
    """
    marked = [f"‘{word}’" for word in words]
    return " and ".join(marked) if len(marked) < 3 else ", ".join(marked[:-1]) + ", and " + marked[-1]


def _prompt_name(task: str, mode: str, objects: tuple[str, ...]) -> str:
    return f"{task}-{mode}" if objects or task == "grounding" else f"{task}-whole-{mode}"


@cache
def _template(name: str) -> str:
    path = files("perception20k.dataset") / "prompts" / f"{name}.{PROMPT_VERSION}.txt"
    return path.read_text(encoding="utf-8").strip()
