"""The build's configuration: one typed YAML file, few options, every one documented here.

A user's first file::

    sources: [photos/]
    annotations: {coco: photos/instances.json}
    score: null
    samples_per_object: 4
    seed: 3

Unknown keys are refused with a suggestion. The resolved copy, defaults included, is saved with the dataset, without the
places of files on this machine.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import Field

from distortions import DEFAULT_PRESET, PRESETS
from perception20k.core.errors import UserError
from perception20k.core.from_plain import build, checked, suggestion

MAX_PER_OBJECT = 20
"""Five rounds of the twelve groups among three objects: a group with a single type has five samples to give."""

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

    @property
    def given(self) -> tuple[str, str]:
        """The format's key and the path."""
        return next((key, path) for key, path in dataclasses.asdict(self).items() if path is not None)


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


@checked
@dataclass(frozen=True)
class Config:
    """A build's configuration, as the YAML file spells it."""

    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    """Folders, files, globs or URLs of photos and videos, tars and Parquet tables; ``package:NAME/PATH`` means
    files of an installed package."""
    annotations: Annotations | None = None
    """Existing objects and boxes; alternatively ``objects``, or ``describe`` and ``detect``."""
    describe: Describe | None = None
    """The model that names the objects; needs ``detect``."""
    detect: Detect | None = None
    """The model that boxes them."""
    objects: Objects | Literal["whole-image"] | None = None
    """One detector instead of both: it finds objects of its own classes, or given phrases. Or ``whole-image``: no
    objects, the whole image is distorted."""
    score: tuple[Score, ...] | None = (Score("qalign"), Score("dbcnn"), Score("hyperiqa"))
    """Metrics that must all be satisfied, by default the paper's three; null keeps every image."""
    credits: Credits = field(default_factory=Credits)
    near_duplicates: Literal["keep", "drop"] = "keep"
    """What becomes of photos that show nearly the same, and of crops of another photo: all are kept, in one scene; or
    only the largest of them is."""
    max_frames_per_video: AtLeastOne = 3
    """Frames taken from a video, evenly spaced."""
    max_side: AtLeastOne | None = 2048
    """Longest side of a source image in pixels; larger ones are scaled down first, boxes along. Null keeps them.
    Severities are in pixels: at 8,000 pixels a blur of 5 is hardly seen."""
    samples_per_object: Annotated[int, Field(ge=1, le=MAX_PER_OBJECT)] = 1
    """Samples made of each object, at most ``MAX_PER_OBJECT``."""
    preset: str = DEFAULT_PRESET
    """Parameter set of the distortions, and with it their types: ``kadid-10k`` has its own, in groups of its own."""
    filters: Filters = field(default_factory=Filters)
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = round(1500 / 20907, 4)
    """Share of the samples in the test part; the paper's 1,500 of 20,907."""
    split: str | None = None
    """A split to keep to: a CSV with the columns ``file`` and ``part``, or another dataset's ``recipe.parquet``."""
    scenes: str | None = None
    """A CSV with the columns ``file`` and ``scene``: photos of one scene are never in both parts."""
    rft_per_sample: Annotated[float, Field(ge=1, le=4)] = 4.0
    """RFT samples a training sample gives, 1 to 4 on average (the paper: about 2.6). A test sample gives all 4."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @property
    def detector(self) -> Objects | None:
        """The detector that works alone, if there is one."""
        return self.objects if isinstance(self.objects, Objects) else None


def default_config() -> Config:
    """The embedded default: the photos and the video that ship with the project."""
    return load_config(Path(str(files("perception20k") / "sample" / "demo.yaml")))


def load_config(path: Path) -> Config:
    """Read and check a YAML file. Relative paths in it start at the file's own folder.

    Raises:
        UserError: the file is missing or not YAML, a key is unknown or missing, a value has the wrong type or range.
    """
    return config_of(read_yaml(path), path)


def config_of(data: Any, path: Path) -> Config:
    """A configuration from what its YAML file holds. Relative paths start at the folder of ``path``, the file.

    Raises:
        UserError: a key is unknown or missing, a value has the wrong type or range.
    """
    config: Config = build(Config, data, str(path))
    _check(config, path)
    return _at_home(config, path)


def located(spec: str) -> Path:
    """The path that a configured location means: a path, or ``package:NAME/PATH`` in an installed package.

    Raises:
        UserError: the package is not installed.
    """
    if not spec.startswith("package:"):
        return Path(spec)
    package, _, inside = spec.removeprefix("package:").partition("/")
    try:
        return Path(str(files(package))) / inside
    except ModuleNotFoundError:
        raise UserError(f"{spec}: the package '{package}' is not installed") from None


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, as plain data.

    Raises:
        UserError: the file is missing or not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such config file", code=2) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", code=2) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a YAML file: {' '.join(str(error).split())}", code=2) from None


def with_paths(config: Config, change: Callable[[str], str], change_model: Callable[[str], str]) -> Config:
    """The configuration with every path changed, and every name of a model, which may be a folder."""
    changes: dict[str, Any] = {"sources": tuple(change(source) for source in config.sources)}
    if config.annotations is not None:
        key, spec = config.annotations.given
        changes["annotations"] = Annotations(**{key: change(spec)})
    for key in ("split", "scenes"):
        if getattr(config, key) is not None:
            changes[key] = change(getattr(config, key))
    for key in ("objects", "describe", "detect"):
        part = getattr(config, key)
        if hasattr(part, "model"):
            changes[key] = dataclasses.replace(part, model=change_model(part.model))
    if config.credits.table is not None:
        changes["credits"] = dataclasses.replace(config.credits, table=change(config.credits.table))
    if config.score is not None:
        changes["score"] = tuple(
            s if s.table is None else dataclasses.replace(s, table=change(s.table)) for s in config.score
        )
    return dataclasses.replace(config, **changes)


def _at_home(config: Config, path: Path) -> Config:
    """The configuration with its paths anchored at its file's folder."""

    def model(name: str) -> str:
        anchored = _anchored(name, path)
        return anchored if Path(anchored).is_dir() else name

    return with_paths(config, lambda text: _anchored(text, path), model)


def _anchored(text: str, path: Path) -> str:
    if "://" in text and urlsplit(text).password:
        hint = "The config is saved with the dataset: put the credentials into the environment"
        raise UserError(
            f"{path}: {text.partition('://')[0]}://...: a source's URL must not hold a password", hint, code=2
        )
    if text.startswith("package:") or "://" in text:
        return text
    try:
        return str((path.parent / Path(text).expanduser()).resolve())
    except (RuntimeError, OSError, ValueError) as error:  # no such user, a link loop, a NUL byte
        raise UserError(f"{path}: {text!r} is not a path: {error}", code=2) from None


def _check(config: Config, path: Path) -> None:
    """Refuse values that do not go together; each by itself is checked where it is read."""
    filters, scores = config.filters, config.score or ()
    given = tuple(part is not None for part in (config.annotations, config.objects, config.describe, config.detect))
    if given not in ((True, False, False, False), (False, True, False, False), (False, False, True, True)):
        ways = "'annotations', from 'objects', or from 'describe' and 'detect' together"
        raise UserError(f"{path}: objects come from {ways}", code=2)
    objects = config.detector
    if objects is not None and objects.classes and objects.phrases:
        raise UserError(f"{path}: objects: give either 'classes' or 'phrases'", code=2)
    formats = dataclasses.asdict(config.annotations).values() if config.annotations else ["none"]
    if sum(value is not None for value in formats) != 1:
        known = ", ".join(field.name for field in dataclasses.fields(Annotations))
        raise UserError(f"{path}: annotations: give exactly one format", f"Known: {known}", code=2)
    if config.preset not in PRESETS:
        raise UserError(f"{path}: unknown preset '{config.preset}'", suggestion(config.preset, PRESETS), code=2)
    names = (objects and (objects.classes or objects.phrases)) or ()
    kind = "phrases" if objects and objects.phrases else "classes"
    rules = [
        (f"objects: {kind}", len({name.casefold() for name in names}) == len(names), "different"),
        (f"objects: {kind}", not names or len(names) >= filters.min_objects, "as many as filters: min_objects or more"),
        ("score", len({score.metric for score in scores}) == len(scores), "of different metrics"),
        ("score: range", all(score.range[0] != score.range[1] for score in scores), "two different values"),
        ("filters: min_box", filters.min_box < filters.max_box, "below max_box"),
        ("filters: min_objects", filters.min_objects <= filters.max_objects, "at most max_objects"),
    ]
    for key, holds, rule in rules:
        if not holds:
            raise UserError(f"{path}: {key} must be {rule}", code=2)
