"""Readers for the annotation files people have: one table of formats, a file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from perception20k.annotations import coco, cvat, label_studio, parquet, tables, voc, yolo
from perception20k.annotations.record import AnnotatedImage


@dataclass(frozen=True)
class Format:
    """A format of annotations."""

    key: str
    """In the config's ``annotations``."""
    title: str
    path: str
    """What the configured path must be."""
    suffixes: tuple[str, ...]
    """Of the files whose content tells the format; none where it does not."""
    read: Callable[..., Iterator[AnnotatedImage]]
    """Takes the path, yields the annotated images; raises :class:`perception20k.core.errors.UserError`."""
    matches: Callable[[str], bool]
    """Whether a file's first 64 KB look like it."""
    is_folder: bool = False
    by_stem: bool = False
    """Whether it names images without their suffix."""
    anywhere: bool = False
    """Whether the path may be a folder or, as text, a URL as well."""


FORMATS = {
    one.key: one
    for one in (
        Format("lvis", "LVIS", "a .json file", (".json",), coco.read_lvis, coco.is_lvis),
        Format("coco", "COCO instances", "a .json file", (".json",), coco.read_coco, coco.is_coco),
        Format(
            "label_studio",
            "Label Studio",
            "the .json file of the export 'JSON'",
            (".json",),
            label_studio.read_label_studio,
            label_studio.is_label_studio,
        ),
        Format(
            "voc",
            "Pascal VOC",
            "the folder of the .xml files",
            (".xml",),
            voc.read_voc,
            voc.is_voc,
            is_folder=True,
            by_stem=True,
        ),
        Format(
            "cvat",
            "CVAT",
            "the .xml file of the export 'CVAT for images 1.1'",
            (".xml",),
            cvat.read_cvat,
            cvat.is_cvat,
        ),
        Format(
            "yolo",
            "YOLO",
            "its data.yaml, beside the folders of labels",
            (".yaml", ".yml"),
            yolo.read_yolo,
            yolo.is_yolo,
            by_stem=True,
        ),
        Format(
            "open_images",
            "Open Images",
            "the .csv file of boxes, with the class descriptions beside it",
            (".csv",),
            tables.read_open_images,
            tables.is_open_images,
            by_stem=True,
        ),
        Format("csv", "CSV", f"a table: {','.join(tables.PLAIN)}", (".csv",), tables.read_csv, tables.is_csv),
        *(
            Format(
                f"parquet_{kind}",
                "Parquet",
                "a table with a column of objects, a folder of such tables, or hf://datasets/NAME",
                (),
                partial(parquet.read_parquet, kind),
                lambda head: False,
                anywhere=True,
            )
            for kind in parquet.READINGS
        ),
    )
}
"""Every format by its key, the narrower before the wider of two that look alike."""

KNOWN = ", ".join(form.title for form in FORMATS.values() if form.suffixes)
"""Titles of the formats that a file's content tells."""
