from __future__ import annotations

import json

from annotate_app.reports.people import review_rows, training_scores
from tests.annotate_app.conftest import Clock, Person


def test_each_review_has_its_pace_its_state_and_its_signs(person: Person, clock: Clock) -> None:
    for position, seconds in enumerate((1.0, 3.0, 2.0)):
        clock.now += seconds
        person.do("delete" if position == 1 else "accept", position, dwell_ms=1000 * seconds, painted_at=1.0)
    with person.review.reading() as log:
        (row,) = review_rows(log, {"unseen": 0.5})
        assert (row.reviewer, row.state, row.items, row.decided, row.deleted) == ("ann", "under way", 60, 3, 1)
        assert row.seconds_each == 2.0
        assert row.red == ["3 of 3 decisions on an image that was not on the screen (limit 50%)"]  # none was sent
        assert row.training is None
    person.do("give_back")
    with person.review.reading() as log:
        assert review_rows(log)[0].state == "given up"


def test_the_last_training_round_of_a_person_counts(person: Person) -> None:
    wrong_first = [[{"action": "accept"}, {"action": "delete"}], [{"action": "accept"}]]
    person.review.train("ann", wrong_first)
    with person.review.reading() as log:
        assert training_scores(log) == {"ann": 0.5}
    person.review.train("ann", json.loads(json.dumps(wrong_first[1:])))
    with person.review.reading() as log:
        assert training_scores(log) == {"ann": 1.0}
