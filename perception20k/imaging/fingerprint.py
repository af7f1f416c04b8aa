"""Fingerprints of photos: what a photo, its resized copies and its crops have in common.

A fingerprint is a sample of the photo's ORB corners (Rublee et al., 2011). Of each corner's 256 bits three fixed
choices of 32 are taken as keys, and in each choice the 32 smallest hashed keys are kept: a photo and its crop show the
same corners, so they keep the same ones (a bottom-k sketch). Positions are kept too, for a crop moves all of them
alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from perception20k.core.seeding import keyed_rng
from perception20k.imaging.images import Array

TABLES = 3
KEYS = 32
"""Corners kept in each table."""

DTYPE = np.dtype([("key", "<u4"), ("x", "<u2"), ("y", "<u2")])
"""A corner: its key, and its place in 65536ths of the photo's longer side."""

_SIDE = 512
_LEAST_SIDE = 64  # ORB looks for no corner within 31 pixels of the border
_CORNERS = 400
_CHOICES = [keyed_rng("fingerprint", table).permutation(256)[:32] for table in range(TABLES)]


def fingerprint(image: Array) -> NDArray[np.void]:
    """The corners of an RGB image, dtype :data:`DTYPE`, shape (:data:`TABLES`, :data:`KEYS`).

    A photo with few corners, or thinner than 64 pixels at 512 pixels' length, fills the rest with key 0, which stands
    for none; a flat one has nothing else.
    """
    found = np.zeros((TABLES, KEYS), DTYPE)
    longer = max(image.shape[:2])
    if longer != _SIDE:
        size = [max(1, round(side * _SIDE / longer)) for side in image.shape[1::-1]]
        how = cv2.INTER_AREA if longer > _SIDE else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if min(grey.shape) < _LEAST_SIDE:
        return found
    corners, descriptors = cv2.ORB_create(_CORNERS, fastThreshold=10).detectAndCompute(grey, None)  # type: ignore[attr-defined]
    if descriptors is None:
        return found
    bits = np.unpackbits(descriptors, axis=1)
    places = np.array([corner.pt for corner in corners]) * (65535 / max(grey.shape))
    for table, choice in enumerate(_CHOICES):
        keys = _hashed(np.ascontiguousarray(np.packbits(bits[:, choice], axis=1)).view("<u4")[:, 0])
        keys, first = np.unique(keys, return_index=True)  # sorted: the smallest come first
        keys, first = keys[:KEYS], first[:KEYS]
        row = found[table, : len(keys)]
        row["key"], row["x"], row["y"] = keys, places[first, 0], places[first, 1]
    return found


def _hashed(keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A fixed mixing of 32 bits, one to one, so that which keys are smallest has nothing to do with what they show."""
    mixed = keys.astype(np.uint32)
    for factor in (0x7FEB352D, 0x846CA68B):
        mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    return np.maximum(mixed, 1).astype(np.uint32)
