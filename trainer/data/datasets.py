"""What ``--data`` names.

--data DIR                a dataset of this project, its train shards
--data NAME:DIR           a published MOS dataset (trainer.data.published)
--data FILE.csv:LOW-HIGH  your own MOS table and its scale
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from trainer.data.mos import MosTable, read_csv
from trainer.data.published import PUBLISHED

_CSV = re.compile(r"(?P<path>.+\.csv)(?::(?P<low>-?[\d.]+)-(?P<high>-?[\d.]+))?")


def read_dataset(text: str) -> MosTable | Path:
    """What one ``--data`` names: a MOS table, or the folder of a dataset of this project.

    Raises:
        UserError: it names nothing that is there.
    """
    if table := _CSV.fullmatch(text):
        if table["low"] is None:
            raise UserError(f"--data {text}: the scale of its MOS is not given", f"Write {text}:0-100", code=2)
        try:
            low, high = float(table["low"]), float(table["high"])
        except ValueError:
            low = high = 0.0
        if low >= high:
            raise UserError(f"--data {text}: not a scale", f"Write {table['path']}:0-100, the low end first", code=2)
        return read_csv(Path(table["path"]), low, high)
    name, colon, folder = text.partition(":")
    if colon and not Path(text).exists():
        if name not in PUBLISHED:
            raise UserError(f"--data {text}: unknown dataset '{name}'", suggestion(name, PUBLISHED), code=2)
        return PUBLISHED[name](Path(folder))
    if not Path(text).is_dir():
        raise UserError(f"--data {text}: no such directory", code=2)
    return Path(text)


def read_datasets(texts: Sequence[str]) -> dict[str, MosTable | Path]:
    """What each ``--data`` names."""
    return {text: read_dataset(text) for text in texts}
