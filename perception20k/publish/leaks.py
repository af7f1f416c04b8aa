"""What must not leave the house with a dataset: places on this machine, keys, and photos that may not be passed on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from perception20k.dataset.records import Source
from perception20k.models.api_keys import KEYS, PLACEHOLDER_LENGTH

_TEXTS = {".md", ".json", ".jsonl", ".yaml", ".yml", ".csv", ".txt"}
_TABLES = ("recipe.parquet", "sources.parquet")
_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|mnt|media|srv|data|scratch|work|tmp|var|opt|private)/[^\s'\"]+"
    r"|(?<![\w])[A-Za-z]:\\\\?[\w .-]+\\\\?[\w .-]+"
)
_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16})"
)
_FREE = re.compile(r"\b(?:cc0|cc[- ]?by|public[- ]?domain|pdm|apache|mit|bsd|unlicense|odc|odbl)", re.IGNORECASE)
_NO_VERSIONS = re.compile(r"(?:[-_ ]nd\b|no[- ]?deriv)", re.IGNORECASE)


def paths_and_keys(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Absolute paths and API keys in text files and in the tables' text columns, one line for each file that has one.

    A key is what has the form of a well-known service's, or the value of one of :data:`KEYS` in the environment. It is
    named by its place alone, never quoted.
    """
    known = {value for name in KEYS if len(value := os.environ.get(name, "").strip()) >= PLACEHOLDER_LENGTH}
    for name in names:
        path = root / name
        text = ""
        if path.suffix in _TEXTS:
            text = path.read_text(encoding="utf-8", errors="replace")
        elif name in _TABLES:
            text = "\n".join(_strings(path))
        if _KEY.search(text) or any(key in text for key in known):
            yield f"{name}: an API key"
        if found := _PATH.search(text):
            yield f"{name}: the path {found[0][:60]} of this machine"


def not_to_share(sources: Iterable[Source]) -> dict[str, int]:
    """Numbers of source images by their licence, of those that do not allow altered copies to be passed on.

    A licence allows it if it is a known free one without a no-derivatives clause; one that is not stated does not.
    """
    found: dict[str, int] = {}
    for source in sources:
        licence = source.licence.strip()
        if not _FREE.search(licence) or _NO_VERSIONS.search(licence):
            found[licence or "not stated"] = found.get(licence or "not stated", 0) + 1
    return found


def _strings(path: Path) -> Iterator[str]:
    table = pq.read_table(path)
    for column in table.columns:
        if pa.types.is_string(column.type):
            yield from (value for value in column.unique().to_pylist() if value)
