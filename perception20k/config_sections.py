"""The sections of a build's configuration, each a key of the YAML file with keys of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from perception20k.core.from_plain import checked

LEAST_SCORE = 0.05
"""Boxes less confident than this are not kept; with hundreds of guesses an image, most are."""

AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(min_length=1)]


@checked
@dataclass(frozen=True)
class Annotations:
    """Where objects and boxes come from: exactly one of these. ``package:NAME/PATH`` works too.

    Images are matched to sources by name; see :mod:`perception20k.annotations` for what is read of each format.
    """

    coco: str | None = None
    """A COCO instances file."""
    lvis: str | None = None
    """An LVIS file."""
    voc: str | None = None
    """The folder of Pascal VOC's XML files."""
    yolo: str | None = None
    """YOLO's ``data.yaml``, which stands beside the folders of labels."""
    open_images: str | None = None
    """Open Images' CSV file of boxes, with the class descriptions beside it."""
    label_studio: str | None = None
    """Label Studio's export "JSON"."""
    cvat: str | None = None
    """CVAT's export "CVAT for images 1.1"."""
    csv: str | None = None
    """A table with the columns ``file,name,x1,y1,x2,y2``, in pixels."""
    parquet_xywh: str | None = None
    """Parquet with a column of objects, whose boxes are left, top, width and height, as in COCO: a table, a folder, or
    a dataset of the hub, as under ``sources``. In pixels or in shares of the image."""
    parquet_xyxy: str | None = None
    """The same, where boxes are left, top, right and bottom."""
    parquet_cxcywh: str | None = None
    """The same, where boxes are centre, width and height, as in YOLO."""

    @property
    def given(self) -> tuple[str, str]:
        """The format's key and the path."""
        return next((key, path) for key, path in asdict(self).items() if path is not None)


@checked
@dataclass(frozen=True)
class Calls:
    """How an API is called. None of this changes the dataset, so it is not saved with it."""

    at_once: AtLeastOne = 4
    """Number of concurrent requests."""
    per_minute: Annotated[float, Field(gt=0)] = 60.0
    """Maximum number of requests started in a minute."""
    attempts: AtLeastOne = 5
    """How often a request is tried when the API is busy, broken or silent."""
    first_wait: NotNegative = 1.0
    """Seconds before the second attempt; each later wait is about twice as long, up to a minute."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds to wait for an answer."""
    max_requests: int | None = None
    """Maximum number of requests of one run, retries included; then it stops, and the next run resumes."""
    max_tokens: int | None = None
    """Tokens, in and out, after which a run stops."""
    batch: bool = False
    """Gemini's batch mode: half the price, answers within a day. ``at_once`` then counts jobs, of 256 images each."""


@checked
@dataclass(frozen=True)
class Describe:
    """The vision-language model that names the objects."""

    backend: Literal["gemini", "openai", "local"] = "gemini"
    """``openai`` is any endpoint that speaks its protocol; ``local`` is transformers on this machine."""
    model: str = "gemini-2.5-pro"
    """The API's name for it; for ``local`` a folder, or a Hugging Face hub model."""
    revision: str = "main"
    """For ``local`` and a hub model: its branch, tag or commit."""
    base_url: str | None = None
    """The API's URL, if it is not the usual one."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    """Of an API's answers: 0 lets them repeat, null leaves it out of requests, for models that refuse it."""
    thinking_budget: Annotated[int, Field(ge=-1)] | None = None
    """Tokens that Gemini may think before it answers; 0 is none, -1 as many as it likes, null the model's default."""
    calls: Calls = field(default_factory=Calls)


@checked
@dataclass(frozen=True)
class Detect:
    """The detector that boxes the objects: Grounding DINO."""

    model: str = "IDEA-Research/grounding-dino-base"
    """A folder, or a Hugging Face hub model."""
    revision: str = "main"
    """Of a hub model: its branch, tag or commit."""
    threshold: Share = 0.35
    """Minimum confidence of a box, in 0..1."""


@checked
@dataclass(frozen=True)
class Objects:
    """A detector that finds the objects by itself, with nobody to name them first."""

    model: str
    """A folder, or a Hugging Face hub model: RT-DETR, D-FINE, DETR and the like; for ``phrases`` a Grounding DINO."""
    revision: str = "main"
    """Of a hub model: its branch, tag or commit."""
    threshold: Annotated[float, Field(ge=LEAST_SCORE, le=1)] = 0.5
    """Minimum confidence of a box."""
    max_objects: AtLeastOne = 10
    """Most objects taken from an image, the most confident first; the filters choose among these, largest first."""
    classes: Names | None = None
    """The detector's classes to look for, as it spells them; null means all."""
    phrases: Names | None = None
    """What Grounding DINO looks for in every image."""


@checked
@dataclass(frozen=True)
class Score:
    """One quality metric and the minimum quality of a source image."""

    metric: str
    """A metric's name, see ``perception20k.models.metrics.METRICS``; with ``table``, the name of its column."""
    min: float = 80.0
    """Minimum quality, on 0..100 with 100 the best."""
    table: str | None = None
    """Your own scores: a CSV or Parquet file with the columns ``file`` and ``metric``'s name."""
    range: tuple[float, float] = (0.0, 100.0)
    """A table's worst and best value; the worst may be the higher one."""


@checked
@dataclass(frozen=True)
class Credits:
    """Licence and author of the photos. A photo's annotations come before its EXIF data, and both before ``licence``
    and ``author``, which are said of all photos."""

    licence: str = ""
    """Of every photo that says nothing else, such as ``CC BY 4.0``."""
    author: str = ""
    """Of every photo that says nothing else."""
    table: str | None = None
    """A CSV with the columns ``file``, ``licence`` and ``author``, which comes before everything else."""


@checked
@dataclass(frozen=True)
class Filters:
    """Which boxes and images are kept; the others are listed in the quarantine with the reason."""

    max_box: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Largest share of the image a box may cover (the paper's 90 %)."""
    min_box: NotNegative = 0.01
    """Smallest share of the image a box may cover."""
    min_side: AtLeastOne = 32
    """Shortest side a box may have, in pixels."""
    max_iou: Share = 0.5
    """Maximum overlap of two boxes of one image, as intersection over union."""
    min_objects: AtLeastOne = 2
    """Fewest distinct objects an image must have."""
    max_objects: int = 3
    """Most objects taken from an image, the most salient (largest) first."""
    min_delta_e: NotNegative = 0.5
    """Minimum mean colour difference (CIEDE2000) in the box; below it nobody can see the distortion."""
