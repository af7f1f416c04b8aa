"""Distortions on the fly, for training: a transform of PIL images, arrays and torch tensors.

    transform = RandomDistortion(severities=(2, 3, 4), region="random", count=2, seed=7)
    distorted = transform(image, index=index, epoch=epoch)                 # the kind of image that came in
    distorted, applied = transform(image, index=index, epoch=epoch, label=True)

What is drawn depends on (seed, epoch, index) alone, so a data loader gives the same images under any number of workers.
Several distortions are a chain of types from different groups, as ARNIQA (Agnolucci et al., WACV 2024) composes them.
Neither torch nor albumentations is needed, unless their images or their transforms are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from PIL import Image as Pillow

from distortions.apply import distort
from distortions.catalog import catalog, find
from distortions.draws import generator
from distortions.errors import DistortionError
from distortions.parameters import DEFAULT_PRESET, SEVERITY_LEVELS
from distortions.pixels import Image
from distortions.region import Box, distort_region

AnyImage = TypeVar("AnyImage")

_SIDES = (0.25, 0.75)
"""The sides of a random box, as shares of the image's."""


@dataclass(frozen=True)
class Applied:
    """One distortion that a transform applied; with the image, enough to apply it again."""

    type: str
    group: str
    severity: int
    seed: int
    box: Box | None
    """None for the whole image."""


class RandomDistortion:
    """Distorts an image, or a box of it, with types and severities drawn by key.

    Args:
        types: the types to draw from; all of the preset's if left out. Groups are equally likely, then a group's types.
        severities: the severities to draw from.
        region: None distorts the whole image, ``random`` a box drawn for the call, ``box`` the one given with the call.
        count: distortions in the chain at most; each call draws 1 to ``count``, of different groups.
        preset: the parameter set, see :func:`distortions.catalog`.
        seed: the key of all draws, beside the epoch and the index of a call.

    Raises:
        DistortionError: an unknown type, preset, severity or region, or a longer chain than there are groups.
    """

    def __init__(
        self,
        types: Sequence[str] | None = None,
        severities: Collection[int] = SEVERITY_LEVELS,
        region: Literal["box", "random"] | None = None,
        *,
        count: int = 1,
        preset: str = DEFAULT_PRESET,
        seed: int = 0,
    ) -> None:
        entries = catalog(preset) if types is None else [find(type_, preset) for type_ in types]
        self._types: dict[str, list[str]] = {}
        for entry in entries:
            self._types.setdefault(entry.group, []).append(entry.type)
        self._severities = tuple(severities)
        if not self._severities or not set(self._severities) <= set(SEVERITY_LEVELS):
            raise DistortionError(f"severities must be some of {[*SEVERITY_LEVELS]}, not {severities!r}")
        if region not in (None, "box", "random"):
            raise DistortionError(f"region must be None, 'box' or 'random', not {region!r}")
        if not 1 <= count <= len(self._types):
            raise DistortionError(f"count must be 1 to {len(self._types)}, the number of groups, not {count!r}")
        self._region, self._count, self._preset, self._seed = region, count, preset, seed

    def __call__(
        self, image: AnyImage, *, index: int, epoch: int = 0, box: Sequence[int] | None = None, label: bool = False
    ) -> Any:
        """Distort an image.

        Args:
            image: a PIL image, a uint8 array (height, width, 3), or a torch tensor (3, height, width), uint8 or
                floating point in 0..1.
            index: the item's number in its dataset.
            epoch: the pass over the dataset.
            box: ``(x1, y1, x2, y2)`` in pixels, for ``region="box"``.
            label: also give what was applied.

        Returns:
            The same kind of image (a PIL image as RGB), with ``label`` a pair of it and a tuple of :class:`Applied`.

        Raises:
            DistortionError: another kind of image, or a box missing, unasked for, or not inside the image.
        """
        pixels = _pixels(image)
        chain = self.draw((pixels.shape[1], pixels.shape[0]), index=index, epoch=epoch, box=box)
        for step in chain:
            keys: dict[str, Any] = {"seed": step.seed, "preset": self._preset}
            if step.box is None:
                pixels = distort(pixels, step.type, step.severity, **keys)
            else:
                pixels = distort_region(pixels, step.box, step.type, step.severity, **keys)
        distorted = _like(image, pixels)
        return (distorted, chain) if label else distorted

    def draw(
        self, size: tuple[int, int], *, index: int, epoch: int = 0, box: Sequence[int] | None = None
    ) -> tuple[Applied, ...]:
        """The chain that a call will apply to an image of ``size`` (width, height)."""
        if (box is not None) != (self._region == "box"):
            raise DistortionError(f"a box goes with region='box', and only with it; region is {self._region!r}")
        rng = generator(self._seed, "transform", epoch, index)
        if self._region == "random":
            box = _random_box(rng, size)
        where = None if box is None else (int(box[0]), int(box[1]), int(box[2]), int(box[3]))
        names = list(self._types)
        chosen = rng.permutation(len(names))[: rng.integers(1, self._count, endpoint=True)]
        return tuple(self._step(rng, names[group], where) for group in chosen)

    def _step(self, rng: np.random.Generator, group: str, box: Box | None) -> Applied:
        types = self._types[group]
        type_, severity = types[rng.integers(len(types))], self._severities[rng.integers(len(self._severities))]
        return Applied(type_, group, severity, int(rng.integers(2**63)), box)


def _random_box(rng: np.random.Generator, size: tuple[int, int]) -> Box:
    (width, height), (share_x, share_y) = size, rng.uniform(*_SIDES, 2)
    wide, high = max(1, round(width * share_x)), max(1, round(height * share_y))
    left, top = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    return left, top, left + wide, top + high


def _pixels(image: Any) -> Image:
    """An image of any kind as an array."""
    if isinstance(image, Pillow.Image):
        return np.asarray(image.convert("RGB"))
    if isinstance(image, np.ndarray):
        return image
    if not hasattr(image, "permute") or image.ndim != 3 or image.shape[0] != 3:
        raise DistortionError(f"image must be a PIL image, an array or a tensor (3, height, width), not {_kind(image)}")
    rows = image.detach().cpu().permute(1, 2, 0)
    if image.is_floating_point():
        rows = (rows.float() * 255).round().clamp(0, 255).byte()
    return np.ascontiguousarray(rows.numpy())


def _like(image: Any, pixels: Image) -> Any:
    """An array as the kind of image that came in."""
    if isinstance(image, Pillow.Image):
        return Pillow.fromarray(pixels)
    if isinstance(image, np.ndarray):
        return pixels
    import torch

    tensor = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
    tensor = tensor.to(image.dtype) / 255 if image.is_floating_point() else tensor
    return tensor.to(image.device).as_subclass(type(image))


def _kind(image: Any) -> str:
    shape = getattr(image, "shape", None)
    return type(image).__name__ if shape is None else f"{type(image).__name__} of shape {tuple(shape)}"


def for_albumentations(transform: RandomDistortion, p: float = 0.5) -> Any:
    """A :class:`RandomDistortion` as an Albumentations transform of images.

    It is keyed by Albumentations' own generator: seed its ``Compose``. ``region="box"`` cannot be used.

    Args:
        transform: what to apply.
        p: how likely it is applied.

    Raises:
        ImportError: albumentations is not installed.
    """
    from albumentations import ImageOnlyTransform

    class Distortion(ImageOnlyTransform):  # type: ignore[misc]
        """See :func:`for_albumentations`."""

        def apply(self, img: Image, index: int = 0, **_: Any) -> Image:
            """Distort one image."""
            return np.asarray(transform(img, index=index))

        def get_params(self) -> dict[str, Any]:
            """The key of a call."""
            return {"index": self.py_random.getrandbits(63)}

        def get_transform_init_args_names(self) -> tuple[str, ...]:
            """Nothing to write down: the transform is an object."""
            return ()

    return Distortion(p=p)
