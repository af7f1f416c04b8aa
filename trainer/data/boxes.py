"""Images and boxes in the frame that the model sees.

Qwen2.5-VL answers in pixels of the image as resized for it: both sides multiples of a grid step, the area
within a pixel budget. Images are brought to that grid when they are loaded, and boxes with them, so that
prompt, answer and intersection over union share one frame. Needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from perception20k.dataset.boxes import iou
from trainer.data import answers

Box = tuple[float, float, float, float]
"""``(x1, y1, x2, y2)``, top left inclusive, bottom right exclusive; fractions of a pixel are kept."""


@dataclass(frozen=True)
class Grid:
    """The sizes an image processor leaves as they are."""

    step: int
    """Both sides are multiples of this: patch size times merge size, 28 for Qwen2.5-VL."""
    min_pixels: int
    max_pixels: int
    thousandths: bool = False
    """Whether boxes are answered in thousandths of each side, 0..1000, and not in pixels."""

    def frame(self, size: tuple[int, int]) -> tuple[int, int]:
        """The (width, height) of the frame in which boxes on an image of ``size`` are answered."""
        return (1000, 1000) if self.thousandths else size

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) that the processor gives an image of ``width`` x ``height``.

        Each side is rounded to the nearest step; where the area leaves the budget, both sides are scaled back
        into it, keeping the aspect ratio as the step allows. A size that fits is its own fit.
        """
        new_width, new_height = (round(side / self.step) * self.step for side in (width, height))
        if new_width * new_height > self.max_pixels:
            shrink = math.sqrt(width * height / self.max_pixels)
            new_width, new_height = (
                max(self.step, math.floor(side / shrink / self.step) * self.step) for side in (width, height)
            )
        elif new_width * new_height < self.min_pixels:
            grow = math.sqrt(self.min_pixels / (width * height))
            new_width, new_height = (math.ceil(side * grow / self.step) * self.step for side in (width, height))
        return new_width, new_height

    def resize(self, image: Image.Image) -> Image.Image:
        """The image as RGB at its fitted size, bicubic like the processor; the same image if it fits."""
        size = self.fit(*image.size)
        rgb = image.convert("RGB")
        return rgb if rgb.size == size else rgb.resize(size, Image.Resampling.BICUBIC)


def scale_box(box: Sequence[float], old: tuple[int, int], new: tuple[int, int]) -> Box:
    """A box of an image of (width, height) ``old`` in the frame of the same image at size ``new``.

    >>> scale_box((10, 20, 30, 40), (100, 200), (50, 100))
    (5.0, 10.0, 15.0, 20.0)
    """
    x, y = new[0] / old[0], new[1] / old[1]
    x1, y1, x2, y2 = box
    return x1 * x, y1 * y, x2 * x, y2 * y


def box_iou(text: str, truth: Sequence[float]) -> float:
    """Intersection over union of the answered box with ``truth``, 0..1; 0 where none can be read."""
    said = answers.box(text)
    return 0.0 if said is None else iou(said, truth)
