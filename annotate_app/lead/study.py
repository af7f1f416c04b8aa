"""What the lead sees and decides: how each review goes, which deletions stand, how far people agree, what is left.

It reads beside the reviewers, so that nothing here keeps a key press waiting; what it writes takes a transaction of
about a millisecond.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from annotate_app.people.refusal import ProtocolRefusal, Unknown
from annotate_app.reports.agreement import agreements
from annotate_app.reports.alpha import alphas_by
from annotate_app.reports.people import review_rows
from annotate_app.review.care import SIGNS
from annotate_app.review.history import decision_rows
from annotate_app.review.service import Review
from annotate_app.review.words import plain
from perception20k.dataset.decisions import read_review

KINDS = (
    "waiting for a verdict",
    "confirmed",
    "restored",
    "flagged",
    "commented",
    "cannot be shown",
)
"""What samples the lead may want to go through."""

PEOPLE = ("reviewer", "state", "over a limit", "judged", "deleted", "s each", "min left", "training", *SIGNS, "session")
"""Columns of :meth:`Study.people`."""


class Study:
    """A review as its lead ``name`` sees it. Safe to call from threads."""

    def __init__(self, review: Review, name: str) -> None:
        """Look at ``review``."""
        self.review, self.name = review, name

    def people(self) -> list[list[str]]:
        """One row a review (:data:`PEOPLE`), the newest first; what is over a limit is HTML, in red."""
        with self.review.reading() as log:
            rows = review_rows(log, self.review.settings.red)
        return [
            [
                plain(row.reviewer),
                row.state,
                f'<span style="color: #b00000">{"; ".join(row.red)}</span>' if row.red else "",
                f"{row.decided} of {row.items}",
                str(row.deleted),
                _number(row.seconds_each),
                _number(row.seconds_each and row.seconds_each * (row.items - row.decided) / 60),
                _percent(row.training),
                *(_percent(row.care.share(sign)) for sign in SIGNS),
                row.session_id,
            ]
            for row in reversed(rows)
        ]

    def set_aside(self, session_id: str, why: str) -> str:
        """Set a review aside; what came of it, in words."""
        if not why.strip():
            return "Say why; its reviewer reads it."
        return _told(lambda: self.review.set_aside(session_id, why.strip(), self.name), "The review is set aside.")

    def reinstate(self, session_id: str) -> str:
        """Let a review count again; what came of it, in words."""
        return _told(lambda: self.review.reinstate(session_id, self.name), "The review counts again.")

    def give_back(self, session_id: str) -> str:
        """Take an unfinished review from its reviewer; what came of it, in words."""
        return _told(lambda: self.review.give_back(session_id), "Its samples are free for others.")

    def cases(self, kind: str) -> list[str]:
        """Ids of the samples of a kind in :data:`KINDS`, sorted."""
        state = read_review(self.review.dataset.layout.decisions).among(self.review.dataset.samples)
        with self.review.reading() as log:
            commented = {s.items[k].sample_id for s in log.sessions.values() for k in s.comments}
            restored = {d.sample_id for d in decision_rows(log) if d.verdict == "restore"}
            found = {
                "waiting for a verdict": state.unverified,
                "confirmed": state.deleted,
                "restored": restored - state.deleted - state.unverified,
                "flagged": state.flagged,
                "commented": commented,
                "cannot be shown": log.broken,
            }[kind]
        return sorted(sample for sample in found if sample in self.review.dataset.samples)

    def comments(self, sample_id: str) -> list[list[str]]:
        """What people wrote about a sample: reviewer and words."""
        with self.review.reading() as log:
            return [
                [plain(session.reviewer), plain(text)]
                for session in log.sessions.values()
                for position, text in session.comments.items()
                if session.items[position].sample_id == sample_id
            ]

    def adjudicate(self, sample_id: str, verdict: str) -> str:
        """Confirm or restore a deletion; what came of it, in words."""
        done = "Confirmed: the sample is deleted." if verdict == "confirm" else "Restored: the sample is kept."
        return _told(lambda: self.review.adjudicate(sample_id, verdict, self.name), done)

    def kappas(self) -> list[list[str]]:
        """Of every two people: names, samples in common, share decided alike, Cohen's kappa."""
        with self.review.reading() as log:
            found = [asdict(a) for a in agreements(decision_rows(log))]
        return [
            [", ".join(map(plain, a["reviewers"])), str(a["samples"]), _percent(a["same"]), _number(a["kappa"], 2)]
            for a in found
        ]

    def alphas(self) -> list[list[str]]:
        """Krippendorff's alpha of all samples, each group and each severity: samples, alpha, interval."""
        with self.review.reading() as log:
            decisions = decision_rows(log)
        return [
            [
                a.kind,
                str(a.samples),
                _number(a.alpha, 2),
                "" if a.low is None else f"{_number(a.low, 2)} to {_number(a.high, 2)}",
            ]
            for rows in alphas_by(decisions, self.review.dataset).values()
            for a in rows
        ]

    def export_preview(self, reviewed_only: bool) -> tuple[str, list[list[str]]]:
        """What an export would leave: a line, and by group and severity the samples now, reviewed, deleted and left."""
        samples = self.review.dataset.samples
        state = read_review(self.review.dataset.layout.decisions).among(samples)
        gone = state.left_out(samples.keys(), reviewed_only=reviewed_only)
        counts: dict[str, Counter[str]] = {}
        for sample_id, sample in samples.items():
            for kind in (self.review.dataset.label(sample), f"severity {sample.severity}"):
                count = counts.setdefault(kind, Counter())
                count["now"] += 1
                count["reviewed"] += sample_id in state.kept | state.deleted | state.unverified
                count["deleted"] += sample_id in state.deleted | state.unverified
                count["left"] += sample_id not in gone
        words = f"{len(samples) - len(gone)} of {len(samples)} samples would be left, before the split."
        if state.unverified:
            words += (
                f" {len(state.unverified)} deletions wait for a verdict: an export refuses, or takes them as deleted."
            )
        option = " --reviewed-only" if reviewed_only else ""
        words += f" To write it: `perception20k export {self.review.dataset.layout.root.name}{option}`"
        columns = ("now", "reviewed", "deleted", "left")
        return words, [[kind, *(str(counts[kind][c]) for c in columns)] for kind in sorted(counts)]


def _told(act: Callable[[], Any], done: str) -> str:
    try:
        act()
    except ProtocolRefusal as refusal:
        return str(refusal)
    except Unknown:
        return "Choose a review first."
    return done


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
