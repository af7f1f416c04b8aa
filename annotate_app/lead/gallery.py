"""A dataset to look at: its samples, filtered, with what the review has decided on each."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from annotate_app.people.refusal import Unshowable
from annotate_app.review.dataset import Dataset
from annotate_app.review.log import ReviewLog
from annotate_app.review.words import plain
from perception20k.core.errors import UserError
from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample
from perception20k.imaging.images import Array, ImageError, decode

COLUMNS = ("group", "type", "severity", "part", "decision")
"""What samples can be filtered by."""

NOT_REVIEWED = "not reviewed"
_SIDE = 240
_RED = (230, 40, 40)


class Gallery:
    """The samples of a dataset and the decisions on them, read anew at every look. Safe to call from threads."""

    def __init__(self, layout: Layout) -> None:
        """Open the dataset.

        Raises:
            UserError: no dataset is there, or it has no sample.
        """
        self.dataset = Dataset(layout)
        self._lock = threading.Lock()
        self._log: ReviewLog | None = None

    def choices(self, column: str) -> list[str]:
        """The values that samples have in a column, sorted."""
        return sorted({facts[column] for facts in self._facts().values()})

    def find(self, wanted: Mapping[str, str | None]) -> list[str]:
        """Ids of the samples that have the wanted value in every column; None wants any. Least visible first."""
        return [
            sample_id
            for sample_id, facts in self._facts().items()
            if all(value is None or facts[column] == value for column, value in wanted.items())
        ]

    def thumbnail(self, sample_id: str) -> tuple[Array, str]:
        """The sample with its box drawn, at most 240 pixels a side, and a line about it."""
        sample = self.dataset.samples[sample_id]
        picture = self._picture(sample_id)
        scale = min(1.0, _SIDE / max(picture.shape[:2]))
        small = np.ascontiguousarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        return _boxed(np.asarray(small, np.uint8), sample, scale), (
            f"{plain(sample.object)}: {self.dataset.label(sample)}, severity {sample.severity}"
        )

    def pair(self, sample_id: str) -> tuple[Array, Array]:
        """The source image with the box drawn, and the sample as it is."""
        sample = self.dataset.samples[sample_id]
        try:
            source = self.dataset.reference(sample_id)
        except (Unshowable, ImageError):
            source = _missing(sample)
        return _boxed(np.ascontiguousarray(source), sample, 1.0), self._picture(sample_id)

    def about(self, sample_id: str) -> list[list[str]]:
        """Everything recorded of a sample, as rows of a name and a value."""
        sample = self.dataset.samples[sample_id]
        rows = {
            "sample": sample_id,
            "from": sample.origin,
            "object": plain(sample.object),
            "box": ", ".join(map(str, sample.box)),
            "type": sample.type,
            "severity": sample.severity,
            "parameters": ", ".join(f"{name} {value}" for name, value in sample.params.items()),
            "PSNR, SSIM, colour difference": f"{sample.psnr:.1f} dB, {sample.ssim:.3f}, {sample.delta_e:.2f}",
            "part": sample.split or "none",
        }
        return [[name, str(value)] for name, value in rows.items()]

    def history(self, sample_id: str) -> list[list[str]]:
        """Every standing decision on a sample: reviewer, kind of session, what was shown, decision, reason."""
        return [
            [session.reviewer, session.kind, item.role, decision.action, decision.reason or ""]
            for session in self._sessions()
            for decision in session.decisions
            if (item := session.items[decision.position]).sample_id == sample_id
        ]

    def progress(self) -> list[list[Any]]:
        """One row a session: reviewer, kind, items, decided, deleted, whether it is finished."""
        return [
            [s.reviewer, s.kind, len(s.items), len({d.position for d in s.decisions}), s.deletions, _state(s)]
            for s in self._sessions()
        ]

    def _facts(self) -> dict[str, dict[str, str]]:
        """The filterable columns of every sample."""
        decided: dict[str, str] = {}
        for session in self._sessions():
            for decision in session.decisions:  # the later one counts: a verification comes after its review
                item = session.items[decision.position]
                if item.role == "sample":
                    decided[item.sample_id] = decision.action
        return {
            sample_id: {
                "group": self.dataset.label(sample),
                "type": sample.type,
                "severity": str(sample.severity),
                "part": sample.split or "none",
                "decision": decided.get(sample_id, NOT_REVIEWED),
            }
            for sample_id, sample in self.dataset.samples.items()
        }

    def _sessions(self) -> Sequence[Any]:
        with self._lock:
            try:
                if self._log is None:
                    path = self.dataset.layout.decisions
                    self._log = ReviewLog(connect_to_read(path, threads=True), self.dataset.samples)
                else:
                    self._log.catch_up()
            except UserError:  # nobody has reviewed anything
                return []
            return list(self._log.sessions.values())

    def _picture(self, sample_id: str) -> Array:
        try:
            return decode(self.dataset.sample_bytes(sample_id))
        except (Unshowable, ImageError):
            return _missing(self.dataset.samples[sample_id])


def _state(session: Any) -> str:
    return "given up" if session.given_up else "finished" if session.finished else "under way"


def _missing(sample: Sample) -> Array:
    """Grey with a cross: the file is gone or damaged."""
    picture = np.full((sample.height, sample.width, 3), 128, np.uint8)
    cv2.line(picture, (0, 0), (sample.width, sample.height), _RED, 3)
    cv2.line(picture, (0, sample.height), (sample.width, 0), _RED, 3)
    return picture


def _boxed(picture: Array, sample: Sample, scale: float) -> Array:
    x1, y1, x2, y2 = (round(edge * scale) for edge in sample.box)
    cv2.rectangle(picture, (x1, y1), (x2 - 1, y2 - 1), _RED, 2)
    return picture
