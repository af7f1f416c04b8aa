"""What KADID-10k's types cost, and how long KADIS-700k would take: ``python -m benchmarks.kadid``.

One core, one photo of KADIS-700k's size (512x384). Times are processor time, which a busy machine stretches less than
the clock's, and the shortest of several runs. Three tables:

1. Each of the 25 types in milliseconds, the mean of its five levels. Beside it, in the same run, the same formula
   written plainly with scikit-image, SciPy and Pillow, where it is a line or two there. The public Python port of the
   generator is not compared: it needs versions of other libraries of its own.
2. KADIS-700k's job for each photo: read a JPEG, distort it with one type at its five levels, write five files; the
   mean over the 25 types, for several file formats.
3. Photos an hour on as many processes as there are cores here, and on 16, extrapolated from one core by the
   efficiency that the processes here reached. Sixteen cores share one memory and one disk, so take it as a bound.
"""

from __future__ import annotations

import argparse
import io
import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
import scipy.ndimage
import skimage.color
import skimage.data
import skimage.filters
import skimage.restoration
import skimage.util
from PIL import Image as Pillow

from distortions import SEVERITY_LEVELS, catalog, distort, resolve
from distortions.pixels import Image

KADID = "kadid-10k"
TYPES = [entry.type for entry in catalog(KADID)]
JOB = 700_000
"""Distorted images of KADIS-700k."""

FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    "BMP, as KADIS": ("BMP", {}),
    "PNG, fastest": ("PNG", {"compress_level": 1}),
    "WebP, lossless": ("WEBP", {"lossless": True, "quality": 0, "method": 0}),
}


def photo() -> Image:
    """A photo of KADIS-700k's size."""
    return np.asarray(cv2.resize(skimage.data.coffee(), (512, 384), interpolation=cv2.INTER_AREA))


def lab_scaled(image: Image, light: float, color: float, sigma: float = 0) -> Image:
    """Through scikit-image's CIELAB: lightness and colour times a factor, colour blurred."""
    lab = skimage.color.rgb2lab(image)
    if sigma:
        lab[..., 1:] = skimage.filters.gaussian(lab[..., 1:], sigma, truncate=2, channel_axis=-1)
    return 255 * np.clip(skimage.color.lab2rgb(lab * (light, color, color)), 0, 1)


def recoded(image: Image, kind: str, **options: object) -> Image:
    """Through a codec of Pillow's."""
    code = io.BytesIO()
    Pillow.fromarray(image).save(code, kind, **options)
    return np.asarray(Pillow.open(code))


def sharpened(image: Image, amount: float) -> Image:
    """An unsharp mask of scikit-image's lightness."""
    lab = skimage.color.rgb2lab(image)
    lab[..., 0] += amount * (lab[..., 0] - skimage.filters.gaussian(lab[..., 0], 3, truncate=2))
    return skimage.color.lab2rgb(lab)


def jittered(image: Image, sigma: float) -> Image:
    """Five passes of SciPy's bilinear sampling."""
    rng, places, out = np.random.default_rng(0), np.indices(image.shape[:2]), image.astype(np.float64)
    for _ in range(5):
        moved = places + rng.normal(0, sigma, places.shape)
        out = np.stack([scipy.ndimage.map_coordinates(c, moved, order=1, mode="nearest") for c in out.T.swapaxes(1, 2)])
        out = out.transpose(1, 2, 0)
    return out


def correlated(image: Image, radius: int) -> Image:
    """SciPy's correlation with a disk, plane by plane."""
    disk = (np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius).astype(float)
    floats = image / 255
    return np.stack([scipy.ndimage.correlate(floats[..., c], disk, mode="nearest") for c in range(3)], axis=2)


def noisy(image: Image, mode: str, **options: float) -> Image:
    """scikit-image's noise."""
    return skimage.util.random_noise(image, mode, rng=0, **options)


PLAIN: dict[str, Callable[..., object]] = {
    "gaussian_blur": lambda x, sigma, cut: skimage.filters.gaussian(x, sigma, truncate=cut, channel_axis=-1),
    "lens_blur": lambda x, radius: correlated(x, radius),
    "color_diffusion": lambda x, amount: lab_scaled(x, 1, amount, 1.5 * amount + 2),
    "color_quantization": lambda x, colors: Pillow.fromarray(x).quantize(colors, dither=Pillow.Dither.NONE),
    "color_saturation_1": lambda x, factor: skimage.color.hsv2rgb(skimage.color.rgb2hsv(x) * (1, factor, 1)),
    "color_saturation_2": lambda x, factor: lab_scaled(x, 1, factor),
    "jpeg2000": lambda x, ratio: recoded(x, "JPEG2000", quality_mode="rates", quality_layers=[ratio]),
    "jpeg": lambda x, quality: recoded(x, "JPEG", quality=quality),
    "white_noise": lambda x, sigma: noisy(x, "gaussian", var=sigma**2),
    "impulse_noise": lambda x, density: noisy(x, "s&p", amount=density),
    "multiplicative_noise": lambda x, sigma: noisy(x, "speckle", var=sigma**2),
    "denoise": lambda x, sigma: skimage.restoration.denoise_nl_means(
        noisy(x, "gaussian", var=sigma**2), 5, 5, 0.9 * sigma, channel_axis=-1
    ),
    "brighten": lambda x, amount: lab_scaled(x, 1 + amount, 1),
    "jitter": lambda x, sigma: jittered(x, sigma),
    "high_sharpen": lambda x, amount: sharpened(x, amount),
}
"""Types written plainly, called with our parameters."""


def shortest_ms(run: Callable[[], object], budget: float) -> float:
    """Processor time of the shortest of the runs that fit ``budget`` seconds, at least two."""
    times: list[float] = []
    while len(times) < 2 or (sum(times) < budget and len(times) < 20):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def of_types(budget: float) -> None:
    """Print the first table."""
    image = photo()
    print(f"{'type':<30}{'ms':>9}{'plain ms':>11}{'times':>8}")
    ours_all, plain_all, ours_compared = 0.0, 0.0, 0.0
    for type_ in TYPES:
        ours, plain = 0.0, 0.0
        for severity in SEVERITY_LEVELS:
            ours += shortest_ms(lambda t=type_, s=severity: distort(image, t, s, preset=KADID), budget) / 5
            if type_ in PLAIN:
                values = resolve(type_, severity, preset=KADID)
                plain += shortest_ms(lambda t=type_, v=values: PLAIN[t](image, **v), budget) / 5
        ours_all += ours
        if type_ in PLAIN:
            plain_all, ours_compared = plain_all + plain, ours_compared + ours
        told = f"{plain:>11.2f}{plain / ours:>8.1f}" if type_ in PLAIN else ""
        print(f"{type_:<30}{ours:>9.2f}{told}", flush=True)
    print(f"{'the 25 types together':<30}{ours_all:>9.1f}")
    print(f"{'the types that have both':<30}{ours_compared:>9.1f}{plain_all:>11.1f}{plain_all / ours_compared:>8.1f}\n")


def job(kind: str, photos: int, first: int = 0) -> tuple[float, float]:
    """Processor and clock seconds for some photos' work: read, five levels of a type each, write."""
    cv2.setNumThreads(1)
    name, options = FORMATS[kind]
    source = io.BytesIO()
    Pillow.fromarray(photo()).save(source, "JPEG", quality=95)
    clock, processor = time.perf_counter(), time.process_time()
    for number in range(first, first + photos):
        image = np.array(Pillow.open(source))
        for severity in SEVERITY_LEVELS:
            made = distort(image, TYPES[number % len(TYPES)], severity, seed=number, preset=KADID)
            Pillow.fromarray(made).save(io.BytesIO(), name, **options)
    return time.process_time() - processor, time.perf_counter() - clock


def of_jobs(photos: int) -> None:
    """Print the second and third table."""
    cores = len(os.sched_getaffinity(0))
    heads = "ms an image", "images an hour: 1 core", f"{cores} processes", "16 cores"
    print(f"{'files written':<18}{heads[0]:>12}{heads[1]:>24}{heads[2]:>16}{heads[3]:>12}")
    for kind in FORMATS:
        alone, _ = job(kind, photos)
        rate = 5 * photos / alone
        with ProcessPoolExecutor(cores) as pool:
            shares = list(pool.map(job, [kind] * cores, [photos] * cores))
        together = sum(5 * photos / processor for processor, _ in shares)
        print(
            f"{kind:<18}{1000 / rate:>12.1f}{3600 * rate:>24,.0f}{3600 * together:>16,.0f}"
            f"{3600 * together * 16 / cores:>12,.0f}",
            flush=True,
        )
    print(f"\nKADIS-700k has {JOB:,} images. Rates are by processor time: on cores that nothing else uses.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=float, default=0.1, help="seconds a measurement may take")
    parser.add_argument(
        "--photos", type=int, default=25, help="photos of the job that is timed; 25 take every type once"
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", message=".*negative Z values")  # scikit-image, of colours beyond sRGB
    of_types(arguments.budget)
    of_jobs(arguments.photos)


if __name__ == "__main__":
    main()
