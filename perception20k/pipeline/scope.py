"""How much of a build one run does."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("sources", "score", "describe", "detect", "distort")
"""The stages that work item by item, in their order."""


@dataclass(frozen=True)
class BuildScope:
    """How much of a build one run does."""

    limit: int | None = None
    """Take only the first files of the sources."""
    only: str | None = None
    """Run this stage alone; the others contribute what earlier runs have done."""
    retry_failed: str | None = None
    """Forget the failures of this stage, or of ``all``, and try those items again."""
    dry_run: bool = False
    """Run nothing and write nothing: report what is done and what is left to do."""

    def includes(self, stage: str) -> bool:
        """Whether this run runs a stage."""
        return not self.dry_run and self.only in (None, stage)
