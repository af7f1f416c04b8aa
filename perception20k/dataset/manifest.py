"""The manifest: the digest of every file, written last, so its existence means the dataset is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain, dropwhile, takewhile
from pathlib import Path
from typing import Any

from perception20k import __version__
from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256, written_aside
from perception20k.core.hashed_set import HashedSet
from perception20k.dataset.layout import Layout


def write_manifest(
    layout: Layout, state: str, known: Callable[[], Iterable[tuple[str, str]]], about: dict[str, Any]
) -> None:
    """Write ``manifest.json``.

    Args:
        layout: the dataset.
        state: digest of everything the exported files depend on; a build that finds the same state has nothing to do.
        known: gives path in the dataset and SHA-256 of files whose digest is known, such as the images; the others are
            read.
        about: what else the manifest records, such as the metrics' rules and the review's counts.
    """
    names = HashedSet(name for name, _ in known())
    others = [(name, file_sha256(layout.root / name)) for name in dataset_files(layout) if name not in names]
    rest = json.dumps({"perception20k": __version__, "state": state, **about}, **_JSON)
    with written_aside(layout.manifest) as aside, aside.open("w", encoding="utf-8") as stream:
        # As json.dumps would write it, but entry by entry: a large dataset has millions.
        stream.write(_BEGIN)
        for place, (name, digest) in enumerate(chain(others, known())):
            stream.write(f"{',' if place else ''}\n    {json.dumps(name, ensure_ascii=False)}: {json.dumps(digest)}")
        stream.write(f"{_END},{rest[1:]}\n")


_JSON: dict[str, Any] = {"indent": 2, "sort_keys": True, "ensure_ascii": False}
_BEGIN, _END = '{\n  "files": {', "\n  }"


def read_manifest(layout: Layout) -> dict[str, Any] | None:
    """The manifest without its files, for which see :func:`manifest_files`; None where there is none.

    Raises:
        UserError: the file is there and is not a manifest.
    """
    try:
        with layout.manifest.open(encoding="utf-8") as stream:
            head = list(takewhile(lambda line: line.rstrip() != _FILES, stream))
            rest = list(dropwhile(lambda line: not line.startswith("  }"), stream))
        tail = "".join(rest).removeprefix("  }")
        value = json.loads("".join([*head, _FILES, "}", tail]) if rest else "".join(head))  # or written by others
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, UnicodeDecodeError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.pop("files", None), dict):
        raise UserError(f"{layout.manifest}: damaged", "Write it again: perception20k export")
    return value


def manifest_files(layout: Layout) -> Iterator[tuple[str, str]]:
    """Path in the dataset and SHA-256 of every file of the manifest, which is there, in its order."""
    with layout.manifest.open(encoding="utf-8") as stream:
        head = "".join(takewhile(lambda line: line.rstrip() != _FILES, stream))
        entries = takewhile(lambda line: line.startswith("    "), stream)
        for line in entries:
            yield from json.loads("{" + line.strip().rstrip(",") + "}").items()
    if head.rstrip().endswith("}"):  # written by others, in another form
        yield from json.loads(head)["files"].items()


_FILES = '  "files": {'


def dataset_files(layout: Layout) -> Iterator[str]:
    """Path of every file of the dataset except the manifest itself, the review and the pipeline's working files."""
    excluded = {layout.work, layout.review, layout.manifest}
    waiting = [layout.root]
    while waiting:
        path = waiting.pop()
        if path.is_dir():
            waiting += sorted((child for child in path.iterdir() if child not in excluded), reverse=True)
        elif path.is_file():
            yield path.relative_to(layout.root).as_posix()


def all_present(layout: Layout) -> bool:
    """Whether every file of the manifest is there."""
    return all((layout.root / name).is_file() for name, _ in manifest_files(layout))


def prune(layout: Layout, folder: Path, keep: Container[str]) -> None:
    """Remove images that the dataset no longer refers to; only files named as this project names them."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        ours = re.fullmatch(r"[0-9a-f]{16}", path.stem)
        if ours and path.relative_to(layout.root).as_posix() not in keep:
            path.unlink()
