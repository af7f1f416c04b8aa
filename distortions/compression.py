"""Compression: a trip through the codec and back."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np

from distortions.parameters import by_severity, levels
from distortions.pixels import Image

_MCU = 16
"""JPEG with 4:2:0 chroma codes blocks of 16x16 px."""


@by_severity(
    quality=levels(25, 18, 12, 8, 5, kadid_10k=(43, 36, 24, 7, 4), within=(1, 100)), reach=lambda quality: 2, grid=_MCU
)
def compression_jpeg(image: Image, *, quality: int) -> Image:
    """JPEG at a quality of 1 to 100 with 4:2:0 chroma.

    A box is coded on the photo's own block grid with the blocks around it (2 px more for the chroma's
    interpolation), so it shows exactly what the whole photo's JPEG would show there.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    _, code = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return _decoded(code)


@by_severity(psnr=levels(29.0, 27.5, 26.0, 24.5, 23.0, within=(1.0, 100.0)))
def compression_jpeg_2000(image: Image, *, psnr: float) -> Image:
    """JPEG 2000, one quality layer of ``psnr`` dB, reversible wavelet; a box is coded by itself."""
    return _jpeg_2000(image, quality_mode="dB", quality_layers=[psnr])


@by_severity(ratio=levels(kadid_10k=(16, 32, 45, 120, 400), within=(1, 10_000)))
def jpeg2000(image: Image, *, ratio: int) -> Image:
    """JPEG 2000 at a compression of ``ratio`` to 1, reversible wavelet of up to 8 resolutions; a box is coded alone."""
    resolutions = min(8, min(image.shape[:2]).bit_length())
    return _jpeg_2000(image, quality_mode="rates", quality_layers=[ratio], num_resolutions=resolutions)


def _jpeg_2000(image: Image, **options: Any) -> Image:
    code = io.BytesIO()
    from PIL import Image as Pillow  # here, as most types need no Pillow and its import takes as long as all of theirs

    Pillow.fromarray(image).save(code, "JPEG2000", irreversible=False, **options)
    return _decoded(np.frombuffer(code.getvalue(), np.uint8))


def _decoded(code: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> Image:
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR_RGB))
