"""Run on two processes by test_predict.py: an oracle that takes its time.

oracle_run.py DATASET RATED OUT SECONDS
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from trainer.data.rows import Row
from trainer.evaluation import scripted
from trainer.evaluation.run import EvaluationConfig, evaluate


def main(dataset: str, rated: str, out: str, seconds: str) -> None:
    def patient(row: Row) -> str:
        time.sleep(float(seconds))
        return scripted.oracle(row)

    scripted.SCRIPTS["oracle"] = patient
    evaluate(EvaluationConfig("scripted:oracle", data=(dataset, rated), batch=4), Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
