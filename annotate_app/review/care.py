"""Signs of how carefully a session was done: what was decided too fast to be seen, and what trials and repeats say.

Nothing here refuses anything. The counts are recorded with the decisions, shown to the lead, and compared with limits
that the lead sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from annotate_app.review.session import Decision, Session
from perception20k.core.errors import UserError

SEEN_MS = 300.0
"""An image on the screen for less than this was not looked at: recognising takes longer, and then comes the key."""

RHYTHM_RUN, RHYTHM_SPREAD = 20, 0.1
"""So many intervals between keys whose standard deviation is below this share of their mean: nobody keeps that up."""

SIGNS = {
    "fast": "decisions faster than 300 ms",
    "unseen": "decisions on an image that was not on the screen",
    "rhythm": "decisions in one rhythm",
    "catches": "catches missed",
    "repeats": "repeats contradicted",
}
"""What each sign counts."""

RED: Mapping[str, float] = {"fast": 0.05, "unseen": 0.05, "rhythm": 0.2, "catches": 0.34, "repeats": 0.34}
"""Shares above which a session is shown in red, unless the lead says otherwise."""


def limits_of(option: str, words: Sequence[str]) -> dict[str, float]:
    """Limits from words such as ``fast=0.05``.

    Raises:
        UserError: a sign that does not exist, or a share that is not in 0..1.
    """
    limits = {}
    for word in words:
        sign, _, share = word.partition("=")
        try:
            limits[sign] = float(share)
        except ValueError:
            limits[sign] = -1.0
        if sign not in SIGNS or not 0 <= limits[sign] <= 1:
            raise UserError(
                f"{option} {word}: not of the form SIGN=SHARE", f"Write one of {', '.join(SIGNS)}, as fast=0.05"
            )
    return limits


@dataclass(frozen=True)
class Care:
    """Of one review: how often each sign of :data:`SIGNS` was there, and how often it could have been."""

    counts: Mapping[str, int]
    chances: Mapping[str, int]

    def share(self, sign: str) -> float | None:
        """The share of a sign in 0..1; None where it could not be."""
        return self.counts[sign] / self.chances[sign] if self.chances[sign] else None

    def beyond(self, limits: Mapping[str, float]) -> list[str]:
        """What is over a limit, in words such as ``12 of 50 decisions faster than 300 ms (limit 5 %)``."""
        return [
            f"{self.counts[sign]} of {self.chances[sign]} {SIGNS[sign]} (limit {limit:.0%})"
            for sign, limit in limits.items()
            if (self.share(sign) or 0.0) > limit
        ]


def care_of(review: Session) -> Care:
    """The signs in a review as far as it has got. A decision that was replaced counts like any other."""
    made = review.decisions
    catches = [d for d in _standing(review) if review.items[d.position].role in ("undistorted", "wrong_label")]
    repeats = [
        (d, first)
        for d in _standing(review)
        if review.items[d.position].role == "repeat"
        and (first := review.standing(review.positions[review.items[d.position].sample_id])) is not None
    ]
    counts = {
        "fast": sum(_is_fast(d, before) for before, d in pairwise([None, *made]) if d is not None),
        "unseen": sum(_is_unseen(review, d) for d in made),
        "rhythm": _in_rhythm([d.at if d.key_at is None else d.key_at for d in made]),
        "catches": sum(d.action != "delete" for d in catches),
        "repeats": sum(d.action != first.action for d, first in repeats),
    }
    chances = {sign: len(made) for sign in ("fast", "unseen", "rhythm")}
    return Care(counts, {**chances, "catches": len(catches), "repeats": len(repeats)})


def training_score(answers: Sequence[Sequence[object]]) -> float | None:
    """Share of the lessons answered rightly at once; ``answers`` holds all answers to each, the right one last."""
    return sum(len(given) == 1 for given in answers) / len(answers) if answers else None


def _standing(review: Session) -> Iterator[Decision]:
    return (d for position in range(len(review.items)) if (d := review.standing(position)) is not None)


def _is_fast(decision: Decision, before: Decision | None) -> bool:
    """By the page's clock, or by the server's, which no page can set."""
    by_page = decision.dwell_ms is not None and decision.dwell_ms < SEEN_MS
    return by_page or (before is not None and 1000 * (decision.at - before.at) < SEEN_MS)


def _is_unseen(review: Session, decision: Decision) -> bool:
    """The page did not paint it, or the server had not sent it."""
    if decision.painted_at is None:
        return True
    sent = review.served.get(decision.position)
    return bool(review.about.get("notes_served")) and (sent is None or sent > decision.at + 1)


def _in_rhythm(times: Sequence[float]) -> int:
    """How many decisions lie in a run of nearly equal intervals."""
    intervals = np.diff(np.asarray(times, dtype=float))
    if len(intervals) < RHYTHM_RUN:
        return 0
    runs = np.lib.stride_tricks.sliding_window_view(intervals, RHYTHM_RUN)
    even = runs.std(axis=1) <= RHYTHM_SPREAD * np.abs(runs.mean(axis=1))
    inside = np.zeros(len(times), dtype=bool)
    for start in np.flatnonzero(even):
        inside[start : start + RHYTHM_RUN + 1] = True
    return int(inside.sum())
