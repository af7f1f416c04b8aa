"""Verify a dataset: recompute every digest, of files, of source pixels and of samples' pixels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

from distortions import DistortionError
from perception20k.core.errors import ItemError, UserError
from perception20k.core.hashed_set import HashedSet
from perception20k.core.reporting import Reporter
from perception20k.core.spill_list import SpillList
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import dataset_files, manifest_files, read_manifest
from perception20k.dataset.records import Sample, Source, each_sample, each_source
from perception20k.execution.local import LocalExecutor
from perception20k.execution.stage import Executor
from perception20k.imaging import images
from perception20k.pipeline.stages.distort import remake
from perception20k.publish.work import file_fault, outcomes


def verify(
    root: Path, executor: Executor | None = None, *, remade: bool = False, reporter: Reporter | None = None
) -> list[str]:
    """Every disagreement between a dataset and its recorded digests, as one line each; empty when all is well.

    Args:
        root: the dataset.
        executor: where the work is done; by default here.
        remade: also distort every source again and compare the pixels, not only the files.
        reporter: shows bars.

    Raises:
        UserError: the directory is not a dataset, or its build has not finished.
    """
    layout, reporter, executor = Layout(root).require(), reporter or Reporter(), executor or LocalExecutor()
    if read_manifest(layout) is None:
        raise UserError(f"{root}: no manifest.json, the build has not finished", "Run the same build again")
    problems = list(_files(layout, executor, reporter))
    tables = (layout.recipe.name, layout.sources.name)
    if broken := [name for name in tables if any(problem.startswith(f"{name}: ") for problem in problems)]:
        return [*problems, f"the pixels were not compared, because {' and '.join(broken)} cannot be relied on"]
    return [*problems, *_pixels(layout, remade, executor, reporter)]


def _files(layout: Layout, executor: Executor, reporter: Reporter) -> Iterator[str]:
    recorded = SpillList(manifest_files(layout))
    words = {"missing": "missing", "differs": "the bytes differ from the manifest's digest"}
    with reporter.progress("files", len(recorded), "file") as advance:
        fault = partial(file_fault, layout.root.absolute())
        checked = outcomes("files", fault, recorded, executor, advance, batch_size=64)
        yield from sorted(f"{name}: {words[found]}" for (name, _), found in checked if found)
    names = HashedSet(name for name, _ in recorded)
    for name in dataset_files(layout):
        if name not in names:
            yield f"{name}: not in the manifest"


def _pixels(layout: Layout, remade: bool, executor: Executor, reporter: Reporter) -> Iterator[str]:
    work: SpillList[_Image] = SpillList()
    rest = groupby(each_sample(layout.recipe), key=lambda sample: sample.image_id)
    image_id, group = next(rest, ("", iter(())))
    for source in each_source(layout.sources):
        mine: tuple[Sample, ...] = ()
        if source.image_id == image_id:
            mine = tuple(group)
            image_id, group = next(rest, ("", iter(())))
        work.append((source, mine))
    with reporter.progress("pixels", len(work), "image") as advance:
        wrong = partial(_wrong_pixels, layout.root.absolute(), remade)
        checked = outcomes("pixels", wrong, work, executor, advance)
        yield from sorted(problem for _, problems in checked for problem in problems)
    if image_id:
        yield f"{layout.recipe.name}: image {image_id} is not in {layout.sources.name}, or not in the same order"


_Image = tuple[Source, tuple[Sample, ...]]


def _wrong_pixels(root: Path, remade: bool, item: _Image) -> list[str]:
    """What is wrong with the pixels of a source image and of its samples, by their digests."""
    source, samples = item
    pixels = _read(root / source.file)
    problems = []
    if isinstance(pixels, str):
        problems.append(f"{source.file}: {pixels}")
    elif images.image_id(pixels) != source.image_id:
        problems.append(f"{source.file}: the pixels are not those of image {source.image_id}")
    again = pixels if remade and not isinstance(pixels, str) else None
    return problems + [problem for sample in samples if (problem := _wrong_sample(root, sample, again))]


def _wrong_sample(root: Path, sample: Sample, source: images.Array | None) -> str:
    """What is wrong with a sample, which is also made again of its source's pixels if they are given."""
    pixels = _read(root / sample.file)
    if isinstance(pixels, str):
        return f"{sample.file}: {pixels}"
    if images.pixels_sha256(pixels) != sample.pixels_sha256:
        return f"{sample.file}: the pixels differ from the recipe's digest"
    if source is not None:
        try:
            remake(source, sample)
        except (ItemError, DistortionError) as error:
            return str(error)
    return ""


def _read(file: Path) -> images.Array | str:
    """The pixels of an image file, or what is wrong with it."""
    try:
        return images.decode(file.read_bytes())
    except FileNotFoundError:
        return "missing"
    except images.ImageError as error:
        return str(error)
