"""The dataset as the review sees it: which samples may be shown, their labels, their images by identifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from annotate_app.people.refusal import Unshowable
from annotate_app.review.protocol import MAX_BOX, oversized
from perception20k.core.errors import UserError
from perception20k.core.files import sha256
from perception20k.dataset.groups import label_of
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import Sample, Source, read_samples, read_sources
from perception20k.imaging import images


class Dataset:
    """A dataset on disk, read once.

    Attributes:
        samples: what may be shown, by sample id, the least visible first.
        removed: ``(what, why)`` of everything removed beforehand for a box over 90 % of its image.
    """

    def __init__(self, layout: Layout) -> None:
        """Read the tables of ``layout``.

        Raises:
            UserError: no dataset is there, or it has no sample that may be shown.
        """
        self.layout = layout.require()
        recipe = read_samples(layout.recipe)
        shown = [sample for sample in recipe if not _oversized(sample)]
        if not shown:
            raise UserError(f"{layout.recipe}: no sample to review")
        shown.sort(key=lambda sample: (sample.delta_e, -sample.psnr, sample.sample_id))
        self.samples: dict[str, Sample] = {sample.sample_id: sample for sample in shown}
        self._sources = {source.image_id: source for source in read_sources(layout.sources)}
        self.removed = [
            *((f"{s.origin}: {s.object}", "box over 90 % of the image") for s in recipe if _oversized(s)),
            *_filtered(layout.quarantine),
        ]

    def label(self, sample: Sample) -> str:
        """The words for a sample's distortion, as prompts and answers use them."""
        return label_of(sample)

    def source(self, sample_id: str) -> Source:
        """The source image that a sample was made from."""
        return self._sources[self.samples[sample_id].image_id]

    def scene(self, sample_id: str) -> str:
        """The scene of a sample; in a dataset that names none, its source image is its own."""
        source = self.source(sample_id)
        return source.scene or source.image_id

    def image(self, sample_id: str) -> Path:
        """The file of a sample, lossless."""
        return self._inside(self.samples[sample_id].file)

    def sample_bytes(self, sample_id: str) -> bytes:
        """The file of a sample, checked against its digest.

        Raises:
            Unshowable: it is missing or damaged.
        """
        sample = self.samples[sample_id]
        return self._checked(sample.file, sample.file_sha256)

    def source_bytes(self, sample_id: str) -> bytes:
        """The original file of a sample's source image, checked against its digest.

        Raises:
            Unshowable: it is missing or damaged.
        """
        source = self.source(sample_id)
        return self._checked(source.file, source.file_sha256)

    def is_showable(self, sample_id: str, *, undistorted: bool = False) -> bool:
        """Whether a sample's file, or its source's, is there, is the dataset's own, and can be decoded."""
        try:
            images.decode(self.source_bytes(sample_id) if undistorted else self.sample_bytes(sample_id))
        except (Unshowable, images.ImageError):
            return False
        return True

    def reference(self, sample_id: str) -> images.Array:
        """A sample's source image: RGB of shape (height, width, 3), dtype uint8.

        Decoded as the pipeline decoded it, so that it differs from the sample inside the box alone, whatever
        orientation or colour profile the original file carries.

        Raises:
            Unshowable, perception20k.imaging.images.ImageError: the file is gone or damaged.
        """
        return images.decode(self.source_bytes(sample_id))

    def _checked(self, file: str, digest: str) -> bytes:
        try:
            data = self._inside(file).read_bytes()
        except OSError:
            raise Unshowable(f"{file}: missing") from None
        if sha256(data) != digest:
            raise Unshowable(f"{file}: damaged, its digest is another")
        return data

    def _inside(self, file: str) -> Path:
        """The path of a file that a table names: tables are shared, so one may name anything."""
        root = self.layout.root.resolve()
        path = (root / file).resolve()
        if not path.is_relative_to(root):
            raise FileNotFoundError(f"{file}: not inside the dataset")
        return path


def _oversized(sample: Sample) -> bool:
    return not sample.is_whole and oversized(sample.box, sample.width, sample.height)


def _filtered(quarantine: Path) -> Iterator[tuple[str, str]]:
    """What the build itself filtered for a box over 90 %; boxes that only a stricter limit filtered are left out."""
    for row in read_quarantine(quarantine):
        if row.reason.rule == "box_too_large" and (row.reason.value or 0) > MAX_BOX:
            yield row.item, row.reason.text
