"""A set of names in eight bytes each, for as many as a dataset has images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class HashedSet:
    """Names by Python's 64-bit hash: that a name counts as another one is a matter of one in many billions."""

    def __init__(self, names: Iterable[str]) -> None:
        self._hashes = np.unique(np.fromiter(map(hash, names), np.int64))

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, name: object) -> bool:
        place = int(np.searchsorted(self._hashes, wanted := hash(name)))
        return place < len(self._hashes) and int(self._hashes[place]) == wanted
