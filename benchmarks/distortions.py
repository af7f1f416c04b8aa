"""How fast the distortions are: ``python benchmarks/distortions.py``.

One thread, one 640x427 photo, severity 3, CPU time, the least of several runs. Each type is told in milliseconds and as
how many times faster it is than the reference code (DepictQA-V2's), whose times are stored in
``distortions_reference.json`` beside the times of three yardsticks from the same run: a copy of 32 MB (memory),
scikit-image's ``gaussian(sigma=3)`` (computing) and a JPEG encode (a codec). The yardsticks are timed again here, so
each gives an estimate of the reference's time on this machine; the median counts, the spread is told. Beside it stand
imagecorruptions and albumentations where they have the same type, if they are installed; last, a 200x200 box in a
1920x1080 photo against an image of 200x200.

The two libraries are the extra ``bench``, best put into an environment of its own: both pull ``opencv-python``, which
overwrites ``opencv-python-headless``, and imagecorruptions 1.1.2 needs setuptools below 80:

    uv venv /tmp/bench && uv pip install --python /tmp/bench 'setuptools<80' imagecorruptions albumentations -e .
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data
import skimage.filters

sys.path[0] = str(Path(__file__).parents[1])  # the folder of this file would pass itself off as the library

from distortions import catalog, distort  # noqa: E402
from distortions.pixels import Image  # noqa: E402
from distortions.region import distort_patch  # noqa: E402

SEVERITY = 3
REFERENCE = json.loads(Path(__file__).with_name("distortions_reference.json").read_text(encoding="utf-8"))

IMAGECORRUPTIONS = {
    "blur_gaussian": "gaussian_blur",
    "blur_motion": "motion_blur",
    "blur_glass": "glass_blur",
    "blur_lens": "defocus_blur",
    "blur_zoom": "zoom_blur",
    "noise_gaussian_RGB": "gaussian_noise",
    "noise_speckle": "speckle_noise",
    "noise_poisson": "shot_noise",
    "noise_impulse": "impulse_noise",
    "compression_jpeg": "jpeg_compression",
    "brightness_brighten_shift_HSV": "brightness",
    "contrast_weaken_scale": "contrast",
    "saturate_strengthen_HSV": "saturate",
    "pixelate": "pixelate",
}
"""Our type to the function of the same kind; parameters differ somewhat."""

ALBUMENTATIONS = {
    "blur_gaussian": lambda a, s: a.GaussianBlur(blur_limit=0, sigma_limit=(s, s), p=1),
    "blur_motion": lambda a, s: a.MotionBlur(blur_limit=(8 * s + 3, 8 * s + 3), p=1),
    "blur_glass": lambda a, s: a.GlassBlur(sigma=0.7 + 0.2 * s, max_delta=s, iterations=1, p=1),
    "blur_lens": lambda a, s: a.Defocus(radius=(2 * s, 2 * s), p=1),
    "blur_zoom": lambda a, s: a.ZoomBlur(max_factor=(1 + 0.04 * s,) * 2, step_factor=(0.02, 0.02), p=1),
    "noise_gaussian_RGB": lambda a, s: a.GaussNoise(std_range=(0.05 * s, 0.05 * s), p=1),
    "noise_speckle": lambda a, s: a.MultiplicativeNoise((1 - 0.1 * s, 1 + 0.1 * s), True, True, p=1),
    "noise_poisson": lambda a, s: a.ShotNoise(scale_range=(0.02 * s, 0.02 * s), p=1),
    "noise_impulse": lambda a, s: a.SaltAndPepper(amount=(0.02 * s, 0.02 * s), p=1),
    "compression_jpeg": lambda a, s: a.ImageCompression(quality_range=(30 - 5 * s, 30 - 5 * s), p=1),
    "brightness_brighten_shift_RGB": lambda a, s: a.RandomBrightnessContrast((0.1 * s,) * 2, (0, 0), p=1),
    "brightness_brighten_gamma_RGB": lambda a, s: a.RandomGamma((100 - 10 * s,) * 2, p=1),
    "contrast_strengthen_scale": lambda a, s: a.RandomBrightnessContrast((0, 0), (0.4 * s,) * 2, p=1),
    "saturate_strengthen_HSV": lambda a, s: a.HueSaturationValue((0, 0), (20 * s,) * 2, (0, 0), p=1),
    "saturate_weaken_HSV": lambda a, s: a.HueSaturationValue((0, 0), (-20 * s,) * 2, (0, 0), p=1),
    "oversharpen": lambda a, s: a.UnsharpMask(blur_limit=(5, 5), alpha=(1, 1), threshold=0, p=1),
    "pixelate": lambda a, s: a.Downscale(scale_range=(0.6 - 0.1 * s,) * 2, p=1),
    "quantization_uniform": lambda a, s: a.Posterize(num_bits=6 - s, p=1),
}
"""Our type to a transform of the same kind and about the same strength."""


def best_ms(run: Callable[[], object], budget: float) -> float:
    """The least CPU time of the runs that fit ``budget`` seconds, at least three."""
    run()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 200):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def yardsticks(photo: Image) -> dict[str, float]:
    """The yardsticks' milliseconds here and now."""
    floats, block = photo / 255, np.ones(8_000_000, np.float32)
    copy = np.empty_like(block)
    runs: dict[str, Callable[[], object]] = {
        "memory": lambda: np.copyto(copy, block),
        "compute": lambda: skimage.filters.gaussian(floats, sigma=3, channel_axis=-1),
        "codec": lambda: cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 95]),
    }
    return {name: best_ms(run, 0.5) for name, run in runs.items()}


def mean_of(values: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def theirs(make: Callable[[], Callable[[], object]], budget: float) -> str:
    """Another library's time as text; its failure, if it fails by itself, in a word."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f"{best_ms(make(), budget):.2f}"
    except Exception as error:  # whatever it is, it is theirs, and the table goes on
        return f"fails: {type(error).__name__}"


def peers(photo: Image, type_: str, budget: float) -> tuple[str, str]:
    """The times of imagecorruptions and of albumentations, ``-`` where they have no such type or are missing."""
    corrupted = transformed = "-"
    if type_ in IMAGECORRUPTIONS and "imagecorruptions" in sys.modules:
        corrupt, name = sys.modules["imagecorruptions"].corrupt, IMAGECORRUPTIONS[type_]
        corrupted = theirs(lambda: lambda: corrupt(photo, corruption_name=name, severity=SEVERITY), budget)
    if type_ in ALBUMENTATIONS and "albumentations" in sys.modules:
        library, make = sys.modules["albumentations"], ALBUMENTATIONS[type_]

        def prepared() -> Callable[[], object]:
            transform = make(library, SEVERITY)
            return lambda: transform(image=photo)

        transformed = theirs(prepared, budget)
    return corrupted, transformed


def import_peers() -> list[str]:
    """Import the two libraries, and tell what came of it."""
    told = []
    for name in ("imagecorruptions", "albumentations"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                __import__(name)
            told.append(f"{name}: compared")
        except Exception as error:
            told.append(f"{name}: not compared ({type(error).__name__}: {error})")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=float, default=0.15, help="seconds a measurement may take")
    parser.add_argument("--types", default="", help="only types whose name holds this")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print("\n".join(import_peers()))

    photo = cv2.resize(skimage.data.coffee(), (640, 427), interpolation=cv2.INTER_AREA)
    stored = REFERENCE["yardsticks"]
    before = yardsticks(photo)
    print(f"{'type':<32}{'ms':>9}{'reference ms':>14}{'imagecorruptions':>22}{'albumentations':>22}")
    ours = {}
    for entry in catalog(extra=True):
        if arguments.types not in entry.type:
            continue
        took = best_ms(lambda t=entry.type: distort(photo, t, SEVERITY, seed=1), arguments.budget)
        if entry.group:
            ours[entry.type] = took
        corrupted, transformed = peers(photo, entry.type, arguments.budget)
        reference = REFERENCE["types"].get(entry.type, math.nan)
        print(f"{entry.type:<32}{took:>9.3f}{reference:>14.2f}{corrupted:>22}{transformed:>22}", flush=True)
    after = yardsticks(photo)
    machine = {name: min(before[name], after[name]) / stored[name] for name in stored}
    for name, scale in machine.items():
        print(f"yardstick {name}: {stored[name] * scale:.2f} ms here, {stored[name]:.2f} ms beside the reference")
    ratio = {type_: REFERENCE["types"][type_] / took for type_, took in ours.items()}
    scale = statistics.median(machine.values())
    least, most = (mean_of(list(ratio.values())) * bound(machine.values()) for bound in (min, max))
    faster = mean_of(list(ratio.values())) * scale
    print(f"times the reference's speed: {faster:.1f}, the geometric mean; by yardstick {least:.1f} to {most:.1f}")
    slow = sorted((round(r * scale, 2), type_) for type_, r in ratio.items() if r * scale < 1.5)
    print(f"under 1.5 times: {', '.join(f'{type_} {r}' for r, type_ in slow) or 'none'}")
    total = sum(REFERENCE["types"][type_] for type_ in ours) * scale
    print(f"sum of all: {sum(ours.values()):.0f} ms, the reference {total:.0f} ms\n")

    large = cv2.resize(skimage.data.coffee(), (1920, 1080))
    small = np.ascontiguousarray(large[400:600, 800:1000])
    print(f"{'200x200, severity 3':<32}{'image ms':>9}{'box ms':>9}{'ratio':>8}{'window':>11}")
    for entry in catalog():
        if arguments.types not in entry.type:
            continue
        alone = best_ms(lambda t=entry.type: distort(small, t, 3, seed=1), arguments.budget)
        boxed = best_ms(
            lambda t=entry.type: distort_patch(large, (800, 400, 1000, 600), t, 3, seed=1), arguments.budget
        )
        reach = entry.operation.reach
        print(f"{entry.type:<32}{alone:>9.3f}{boxed:>9.3f}{boxed / alone:>8.2f}{'context' if reach else 'box':>11}")
    copy = best_ms(large.copy, 0.3)
    print(f"the copy of the 1920x1080 photo that distort_region returns adds {copy:.2f} ms to each box")


if __name__ == "__main__":
    main()
