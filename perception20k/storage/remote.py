"""Find files at a URL that fsspec understands: ``s3://``, ``gs://``, ``https://``, ``hf://datasets/NAME``, ..."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.storage.places import Remote

_VERSIONS = ("ETag", "etag", "blob_id", "md5Hash", "sha256", "mtime", "LastModified", "last_modified", "updated")
"""What file systems call the thing that changes with a file, the surest first."""

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
"""Protocols that need an extra of their own."""


def is_url(spec: str) -> bool:
    """Whether a configured source is a URL."""
    return "://" in spec


def listed(url: str, suffixes: set[str]) -> Iterator[tuple[Remote, str]]:
    """The files below a URL, or that match it as a glob, each with its name below it, in the order of their names.

    Args:
        url: a folder, a file or a glob.
        suffixes: of the files wanted, in lower case; a URL with one of them is a file.

    Raises:
        UserError: a package for the protocol is missing, the URL cannot be read, or there is nothing.
    """
    require("a source at a URL", "remote", "fsspec")
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
        found, below = _found(system, root, suffixes)
    except ImportError as error:
        extra = _EXTRAS.get(url.partition("://")[0], "remote")
        raise UserError(f"{url}: {error}", f"pip install 'perception20k[{extra}]'") from None
    except Exception as error:  # every protocol has its own
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}".rstrip(": .")
        raise UserError(f"{url}: cannot be listed: {reason}", "Check the address and your credentials") from None
    for path, about in sorted(found.items()):
        if PurePosixPath(path.partition("?")[0]).suffix.lower() in suffixes:
            version = next((str(about[key]) for key in _VERSIONS if about.get(key)), "")
            name = path.removeprefix(below).lstrip("/") or PurePosixPath(path).name
            yield Remote(system.unstrip_protocol(path), int(about.get("size") or 0), version), name.partition("?")[0]


def _found(system: Any, root: str, suffixes: set[str]) -> tuple[dict[str, dict[str, Any]], str]:
    """Files with what is known of them, and the folder that their names are below."""
    if PurePosixPath(root.partition("?")[0]).suffix.lower() in suffixes and not glob.has_magic(root.partition("?")[0]):
        return {root: system.info(root)}, root
    if glob.has_magic(root):
        fixed = root[: next(place for place, letter in enumerate(root) if letter in "*?[")].rpartition("/")[0]
        return system.glob(root, detail=True), fixed
    return system.find(root, detail=True), root.rstrip("/")
