"""The distortions as a library: one box of one photo, every severity, side by side.

python examples/one_photo.py PHOTO OUT.png
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from distortions import SEVERITIES, catalog, distort_region, resolve


def main(photo: Path, out: Path) -> None:
    """Draw ``blur_motion`` at severities 1 to 5 in the middle of the photo."""
    image = np.array(Image.open(photo).convert("RGB"))
    height, width = image.shape[:2]
    box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)

    strip = [image]
    for severity, words in enumerate(SEVERITIES, start=1):
        print(f"{severity} {words}: {resolve('blur_motion', severity, seed=7)}")
        strip.append(distort_region(image, box, "blur_motion", severity, seed=7))
    Image.fromarray(np.hstack(strip)).save(out)

    kinds = [entry.type for entry in catalog() if entry.group == "blur"]
    print(f"{out}: the photo and five severities; other kinds of blur: {', '.join(kinds)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
