"""Licence and author of each photo, from the surest source that says: a table of the user's, the annotation file, the
photo's EXIF data, then what the config says of all photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from perception20k.config import Credits, located
from perception20k.core.errors import UserError
from perception20k.core.tables import read_table
from perception20k.dataset.records import Source
from perception20k.pipeline.stages.annotate import MAX_CREDIT
from perception20k.pipeline.stages.names import Names, plain, video_of, with_videos
from perception20k.pipeline.stages.object_names import clean

COLUMNS = ("licence", "author")


class CreditTable:
    """What the config and its table say of photos, by name (:class:`perception20k.pipeline.stages.names.Names`).

    Args:
        config: the config's ``credits``.
        origins: of all photos, to detect ambiguous names.

    Attributes:
        names: the table's files, matched to photos.

    Raises:
        UserError: the table cannot be read, or lacks its columns.
    """

    def __init__(self, config: Credits, origins: Iterable[str] = ()) -> None:
        self._of_all = config
        self._rows = _read(located(config.table)) if config.table else {}
        self.names = Names(self._rows, with_videos(origins))

    def credited(self, source: Source) -> Source:
        """The source with its licence and author."""
        found = (self.names.find(origin) for origin in (source.origin, video_of(source.origin)))
        name = next((name for name in found if isinstance(name, str)), None)
        row = self._rows[name] if name is not None else {}
        licence = row.get("licence") or source.licence or self._of_all.licence
        author = row.get("author") or source.author or self._of_all.author
        return replace(source, licence=clean(licence)[:MAX_CREDIT], author=clean(author)[:MAX_CREDIT])


def _read(path: Path) -> dict[str, dict[str, str]]:
    table = read_table(path, "licences and authors", "credits: table", ("file", *COLUMNS))
    if "file" not in table.column_names or not set(COLUMNS) & set(table.column_names):
        known = f"Columns: {', '.join(table.column_names)}"
        raise UserError(f"{path}: needs the columns 'file', and 'licence' or 'author' or both", known)
    rows = table.select([name for name in ("file", *COLUMNS) if name in table.column_names]).to_pylist()
    return {plain(row["file"]): {key: row.get(key) or "" for key in COLUMNS} for row in rows if row["file"]}
