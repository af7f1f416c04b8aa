"""The manifest: the digest of every file, written last, so its existence means the dataset is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perception20k import __version__
from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256, write_json
from perception20k.dataset.layout import Layout


def write_manifest(layout: Layout, state: str, known: dict[str, str], about: dict[str, Any]) -> None:
    """Write ``manifest.json``.

    Args:
        layout: the dataset.
        state: digest of everything the exported files depend on; a build that finds the same state has nothing to do.
        known: path in the dataset to SHA-256, for files whose digest is known; the others are read.
        about: what else the manifest records, such as the metrics' rules and the review's counts.
    """
    digests = {name: known.get(name) or file_sha256(layout.root / name) for name in dataset_files(layout)}
    value = {"perception20k": __version__, "state": state, "files": digests, **about}
    write_json(layout.manifest, value)


def read_manifest(layout: Layout) -> dict[str, Any] | None:
    """The manifest, or None where there is none.

    Raises:
        UserError: the file is there and is not a manifest.
    """
    try:
        value = json.loads(layout.manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, UnicodeDecodeError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict):
        raise UserError(f"{layout.manifest}: damaged", "Write it again: perception20k export")
    return value


def dataset_files(layout: Layout) -> Iterator[str]:
    """Path of every file of the dataset except the manifest itself, the review and the pipeline's working files."""
    excluded = {layout.work, layout.review}
    for path in sorted(layout.root.rglob("*")):
        if path.is_file() and path != layout.manifest and not excluded & set(path.parents):
            yield path.relative_to(layout.root).as_posix()


def all_present(layout: Layout, names: Iterable[str]) -> bool:
    """Whether every file of a manifest is there."""
    return all((layout.root / name).is_file() for name in names)


def damaged(layout: Layout, recorded: Mapping[str, str], advance: Callable[[int], object]) -> list[str]:
    """Names of files that are missing or whose bytes are not those recorded.

    Args:
        layout: the dataset.
        recorded: path in the dataset to SHA-256.
        advance: called with 1 after each file.
    """
    found = []
    for name, digest in recorded.items():
        path = layout.root / name
        if not path.is_file() or file_sha256(path) != digest:
            found.append(name)
        advance(1)
    return found


def prune(layout: Layout, folder: Path, keep: set[str]) -> None:
    """Remove images that the dataset no longer refers to; only files named as this project names them."""
    for path in folder.glob("*") if folder.is_dir() else ():
        ours = re.fullmatch(r"[0-9a-f]{16}", path.stem)
        if ours and path.relative_to(layout.root).as_posix() not in keep:
            path.unlink()
