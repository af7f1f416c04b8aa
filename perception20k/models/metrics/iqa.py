"""Metrics through pyiqa, in batches, on a GPU where there is one. Its licence is noncommercial."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array

MAX_PIXELS = 8_000_000
"""Pixels in one batch: four photos of 1920x1080, or a single photo of any size."""

_TENSORS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"  # torch reads it at every load


def load(name: str, commit: str = "") -> Callable[[Sequence[Array]], list[float]]:
    """A pyiqa metric as a scorer.

    Args:
        name: pyiqa's name of it.
        commit: not used: pyiqa chooses its weight files by name, and their digests are not checked.

    Raises:
        UserError: pyiqa is not installed, or the metric's weights could not be loaded.
    """
    require(f"score: {name}", "models", "torch", "torchvision", "pyiqa")
    from perception20k.models.weights import first_line, torch_device

    device = torch_device()
    try:
        import pyiqa

        with contextlib.redirect_stdout(io.StringIO()), _tensors_only():  # it announces every weight file
            metric = pyiqa.create_metric(name, device=device)
    except Exception as error:  # no network, a damaged file, no memory: pyiqa lets all kinds through
        raise UserError(f"score: {name} cannot be loaded: {first_line(error)}") from None

    def score(images: Sequence[Array]) -> list[float]:
        import torch

        values = [0.0] * len(images)
        for places in _alike(images):
            pixels = np.stack([images[place] for place in places])
            batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device).float().div(255)
            raw = metric(batch).flatten().tolist()
            for place, value in zip(places, raw, strict=True):
                values[place] = float(value)
        return values

    return score


@contextlib.contextmanager
def _tensors_only() -> Iterator[None]:
    """While pyiqa loads weights: torch unpickles tensors alone, though pyiqa asks it to run whatever a file holds."""
    before = os.environ.get(_TENSORS_ONLY)
    os.environ[_TENSORS_ONLY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TENSORS_ONLY]
        else:
            os.environ[_TENSORS_ONLY] = before


def _alike(images: Sequence[Array]) -> list[list[int]]:
    """Indexes of images of one size, in groups that may go through the model together."""
    groups: list[list[int]] = []
    open_groups: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        limit = max(1, MAX_PIXELS // (image.shape[0] * image.shape[1]))
        group = open_groups.get(image.shape)
        if group is None or len(group) >= limit:
            group = open_groups[image.shape] = []
            groups.append(group)
        group.append(place)
    return groups
