"""How much of the distort-and-write stage is ours: samples per second beside the bare decode-plus-encode rate.

    python -m benchmarks.build [--per-object 2]

Both rates are taken in one process, in one run, over the same images, for each ``image_format``, in processor time,
which a busy machine hardly changes: the bare rate decodes every source once, encodes every distorted image once, and
does nothing else. A second table measures the lossless formats and encoders the choice was made from.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from PIL import Image

sys.path[0] = str(Path(__file__).parents[1])  # the folder of this file has a module named as the library

from perception20k.config import Filters  # noqa: E402
from perception20k.dataset.quarantine import Reason  # noqa: E402
from perception20k.imaging import images  # noqa: E402
from perception20k.pipeline.stages.annotate import AnnotatedPhotos  # noqa: E402
from perception20k.pipeline.stages.discover import discover  # noqa: E402
from perception20k.pipeline.stages.distort import Distort  # noqa: E402
from perception20k.pipeline.stages.draw import SamplePlan, draw  # noqa: E402
from perception20k.pipeline.stages.filters import select_objects  # noqa: E402
from perception20k.pipeline.stages.sources import Candidate, Ingest, candidates_of, with_source  # noqa: E402

SAMPLE = Path(str(files("perception20k") / "sample"))


def scenes() -> list[Candidate]:
    """The sample photos with objects that survive the filters."""
    annotations = AnnotatedPhotos("coco", SAMPLE / "instances.json")
    found = []
    for file in discover((str(SAMPLE / "*.[jp][pn]g"),)):
        for candidate in candidates_of(file, Ingest(1).process_one(file)):
            annotated = annotations.objects_of(candidate.source)
            assert not isinstance(annotated, Reason)
            objects, _ = select_objects(annotated[0], Filters())
            if len(objects) >= 2:
                found.append(with_source(Candidate(candidate.path, annotated[0]), objects=objects))
    return found


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def stage_rate(batches: list[list[SamplePlan]], image_format: images.ImageFormat) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Distort(Path(folder), "refine-iqa", Filters(), image_format=image_format)
        stage.process(batches[0][:1])  # imports and caches
        made = [path for batch in batches for path in _made(stage, batch)]
        pixels = [(b[0].candidate.path.read_bytes(), [images.decode(p.read_bytes()) for p in m]) for b, m in
                  zip(batches, [list(_made(stage, b)) for b in batches], strict=True)]  # fmt: skip
        ours = min(seconds(lambda: [stage.process(batch) for batch in batches]) for _ in range(3))
        bare = min(seconds(lambda: [_bare(data, d, image_format) for data, d in pixels]) for _ in range(3))
    count = sum(len(batch) for batch in batches)
    print(f"{image_format}: {count} samples ({len(made)} visible) of {len(batches)} photos, one core, best of 3")
    print(f"  distort stage         {count / ours:7.1f} samples/s")
    print(f"  bare decode + encode  {len(made) / bare:7.1f} samples/s")
    print(f"  ratio                 {(count / ours) / (len(made) / bare):7.2f}   (aim: 0.8)")


def _made(stage: Distort, batch: list[SamplePlan]) -> list[Path]:
    outcomes = stage.process(batch)
    return [stage.root / o.value["file"] for o in outcomes if o.error is None and "dropped" not in o.value]


def _bare(data: bytes, distorted: list[images.Array], image_format: images.ImageFormat) -> None:
    images.decode(data)
    for image in distorted:
        images.encode(image, image_format)


def encoders() -> None:
    photos = [images.decode(path.read_bytes()) for path in sorted(SAMPLE.glob("*.[jp][pn]g"))]

    def pillow(kind: str, **options: object) -> Callable[[images.Array], bytes]:
        def encode(image: images.Array) -> bytes:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, kind, **options)
            return buffer.getvalue()

        return encode

    def opencv(*flags: int) -> Callable[[images.Array], bytes]:
        return lambda image: bytes(cv2.imencode(".png", image[..., ::-1], flags)[1])

    rows: dict[str, Callable[[images.Array], bytes]] = {
        "webp: WebP lossless, method 0, quality 0": lambda image: images.encode(image, "webp")[0],
        "png: ISA-L, every row filtered by up": lambda image: images.encode(image, "png")[0],
        "WebP lossless, method 0, quality 50": pillow("WEBP", lossless=True, method=0, quality=50),
        "WebP lossless, method 4, quality 80": pillow("WEBP", lossless=True, method=4, quality=80),
        "PNG Pillow, level 1": pillow("PNG", compress_level=1),
        "PNG Pillow, level 6": pillow("PNG", compress_level=6),
        "PNG OpenCV, level 1": opencv(cv2.IMWRITE_PNG_COMPRESSION, 1),
        "PNG OpenCV, level 1, RLE": opencv(
            cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE
        ),
    }
    print(f"\nlossless encoders over the {len(photos)} sample photos, one core")
    print(f"  {'encoder':<44}{'encode ms/MP':>13}{'decode ms/MP':>13}{'bytes/pixel':>12}")
    area = sum(photo.shape[0] * photo.shape[1] for photo in photos) / 1e6
    for name, encode in rows.items():
        made = [encode(photo) for photo in photos]
        to = seconds(lambda encode=encode: [encode(photo) for photo in photos])  # type: ignore[misc]
        back = seconds(lambda made=made: [np.asarray(Image.open(io.BytesIO(data))) for data in made])  # type: ignore[misc]
        size = sum(map(len, made)) / area / 1e6
        print(f"  {name:<44}{1e3 * to / area:>13.1f}{1e3 * back / area:>13.1f}{size:>12.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-object", type=int, default=2, help="samples made of each object")
    per_object = parser.parse_args().per_object
    cv2.setNumThreads(1)
    batches = [batch for candidate in scenes() if (batch := draw(candidate, per_object, seed=0))]
    for image_format in get_args(images.ImageFormat):
        stage_rate(batches, image_format)
    encoders()


if __name__ == "__main__":
    main()
