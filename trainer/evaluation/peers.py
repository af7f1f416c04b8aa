"""Classical metrics beside the models: any no-reference metric of pyiqa, on the images at their own size.

pyiqa's licence is noncommercial. Most of its metrics load weights from the network on their first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from trainer.data.rows import Row
from trainer.evaluation.suites import AS_STORED, Response


class Peer:
    """One pyiqa metric; a metric for which lower is better is turned round, so that correlations compare.

    Raises:
        UserError: pyiqa is not installed, knows no such metric, or the metric needs a reference image.
    """

    grid = AS_STORED

    def __init__(self, name: str, device: Any) -> None:
        try:
            import pyiqa
        except ImportError:
            raise UserError("--peer needs pyiqa, which is not installed", "Install perception20k[models]") from None
        known = pyiqa.list_models(metric_mode="NR")
        if name not in known:
            raise UserError(f"--peer {name}: no no-reference metric of that name", suggestion(name, known), code=2)
        self.metric = pyiqa.create_metric(name, device=device)
        self.sign = -1.0 if self.metric.lower_better else 1.0

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """One value a row; a metric has no sampled answers. A metric's failure on an image is kept as its error."""
        return [[self._value(row)] for row in rows]

    def _value(self, row: Row) -> Response:
        import torch

        pixels = np.asarray(row["images"][-1], dtype=np.float32) / 255
        batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        try:
            with torch.inference_mode():
                value = float(self.metric(batch))
        except (RuntimeError, ValueError, AssertionError, IndexError) as error:
            return Response("", error=f"{type(error).__name__}: {error}".split("\n", 1)[0])
        if not np.isfinite(value):
            return Response("", error=f"the metric gave {value}")
        return Response("", value=self.sign * value)
