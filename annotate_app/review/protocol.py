"""The rules of the review, in one place: the protocol's own numbers, and what a laboratory may set.

Source of the limits: Refine-IQA, "Subjective Experiment Supplementary": boxes over 90 % are removed, at least
80 % of the images and all but 400 are kept, a session is one sitting, deletions are verified afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from perception20k.dataset.boxes import Box

MAX_BOX = 0.9
"""Share of the image; samples with a larger box are removed before the review."""

MAX_BATCH = 2000
"""Samples in one session; a fifth of it is the protocol's 400 deletions."""

PAUSE_TIMES = 4
"""A pause may last this many times as long as a session may go without a key."""

REPEAT_GAP = 10
"""A hidden repeat comes at least this many items after the first showing, if the session is long enough."""


def session_cap(samples: int) -> int:
    """Deletions a session of ``samples`` samples allows: min(400, 20 %), rounded down."""
    return min(400, samples // 5)


def dataset_cap(samples: int) -> int:
    """Deletions that all reviewers together may make in a dataset, so that it keeps at least 80 %."""
    return samples // 5


def oversized(box: Box, width: int, height: int) -> bool:
    """Whether a box covers over 90 % of its image of ``width`` x ``height`` px."""
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1) * 10 > width * height * 9


@dataclass(frozen=True)
class Settings:
    """What a laboratory may set. Minutes are minutes; shares are in 0..1 of a batch."""

    batch: int = MAX_BATCH
    overlap: bool = False
    """Give a reviewer a batch that somebody else has, to measure agreement."""
    lapse: float = 30.0
    """Minutes without a key after which a session no longer counts; recorded with it."""
    offer_pause: float = 22.0
    """Minutes of judging after which the page offers a pause."""
    catches: float = 0.0
    """Trials with a known answer: an undistorted box or a wrong label."""
    repeats: float = 0.0
    """Samples shown a second time, unannounced."""
    training: bool = True
    """Ask for the training round before a reviewer's first session."""
