"""The rules of the review, in one place: the protocol's own numbers, and what a laboratory may set.

Source of the limits: Refine-IQA, "Subjective Experiment Supplementary": boxes over 90 % are removed, at least
80 % of the images and all but 400 are kept, a session is one sitting, deletions are verified afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from perception20k.dataset.boxes import Box, box_area

MAX_BOX = 0.9
"""Share of the image; samples with a larger box are removed before the review."""

MAX_BATCH = 2000
"""Samples in one session; a fifth of it is the protocol's 400 deletions."""

PAUSE_TIMES = 4
"""A pause may last this many times as long as a session may go without a key."""

MIN_BATCH = 5
"""Samples in the smallest session that allows a deletion."""

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
    return box_area(box) * 10 > width * height * 9


@dataclass(frozen=True)
class Settings:
    """What a laboratory may set. Minutes are minutes; shares are in 0..1 of a batch."""

    batch: int = MAX_BATCH
    """Most images in a session, hidden trials and repeats included."""
    team: int = 1
    """People among whom the dataset is divided: nobody is given more than their part at once."""
    overlap: float = 0.0
    """Share of a session that somebody else has judged or is judging, to measure agreement; 1 gives whole batches."""
    lapse: float = 30.0
    """Minutes without a key after which a session no longer counts; recorded with it."""
    sitting: float = 6.0
    """Hours after which a session no longer counts, pauses included; recorded with it."""
    offer_pause: float = 22.0
    """Minutes of judging after which the page offers a pause."""
    catches: float = 0.0
    """Trials with a known answer: an undistorted box or a wrong label."""
    repeats: float = 0.0
    """Samples shown a second time, unannounced."""
    red: Mapping[str, float] | None = None
    """Shares of the signs in ``care`` above which a session is shown in red; None for the usual ones."""
    set_aside: Mapping[str, float] = field(default_factory=dict)
    """Shares above which a finished session is set aside: it does not count until the lead reinstates it."""
    verify_own: bool = False
    """Let reviewers verify their own deletions."""
    training: bool = True
    """Ask for the training round before a reviewer's first session."""

    def size(self, samples: int) -> int:
        """Most images in a session on a dataset of so many samples."""
        return min(self.batch, max(MIN_BATCH, math.ceil(samples / self.team)))
