"""The quarantine: what failed (with its error) and what was filtered out (with its reason), one file a stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from perception20k.core.files import written_aside
from perception20k.core.spill_list import SpillList


class Quarantine:
    """Rows by stage, in the order they are noted; kept on disk, for they may be most of what a build has seen."""

    def __init__(self) -> None:
        self._rows: dict[str, SpillList[dict[str, str]]] = {}

    def open(self, stage: str) -> None:
        """Mention a stage, so that a file of an earlier build goes if there is nothing to write in it now."""
        self._rows.setdefault(stage, SpillList())

    def fail(self, stage: str, item: str, error: str) -> None:
        """Note an item that could not be processed."""
        self.open(stage)
        self._rows[stage].append({"stage": stage, "item": item, "error": error})

    def drop(self, stage: str, dropped: Iterable[tuple[str, str]]) -> None:
        """Note items that were filtered out, each with the reason."""
        self.open(stage)
        for item, reason in dropped:
            self._rows[stage].append({"stage": stage, "item": item, "reason": reason})

    def write(self, folder: Path) -> None:
        """Write ``<stage>.jsonl`` of every stage that has rows; a file that holds them already is left alone."""
        for stage, rows in self._rows.items():
            path = folder / f"{stage}.jsonl"
            if not rows:
                path.unlink(missing_ok=True)
            elif not _holds(path, _lines(rows)):
                with written_aside(path) as aside, aside.open("wb") as stream:
                    stream.writelines(_lines(rows))


def _lines(rows: SpillList[dict[str, str]]) -> Iterator[bytes]:
    return ((json.dumps(row, ensure_ascii=False) + "\n").encode(errors="backslashreplace") for row in rows)


def _holds(path: Path, lines: Iterator[bytes]) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return all(before == line for before, line in zip_longest(stream, lines))
