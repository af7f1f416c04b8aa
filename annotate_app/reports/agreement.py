"""How far reviewers agree: with each other, with themselves, and with what is known.

Cohen's kappa is over the samples that two people judged, before any verification; trials and repeats stay out
of it and have their own rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from annotate_app.review.history import DecisionRow


@dataclass(frozen=True)
class Agreement:
    """Of two reviewers on the samples that both judged."""

    reviewers: tuple[str, str]
    samples: int
    same: float
    """Share of the samples with the same decision, in 0..1."""
    kappa: float | None
    """Cohen's kappa in -1..1; None where both always gave one and the same answer, which leaves it undefined."""


@dataclass(frozen=True)
class Reliability:
    """Of one reviewer. A rate is None where there was no trial of its kind."""

    reviewer: str
    judged: int
    deleted: int
    catches: int
    catch_accuracy: float | None
    """Share of the trials that were deleted, as they should be."""
    repeats: int
    repeat_agreement: float | None
    """Share of the repeats that were decided as the first time."""


def agreements(decisions: Sequence[DecisionRow]) -> list[Agreement]:
    """Of every two reviewers with a sample in common."""
    by_reviewer: dict[str, dict[str, str]] = {}
    for d in decisions:
        if d.role == "sample":
            by_reviewer.setdefault(d.reviewer, {})[d.sample_id] = d.action
    found = []
    for a, b in combinations(sorted(by_reviewer), 2):
        common = sorted(by_reviewer[a].keys() & by_reviewer[b].keys())
        if common:
            first, second = ([by_reviewer[who][sample] for sample in common] for who in (a, b))
            same = sum(x == y for x, y in zip(first, second, strict=True)) / len(common)
            found.append(Agreement((a, b), len(common), same, _kappa(first, second)))
    return found


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement beyond chance over what chance leaves (J. Cohen, 1960), in whole numbers up to the quotient."""
    count = len(first)
    agreed = count * sum(x == y for x, y in zip(first, second, strict=True))
    by_chance = sum(first.count(answer) * second.count(answer) for answer in {*first, *second})
    return (agreed - by_chance) / (count**2 - by_chance) if by_chance < count**2 else None


def reliabilities(decisions: Sequence[DecisionRow]) -> list[Reliability]:
    """Of every reviewer, by name."""
    found = []
    for reviewer in sorted({d.reviewer for d in decisions}):
        own = [d for d in decisions if d.reviewer == reviewer]
        first = {(d.session_id, d.sample_id): d.action for d in own if d.role == "sample"}
        trials = [d.action == "delete" for d in own if d.role in ("undistorted", "wrong_label")]
        repeats = [
            d.action == first[d.session_id, d.sample_id]
            for d in own
            if d.role == "repeat" and (d.session_id, d.sample_id) in first
        ]
        found.append(
            Reliability(
                reviewer,
                judged=len(first),
                deleted=sum(action == "delete" for action in first.values()),
                catches=len(trials),
                catch_accuracy=_rate(trials),
                repeats=len(repeats),
                repeat_agreement=_rate(repeats),
            )
        )
    return found


def _rate(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
