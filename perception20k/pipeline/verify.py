"""Verify a dataset: recompute every digest, of files, of source pixels and of samples' pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from distortions import DistortionError
from perception20k.core.errors import ItemError, UserError
from perception20k.core.files import file_sha256
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import dataset_files, read_manifest
from perception20k.dataset.records import read_samples, read_sources
from perception20k.imaging import images
from perception20k.pipeline.stages.distort import remake


def verify(root: Path, *, remade: bool = False, reporter: Reporter | None = None) -> list[str]:
    """Every disagreement between a dataset and its recorded digests, as one line each; empty when all is well.

    Args:
        root: the dataset.
        remade: also distort every source again and compare the pixels, not only the files.
        reporter: shows bars.

    Raises:
        UserError: the directory is not a dataset, or its build has not finished.
    """
    layout, reporter = Layout(root).require(), reporter or Reporter()
    manifest = read_manifest(layout)
    if manifest is None:
        raise UserError(f"{root}: no manifest.json, the build has not finished", "Run the same build again")
    problems = list(_files(layout, manifest["files"], reporter))
    return problems + list(_pixels(layout, remade, reporter))


def _files(layout: Layout, recorded: dict[str, str], reporter: Reporter) -> Iterator[str]:
    with reporter.progress("files", len(recorded), "file") as advance:
        for name, digest in sorted(recorded.items()):
            path = layout.root / name
            if not path.is_file():
                yield f"{name}: missing"
            elif file_sha256(path) != digest:
                yield f"{name}: the bytes differ from the manifest's digest"
            advance(1)
    for name in dataset_files(layout):
        if name not in recorded:
            yield f"{name}: not in the manifest"


def _pixels(layout: Layout, remade: bool, reporter: Reporter) -> Iterator[str]:
    files = {}
    for source in read_sources(layout.sources):
        files[source.image_id] = source.file
        pixels = _read(layout.root / source.file)
        if isinstance(pixels, str):
            yield f"{source.file}: {pixels}"
        elif images.image_id(pixels) != source.image_id:
            yield f"{source.file}: the pixels are not those of image {source.image_id}"
    samples = read_samples(layout.recipe)
    with reporter.progress("samples", len(samples), "sample") as advance:
        for sample in samples:
            advance(1)
            pixels = _read(layout.root / sample.file)
            if isinstance(pixels, str):
                yield f"{sample.file}: {pixels}"
            elif images.pixels_sha256(pixels) != sample.pixels_sha256:
                yield f"{sample.file}: the pixels differ from the recipe's digest"
            elif remade and not isinstance(source_pixels := _read(layout.root / files[sample.image_id]), str):
                try:
                    remake(source_pixels, sample)
                except (ItemError, DistortionError) as error:
                    yield str(error)


def _read(path: Path) -> images.Array | str:
    """The pixels of an image file, or what is wrong with it."""
    try:
        return images.decode(path.read_bytes())
    except FileNotFoundError:
        return "missing"
    except images.ImageError as error:
        return str(error)
