"""How fast the distortions are: ``python benchmarks/distortions.py``.

One thread, one 640x427 photo, severities 1, 3 and 5 averaged, the best of several runs. Each type is told in
milliseconds and, to compare machines, as a multiple of a yardstick (scikit-image's ``gaussian(sigma=3)`` on the same
photo as floats, measured again beside each type, since a machine's speed drifts) and of one JPEG encode of it. Beside
it stand imagecorruptions and albumentations where they have the
same type, if they are installed; last, a 200x200 box in a 1920x1080 photo against an image of 200x200.

The two libraries are the extra ``bench``, best put into an environment of its own: both pull ``opencv-python``, which
overwrites ``opencv-python-headless``, and imagecorruptions 1.1.2 needs setuptools below 80:

    uv venv /tmp/bench && uv pip install --python /tmp/bench 'setuptools<80' imagecorruptions albumentations -e .
"""

from __future__ import annotations

import argparse
import math
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

SEVERITIES = (1, 3, 5)

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
    """The shortest of the runs that fit ``budget`` seconds, at least three."""
    run()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 50):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def over_severities(run: Callable[[int], object], budget: float) -> float:
    """Milliseconds averaged over the severities."""
    return sum(best_ms(lambda s=s: run(s), budget) for s in SEVERITIES) / len(SEVERITIES)


def mean_of(values: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def theirs(make: Callable[[int], Callable[[], object]], budget: float) -> str:
    """Another library's time as text; its failure, if it fails by itself, in a word."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runs = {s: make(s) for s in SEVERITIES}
            return f"{over_severities(lambda s: runs[s](), budget):.2f}"
    except Exception as error:  # whatever it is, it is theirs, and the table goes on
        return f"fails: {type(error).__name__}"


def peers(photo: Image, type_: str, budget: float) -> tuple[str, str]:
    """The times of imagecorruptions and of albumentations, ``-`` where they have no such type or are missing."""
    corrupted = transformed = "-"
    if type_ in IMAGECORRUPTIONS and "imagecorruptions" in sys.modules:
        corrupt, name = sys.modules["imagecorruptions"].corrupt, IMAGECORRUPTIONS[type_]
        corrupted = theirs(lambda s: lambda: corrupt(photo, corruption_name=name, severity=s), budget)
    if type_ in ALBUMENTATIONS and "albumentations" in sys.modules:
        library, make = sys.modules["albumentations"], ALBUMENTATIONS[type_]

        def prepared(severity: int) -> Callable[[], object]:
            transform = make(library, severity)
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
    floats = photo / 255

    def yardstick() -> float:
        return best_ms(lambda: skimage.filters.gaussian(floats, sigma=3, channel_axis=-1), arguments.budget)

    encode = best_ms(lambda: cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 95]), 0.5)
    print(f"yardstick: skimage gaussian(sigma=3) {yardstick():.2f} ms; one JPEG encode {encode:.2f} ms\n")
    print(f"{'type':<32}{'ms':>9}{'yardstick':>11}{'encode':>9}{'imagecorruptions':>22}{'albumentations':>22}")
    times, ratios = [], []
    for entry in catalog(extra=True):
        if arguments.types not in entry.type:
            continue
        ours = over_severities(lambda s, t=entry.type: distort(photo, t, s, seed=1), arguments.budget)
        ratio = ours / yardstick()
        if entry.group:
            times.append(ours)
            ratios.append(ratio)
        corrupted, transformed = peers(photo, entry.type, arguments.budget)
        print(
            f"{entry.type:<32}{ours:>9.3f}{ratio:>11.4f}{ours / encode:>9.2f}{corrupted:>22}{transformed:>22}",
            flush=True,
        )
    print(f"{'geometric mean':<32}{mean_of(times):>9.3f}{mean_of(ratios):>11.4f}{mean_of(times) / encode:>9.2f}\n")

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
