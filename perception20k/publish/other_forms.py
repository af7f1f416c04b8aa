"""The surviving samples as other tools read them: COCO instances, and tar files for ``webdataset``."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perception20k.core.files import write_json, written_aside
from perception20k.dataset.groups import label_of
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample, read_samples, read_sources
from perception20k.publish.parts import PARTS

TAR_BYTES = 512 << 20
"""Image bytes after which a tar file is closed."""


def write_coco(layout: Layout, out: Path) -> list[Path]:
    """Write ``train.json`` and ``test.json``: an image is a distorted image, its one annotation the distorted box.

    The category is the object's name, the same number in both files. What was done to the box, and the source, stand
    in the annotation's ``attributes``. ``file_name`` is the path in the dataset, which is the images' root.

    Returns:
        The files written; a part without samples has none.
    """
    samples = read_samples(layout.recipe)
    sources = {source.image_id: source for source in read_sources(layout.sources)}
    numbers = {name: number for number, name in enumerate(sorted({s.object for s in samples if s.split}), 1)}
    written = []
    for part in PARTS:
        mine = [sample for sample in samples if sample.split == part]
        if not mine:
            continue
        images, annotations = [], []
        for number, sample in enumerate(mine, 1):
            x1, y1, x2, y2 = sample.box
            size = {"width": sample.width, "height": sample.height}
            images.append({"id": number, "file_name": sample.file, **size})
            annotations.append(
                {
                    "id": number,
                    "image_id": number,
                    "category_id": numbers[sample.object],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                    "segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]],
                    "attributes": {**_about(sample), "source": sources[sample.image_id].file},
                }
            )
        categories = [{"id": number, "name": name} for name, number in numbers.items()]
        path = out / f"{part}.json"
        write_json(path, {"images": images, "annotations": annotations, "categories": categories})
        written.append(path)
    return written


def write_webdataset(layout: Layout, out: Path) -> list[Path]:
    """Write ``train-000000.tar`` and so on; the same samples give the same bytes.

    A sample is three members: ``ID.distorted.EXT`` and ``ID.source.EXT``, both as the dataset holds them, and
    ``ID.json`` with the object, the box and what was done to it.

    Returns:
        The files written, in order.
    """
    samples = read_samples(layout.recipe)
    sources = {source.image_id: source.file for source in read_sources(layout.sources)}
    written = []
    for part in PARTS:
        mine = [sample for sample in samples if sample.split == part]
        for number, some in enumerate(_shared_out(layout, mine, sources)):
            path = out / f"{part}-{number:06d}.tar"
            with written_aside(path) as aside, tarfile.open(aside, "w", format=tarfile.USTAR_FORMAT) as tar:
                for sample in some:
                    for name, file in (("distorted", sample.file), ("source", sources[sample.image_id])):
                        data = (layout.root / file).read_bytes()
                        _add(tar, f"{sample.sample_id}.{name}{Path(file).suffix}", data)
                    about = {**_about(sample), "box": list(sample.box), "width": sample.width, "height": sample.height}
                    _add(tar, f"{sample.sample_id}.json", json.dumps(about, ensure_ascii=False).encode())
            written.append(path)
    return written


FORMS = {"coco": write_coco, "webdataset": write_webdataset}
"""By the name that ``export --as`` takes."""


def _about(sample: Sample) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "image_id": sample.image_id,
        "object": sample.object,
        "group": sample.group,
        "distortion": label_of(sample),
        "type": sample.type,
        "severity": sample.severity,
        "params": sample.params,
        "psnr": sample.psnr,
        "ssim": sample.ssim,
        "delta_e": sample.delta_e,
    }


def _shared_out(layout: Layout, samples: Sequence[Sample], sources: dict[str, str]) -> Iterator[list[Sample]]:
    part: list[Sample] = []
    weight = 0
    for sample in samples:
        size = sum((layout.root / file).stat().st_size for file in (sample.file, sources[sample.image_id]))
        if part and weight + size > TAR_BYTES:
            yield part
            part, weight = [], 0
        part.append(sample)
        weight += size
    if part:
        yield part


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # of nobody, at no time: the same bytes wherever it is written
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
