"""Tables of the user's: CSV, or Parquet where the file is called so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from perception20k.core.errors import UserError


def read_table(path: Path, what: str, key: str, texts: Sequence[str] = ()) -> pa.Table:
    """A table as it is; whoever asks for it checks its columns.

    Args:
        path: the file.
        what: it is a table of, for errors.
        key: of the config, where it is named.
        texts: columns of a CSV that are read as text, whatever they hold.

    Raises:
        UserError: the file is missing or is not a table.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return parquet.read_table(path)
        options = csv.ConvertOptions(column_types=dict.fromkeys(texts, pa.string()))
        return csv.read_csv(path, convert_options=options)
    except FileNotFoundError:
        raise UserError(f"{path}: no such table of {what}", f"Check the config's '{key}'") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: not a table of {what}: {str(error).splitlines()[0]}") from None
