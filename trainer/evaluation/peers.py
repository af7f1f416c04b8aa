"""Classical metrics beside the models: the no-reference metrics of :mod:`perception20k.models.metrics`.

They see the images at their own size. The table there tells their licences; most load weights on their first use.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perception20k.models.metrics import find_metric
from trainer.data.rows import Row
from trainer.evaluation.suites import AS_STORED, Response


class Peer:
    """One metric; a metric for which lower is better is negated, so that correlations compare.

    Raises:
        UserError: no such metric, or what it needs is not installed.
    """

    grid = AS_STORED

    def __init__(self, name: str) -> None:
        metric = find_metric(name)
        self.sign = 1.0 if metric.best > metric.worst else -1.0
        self.score = metric.load(name, "")

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """One value a row; a metric has no sampled answers. A metric's failure on an image is kept as its error."""
        return [[self._value(row)] for row in rows]

    def _value(self, row: Row) -> Response:
        try:
            (value,) = self.score([np.asarray(row["images"][-1])])
        except (RuntimeError, ValueError, AssertionError, IndexError) as error:
            return Response("", error=f"{type(error).__name__}: {error}".split("\n", 1)[0])
        if not np.isfinite(value):
            return Response("", error=f"the metric gave {value}")
        return Response("", value=self.sign * value)
