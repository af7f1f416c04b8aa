"""Scenes: which source images must never be in both parts of the split.

All frames of one video, near-duplicate photos, crops of one original, and whatever a table of the user's puts
together. Near-duplicates and crops are found by their fingerprints, in time that grows with the number of images.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception20k.core.errors import UserError
from perception20k.core.tables import read_table
from perception20k.dataset.quarantine import Reason
from perception20k.imaging.fingerprint import DTYPE, KEYS, TABLES
from perception20k.pipeline.stages.names import Names, plain
from perception20k.pipeline.stages.sources import Candidate


class SceneTable:
    """Which photos belong together, as a table of the user's says, matched by their names
    (:class:`perception20k.pipeline.stages.names.Names`).

    Args:
        path: a CSV with the columns ``file`` and ``scene``, if there is one.
        origins: the names of all photos there are, to tell when a name in the table may mean more than one.

    Attributes:
        names: its files, matched to photos.

    Raises:
        UserError: the table cannot be read.
    """

    def __init__(self, path: Path | None, origins: Iterable[str] = ()) -> None:
        self._scenes = _read_table(path) if path else {}
        self.names = Names(self._scenes, origins)

    def find(self, origin: str) -> str | None:
        """The scene of a photo; None if the table does not say, or not surely."""
        name = self.names.find(origin)
        return self._scenes[name] if isinstance(name, str) else None


def find_scenes(candidates: Iterable[Candidate], table: SceneTable) -> list[str]:
    """The scene of each candidate; see :func:`scenes_of`.

    Args:
        candidates: readable twice, with their fingerprints.
        table: what the user says of scenes.
    """
    image_ids, origins = [], []
    for candidate in candidates:
        image_ids.append(candidate.source.image_id)
        origins.append(candidate.source.origin)
    return scenes_of(image_ids, origins, _prints(candidates), map(table.find, origins))


def distinct(candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Reason | None]]:
    """Each candidate with the reason if it shows nearly what another does, or is a crop of it; None for the largest.

    Args:
        candidates: readable twice, with their fingerprints.
    """
    twins: dict[int, list[int]] = {}
    for a, b in near_duplicates(_prints(candidates)):
        twins.setdefault(a, []).append(b)
        twins.setdefault(b, []).append(a)
    alike = {place: candidate.source for place, candidate in enumerate(candidates) if place in twins}
    kept: set[int] = set()
    dropped: dict[int, int] = {}
    for place in sorted(twins, key=lambda place: (-alike[place].width * alike[place].height, place)):
        larger = next((twin for twin in sorted(twins[place]) if twin in kept), None)
        if larger is None:
            kept.add(place)
        else:
            dropped[place] = larger
    for place, candidate in enumerate(candidates):
        twin = dropped.get(place)
        text = None if twin is None else f"shows nearly what {alike[twin].origin} does, or a part of it"
        yield candidate, None if text is None else Reason("near_duplicate", text)


def _prints(candidates: Iterable[Candidate]) -> NDArray[np.void]:
    marks = bytearray()
    for candidate in candidates:
        marks += b64decode(candidate.fingerprint)
    found = np.frombuffer(marks, DTYPE)
    return found.reshape(len(found) // (TABLES * KEYS), TABLES, KEYS)


def _read_table(path: Path) -> dict[str, str]:
    table = read_table(path, "scenes", "scenes", ("file", "scene"))
    if not {"file", "scene"} <= set(table.column_names):
        known = f"Columns: {', '.join(table.column_names)}"
        raise UserError(f"{path}: not a table with the columns 'file' and 'scene'", known)
    rows = zip(table["file"].to_pylist(), table["scene"].to_pylist(), strict=True)
    return {plain(file): scene for file, scene in rows if file and scene}


MIN_SHARED = 3
"""Corners two images must share, all moved and scaled alike: on 72 photos no two of different scenes share two."""

_NEIGHBOURS = 3
"""An image is compared with as many others that have a key in common, which keeps the work linear."""

_TOLERANCE = 0.03
"""How far a corner may lie from where the others put it, as a share of the photo's longer side."""


def scenes_of(
    image_ids: Sequence[str], origins: Iterable[str], prints: NDArray[np.void], named: Iterable[str | None] = ()
) -> list[str]:
    """The scene of each source image: the ``image_id`` of the scene's first image.

    Args:
        image_ids: of the source images, in their order.
        origins: their names; frames of one video share what stands before ``#frame=``.
        prints: their fingerprints, shape (images, tables, keys).
        named: what a table of the user's calls each image's scene, None where it does not say.
    """
    parent = list(range(len(image_ids)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    def join(a: int, b: int) -> None:
        a, b = root(a), root(b)
        parent[max(a, b)] = min(a, b)

    for kind, names in (("video", map(_video, origins)), ("table", named)):
        first: dict[tuple[str, str], int] = {}
        for place, name in enumerate(names):
            if name is not None:
                join(place, first.setdefault((kind, name), place))
    for a, b in near_duplicates(prints):
        join(a, b)
    return [image_ids[root(place)] for place in range(len(image_ids))]


def _video(origin: str) -> str | None:
    video, mark, _ = origin.partition("#frame=")
    return video if mark else None


def near_duplicates(prints: NDArray[np.void]) -> Iterator[tuple[int, int]]:
    """Pairs of images of which one is a copy or a crop of the other, or which show nearly the same."""
    pairs, corners = _shared_keys(prints)
    if not len(pairs):
        return
    order = np.argsort(pairs, kind="stable")
    pairs, corners = pairs[order], corners[order]
    starts = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])
    for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
        if end - start >= MIN_SHARED and _moved_alike(corners[start:end]) >= MIN_SHARED:
            yield divmod(int(pairs[start]), len(prints))


def _shared_keys(prints: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Two images for every key they share, as one number, and that corner's place in both: (x, y, x', y')."""
    pairs: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    corners: list[NDArray[np.float32]] = [np.empty((0, 4), np.float32)]
    for table in range(TABLES):
        keys = prints["key"][:, table].ravel()
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for step in range(1, _NEIGHBOURS + 1):
            same = np.flatnonzero((keys[step:] == keys[:-step]) & (keys[step:] > 0))  # 0 is no key
            (a, slot), (b, other) = np.divmod(order[same], KEYS), np.divmod(order[same + step], KEYS)
            first, second = prints[a, table, slot], prints[b, table, other]
            pairs.append(a * len(prints) + b)
            places = np.stack([first["x"], first["y"], second["x"], second["y"]], axis=1)
            corners.append((places / 65535).astype(np.float32))
    return np.concatenate(pairs), np.concatenate(corners)


def _moved_alike(corners: NDArray[np.float32]) -> int:
    """How many distinct corners agree on one scale and shift; the rest share a key by chance.

    Every two corners propose a scale and a shift, and the others vote.
    """
    places = np.unique(corners.round(3), axis=0)
    most = 0
    for i in range(len(places)):
        for j in range(i + 1, min(len(places), i + 6)):
            before, after = places[j, :2] - places[i, :2], places[j, 2:] - places[i, 2:]
            length = float(np.hypot(*before))
            if length < 2 * _TOLERANCE:
                continue
            scale = float(np.hypot(*after)) / length
            predicted = places[i, 2:] + scale * (places[:, :2] - places[i, :2])
            most = max(most, int((np.abs(predicted - places[:, 2:]).max(axis=1) < _TOLERANCE).sum()))
    return most
