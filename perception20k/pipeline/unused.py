"""What the user gave that comes to nothing: files of types that are not read, and names that no photo has.

A build goes on without them, but says in one line how many there are and lists them in ``quarantine/inputs.jsonl``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from perception20k.dataset.quarantine import Quarantine, Reason
from perception20k.pipeline.stages.discover import SourceFile, why_unread

STAGE = "inputs"
"""Under which they stand in the quarantine."""


class UnusedInputs:
    """Counts what is not used and notes it in the quarantine.

    Attributes:
        partial: whether some videos were not looked into, so that nothing can be said of names of keyframes.
    """

    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        self._suffixes: Counter[str] = Counter()
        self._tables: Counter[str] = Counter()
        self.partial = False
        quarantine.open(STAGE)

    def unread(self, file: SourceFile) -> None:
        """Note a file among the sources that is not read."""
        self._suffixes[file.path.suffix.lower()] += 1
        self._quarantine.drop(STAGE, file.name, Reason("unread_type", why_unread(file)))

    def unmatched(self, spec: str | None, names: Iterable[str]) -> None:
        """Note names in a configured table or annotation file that no photo has; without one there are none."""
        table = spec if spec and "://" in spec else Path(spec or "").name
        for name in sorted(names):
            if not (self.partial and "#frame=" in name):
                self._tables[table] += 1
                self._quarantine.drop(
                    STAGE, f"{table}: {name}", Reason("not_found", "no photo or keyframe has this name")
                )

    @property
    def line(self) -> str:
        """All of it in one line; empty if everything is used."""
        parts = []
        if count := self._suffixes.total():
            kinds = ", ".join(f"{number} {suffix}" for suffix, number in self._suffixes.most_common())
            parts.append(f"{count} file{'s' * (count != 1)} of types that are not read ({kinds})")
        for table, count in self._tables.items():
            parts.append(
                f"{table} names {count} photo{'s' * (count != 1)} that {'are' if count != 1 else 'is'} not there"
            )
        return f"Unused: {'; '.join(parts)}. See quarantine/{STAGE}.jsonl" if parts else ""
