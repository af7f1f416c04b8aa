"""The quarantine: what failed (with its error) and what was filtered out (with its reason), one file a stage.

A row is one JSON object on one line: ``stage``, ``item``, ``rule`` for programs, ``reason`` or ``error`` for people,
and ``value`` where a rule compares a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from perception20k.core.errors import UserError
from perception20k.core.files import written_aside
from perception20k.core.spill_list import SpillList

Rule = Literal[
    "failed",  # with an error: unreadable, refused, crashed
    # what the user gave and nothing uses
    "unread_type", "not_found",
    # images
    "duplicate", "look_alike", "near_duplicate", "image_too_small", "low_score",
    # entries of the user's tables
    "not_listed", "ambiguous_name", "size_mismatch",
    # objects and their boxes
    "bad_name", "bad_answer", "background", "same_subject", "too_many_objects", "too_few_objects", "low_confidence",
    "box_outside", "box_too_large", "box_too_small", "overlap",
    # samples
    "invisible", "denied",
    "",  # a row of an earlier release that does not say
]  # fmt: skip


_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^/\s'\"]+/)+")
"""The folders of an absolute path: where files lie on one machine is no part of a dataset."""


@dataclass(frozen=True)
class Reason:
    """Why something was filtered out."""

    rule: Rule
    text: str
    value: float | None = None
    """What the rule measured, such as a box's share of its image."""


@dataclass(frozen=True)
class Row:
    """One row of the quarantine."""

    stage: str
    item: str
    reason: Reason

    @property
    def failed(self) -> bool:
        """Whether the item failed, rather than being filtered out."""
        return self.reason.rule == "failed"


class Quarantine:
    """Rows by stage, in order; kept on disk, because they may be most of what a build has seen."""

    def __init__(self) -> None:
        self._rows: dict[str, SpillList[Row]] = {}

    def open(self, stage: str) -> None:
        """Mention a stage: if it gets no rows, the file of an earlier build is removed."""
        self._rows.setdefault(stage, SpillList())

    def clear(self, *stages: str) -> None:
        """Take back the rows of stages that are run again."""
        self._rows.update((stage, SpillList()) for stage in stages)

    def fail(self, stage: str, item: str, error: str) -> None:
        """Note an item that could not be processed; of paths in the error only the last part is kept."""
        self.drop(stage, item, Reason("failed", _FOLDERS.sub("", error)))

    def drop(self, stage: str, item: str, reason: Reason) -> None:
        """Note an item that was filtered out."""
        self.open(stage)
        self._rows[stage].append(Row(stage, item, reason))

    def write(self, folder: Path, stages: Collection[str] | None = None) -> None:
        """Write ``<stage>.jsonl`` of every stage that has rows; a file that is up to date is left alone.

        Args:
            folder: where the files are.
            stages: of which they are written, by default all.
        """
        for stage, rows in self._rows.items():
            if stages is not None and stage not in stages:
                continue
            path = folder / f"{stage}.jsonl"
            if not rows:
                path.unlink(missing_ok=True)
            elif not _holds(path, _lines(rows)):
                with written_aside(path) as aside, aside.open("wb") as stream:
                    stream.writelines(_lines(rows))


def read_quarantine(folder: Path) -> Iterator[Row]:
    """All rows of a dataset's quarantine, stage by stage; those of earlier releases get the rule their text implies.

    Raises:
        UserError: a line is not a row.
    """
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as lines:  # bytes end lines at \n alone; names may hold other line breaks
            for number, line in enumerate(lines, 1):
                try:
                    yield _row(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    raise UserError(f"{path}: line {number} is damaged", "Run the same build again") from None


def _lines(rows: SpillList[Row]) -> Iterator[bytes]:
    return (json.dumps(_plain(row), ensure_ascii=False).encode(errors="backslashreplace") + b"\n" for row in rows)


def _plain(row: Row) -> dict[str, Any]:
    rule, text, value = row.reason.rule, row.reason.text, row.reason.value
    plain = {"stage": row.stage, "item": row.item, "rule": rule, "error" if row.failed else "reason": text}
    return plain if value is None else {**plain, "value": value}


def _row(plain: dict[str, Any]) -> Row:
    if "error" in plain:
        return Row(plain["stage"], plain["item"], Reason("failed", plain["error"]))
    text, rule, value = plain["reason"], plain.get("rule", ""), plain.get("value")
    if not rule and (oversized := re.fullmatch(r"box covers ([\d.]+)% of the image, over ([\d.]+)%", text)):
        share, limit = (float(percent) / 100 for percent in oversized.groups())
        rule, value = "box_too_large", max(share, limit + 1e-9)  # the text is rounded
    return Row(plain["stage"], plain["item"], Reason(rule, text, value))


def _holds(path: Path, lines: Iterator[bytes]) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return all(before == line for before, line in zip_longest(stream, lines))
