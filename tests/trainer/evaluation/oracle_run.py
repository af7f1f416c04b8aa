"""Run on two processes by test_predict.py: an oracle, which may come to a halt after its first batch.

oracle_run.py DATASET RATED OUT [halt]
"""

from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path

from trainer.data.rows import Row
from trainer.evaluation import scripted
from trainer.evaluation.run import EvaluationConfig, evaluate

BATCH = 4


def main(dataset: str, rated: str, out: str, halt: str = "") -> None:
    asked = itertools.count()

    def oracle(row: Row) -> str:
        if next(asked) >= BATCH and halt:
            threading.Event().wait()  # for good: to be killed with one batch on the disk
        return scripted.oracle(row)

    scripted.SCRIPTS["oracle"] = oracle
    evaluate(EvaluationConfig("scripted:oracle", data=(dataset, rated), batch=BATCH), Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
