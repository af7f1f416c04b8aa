"""Keyed randomness: every draw is a function of the words that name it, never of order or worker.

A draw's key is a tuple of words and numbers, such as ``(seed, image_id, box, type, severity)``; its SHA-256
keys NumPy's counter-based Philox generator.
"""

from __future__ import annotations

import hashlib

import numpy as np

Key = str | int | tuple[int, ...]


def key_int(*key: Key, bits: int = 63) -> int:
    """A non-negative integer below ``2**bits`` drawn from ``key``; 63 bits fit an int64 column."""
    text = "\x1f".join(repr(part) for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()) >> (256 - bits)


def keyed_rng(*key: Key) -> np.random.Generator:
    """A generator of its own for ``key``."""
    return np.random.Generator(np.random.Philox(key=key_int(*key, bits=128)))
