"""Images a second while training: ``python -m benchmarks.transforms``.

``RandomDistortion`` beside the nearest transforms of Albumentations and of kornia, type by type at severity 3, in one
run on one thread: the least processor time of turns taken in rotation, so that a busy machine slows all alike. Ours and
Albumentations' take a uint8 array of 256x256, kornia's a batch of 16 such images as float32 tensors, which is what they
are made for; the time of one image counts. The transforms are of the same kind and about the same strength, no more.

A library that is missing is left out, with the line that installs it.
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import skimage.data

from benchmarks.distortions import ALBUMENTATIONS, mean_of
from distortions.transforms import RandomDistortion

SEVERITY = 3
SIDE = 256
BATCH = 16

KORNIA: dict[str, Callable[[Any], Any]] = {
    "blur_gaussian": lambda k: k.RandomGaussianBlur((13, 13), (3.0, 3.0), p=1.0),
    "blur_motion": lambda k: k.RandomMotionBlur(31, 90.0, 0.0, p=1.0),
    "noise_gaussian_RGB": lambda k: k.RandomGaussianNoise(0.0, 0.15, p=1.0),
    "noise_impulse": lambda k: k.RandomSaltAndPepperNoise((0.05, 0.05), p=1.0),
    "compression_jpeg": lambda k: k.RandomJPEG((12.0, 12.0), p=1.0),
    "brightness_brighten_shift_RGB": lambda k: k.RandomBrightness((1.2, 1.2), p=1.0),
    "brightness_brighten_gamma_RGB": lambda k: k.RandomGamma((0.6, 0.6), (1.0, 1.0), p=1.0),
    "contrast_strengthen_scale": lambda k: k.RandomContrast((2.1, 2.1), p=1.0),
    "saturate_strengthen_HSV": lambda k: k.RandomSaturation((12.0, 12.0), p=1.0),
    "saturate_weaken_HSV": lambda k: k.RandomSaturation((0.4, 0.4), p=1.0),
    "oversharpen": lambda k: k.RandomSharpness((4.0, 4.0), p=1.0),
    "quantization_uniform": lambda k: k.RandomPosterize((3.0, 3.0), p=1.0),
}
"""Our type to a transform of the same kind and about the same strength."""


def loaded(name: str) -> Any:
    """A library, or None and a line that says how to get it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out ({error}). In an environment of its own: uv pip install {name.partition('.')[0]}")
        return None


def candidates(type_: str, photo: Any, albumentations: Any, kornia: Any) -> dict[str, tuple[Callable[[], object], int]]:
    """Who makes a type: name to a call and the images that it makes."""
    ours = RandomDistortion([type_], severities=[SEVERITY], seed=1)
    made: dict[str, tuple[Callable[[], object], int]] = {"ours": (lambda: ours(photo, index=7), 1)}
    if albumentations is not None and type_ in ALBUMENTATIONS:
        theirs = ALBUMENTATIONS[type_](albumentations, SEVERITY)
        made["albumentations"] = (lambda: theirs(image=photo), 1)
    if kornia is not None and type_ in KORNIA:
        import torch

        batch = torch.from_numpy(photo).permute(2, 0, 1).expand(BATCH, -1, -1, -1).float() / 255
        transform = KORNIA[type_](kornia)
        made["kornia"] = (lambda: transform(batch), BATCH)
    return made


def images_a_second(runs: dict[str, tuple[Callable[[], object], int]], turns: int) -> dict[str, float]:
    """Of each candidate, by the least processor time of its turns; one that fails by itself is left out."""
    least: dict[str, float] = {}
    for _ in range(turns + 1):  # the first warms up
        for name, (run, images) in list(runs.items()):
            start = time.process_time()
            try:
                run()
            except Exception as error:  # whatever it is, it is theirs, and the table goes on
                print(f"{name} fails: {type(error).__name__}")
                del runs[name]
                continue
            least[name] = min(least.get(name, np.inf), (time.process_time() - start) / images)
    return {name: 1 / least[name] for name in runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=20, help="turns of each transform; the fastest counts")
    arguments = parser.parse_args()
    albumentations, kornia = loaded("albumentations"), loaded("kornia.augmentation")
    if kornia is not None:
        import torch

        torch.set_num_threads(1)
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore")
    photo = np.ascontiguousarray(skimage.data.coffee()[60 : 60 + SIDE, 200 : 200 + SIDE])
    peers = [name for name, there in (("albumentations", albumentations), ("kornia", kornia)) if there is not None]
    print(f"{'images a second':<32}{'ours':>10}" + "".join(f"{name:>16}{'ours is':>10}" for name in peers))
    ratios: dict[str, list[float]] = {name: [] for name in peers}
    for type_ in {**ALBUMENTATIONS, **KORNIA}:
        rates = images_a_second(candidates(type_, photo, albumentations, kornia), arguments.turns)
        line = f"{type_:<32}{rates['ours']:>10,.0f}"
        for name in peers:
            if name in rates:
                ratios[name].append(rates["ours"] / rates[name])
                line += f"{rates[name]:>16,.0f}{ratios[name][-1]:>9.1f}x"
            else:
                line += f"{'-':>16}{'':>10}"
        print(line, flush=True)
    for name, values in ratios.items():
        if values:
            slower = sum(value < 1 for value in values)
            print(f"beside {name}: {mean_of(values):.1f} times as fast, the geometric mean of {len(values)} types;")
            print(f"    from {min(values):.1f} to {max(values):.1f} times, slower in {slower}")


if __name__ == "__main__":
    main()
