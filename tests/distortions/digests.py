"""The digest of what every type makes, to compare one environment with another: see ``.ci/environments``.

    python tests/distortions/digests.py > digests.json             # this environment's
    python tests/distortions/digests.py --same-as digests.json     # name the types that differ here

The photo is drawn from integers, so that no decoder has a part in it. The codecs' types are left out: their bytes are
those of the library inside OpenCV or Pillow.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL

from distortions import PRESETS, SEVERITY_LEVELS, catalog, distort
from distortions.pixels import Image

CODECS = ("compression_jpeg", "compression_jpeg_2000", "jpeg", "jpeg2000")


def photo() -> Image:
    """Smooth colour, edges, texture and flat patches, 157x211 px, in integers."""
    y, x = np.mgrid[:157, :211]
    smooth = np.stack([x + y // 2, 255 - x, (x * y) // 130], axis=2)
    texture = (x[..., np.newaxis] * 37 + y[..., np.newaxis] * 101 + np.arange(3) * 59) % 97
    image = np.where((x // 31 + y // 23)[..., np.newaxis] % 3 == 0, texture * 2, smooth) % 256
    image[20:60, 30:90], image[90:120, 120:180], image[100:110, 20:60] = 0, 255, (200, 30, 90)
    return image.astype(np.uint8)


def digests() -> dict[str, str]:
    """``preset/type/severity`` to the digest of its bytes."""
    image, made = photo(), {}
    for preset in PRESETS:
        for entry in catalog(preset, extra=True):
            for severity in SEVERITY_LEVELS if entry.type not in CODECS else ():
                out = distort(image, entry.type, severity, seed=severity, preset=preset)
                made[f"{preset}/{entry.type}/{severity}"] = hashlib.sha256(out.tobytes()).hexdigest()[:16]
    return made


def main() -> None:
    """Print the digests, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--same-as", type=Path, help="digests of another environment")
    arguments = parser.parse_args()
    made = digests()
    if arguments.same_as is None:
        print(json.dumps(made, indent=1))
        return
    expected = json.loads(arguments.same_as.read_text(encoding="utf-8"))
    different = sorted(name for name in made.keys() | expected.keys() if made.get(name) != expected.get(name))
    versions = f"NumPy {np.__version__}, OpenCV {cv2.__version__}, Pillow {PIL.__version__}"
    same = f"{len(made) - len(different)} of {len(made)} the same"
    print(f"Python {platform.python_version()}, {versions}: {same}")
    if different:
        sys.exit("\n".join(different))


if __name__ == "__main__":
    main()
