"""Draw docs/distortions.jpg and docs/kadid.jpg: every type of a family at severity 4, with its whole name."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from distortions import DEFAULT_PRESET, catalog, distort
from perception20k.imaging.images import decode, scaled
from perception20k.imaging.sheets import contact_sheet

ROOT = Path(__file__).parents[2]
CELL = (208, 139)  # as wide as the longest name

photo = decode((ROOT / "perception20k" / "sample" / "tulips.png").read_bytes())[60:394]
photo = scaled(photo, *CELL)
for preset, name in ((DEFAULT_PRESET, "distortions"), ("kadid-10k", "kadid")):
    cells = [(photo, "the photo")]
    cells += [(distort(photo, entry.type, 4, seed=0, preset=preset), entry.type) for entry in catalog(preset)]
    sheet = contact_sheet(cells, columns=6, cell=CELL)
    Image.fromarray(sheet).save(ROOT / "docs" / f"{name}.jpg", quality=74)
