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
from perception20k.config_sections import LEAST_SCORE as LEAST_SCORE
from perception20k.config_sections import Annotations as Annotations
from perception20k.config_sections import AtLeastOne
from perception20k.config_sections import Calls as Calls
from perception20k.config_sections import Credits as Credits
from perception20k.config_sections import Describe as Describe
from perception20k.config_sections import Detect as Detect
from perception20k.config_sections import Filters as Filters
from perception20k.config_sections import Objects as Objects
from perception20k.config_sections import Score as Score
from perception20k.core.errors import UserError
from perception20k.core.from_plain import build, checked, suggestion

MAX_PER_OBJECT = 20
"""Five rounds of the twelve groups among three objects: a group with a single type has five samples to give."""


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
    image_format: Literal["webp", "png"] = "webp"
    """Of the images that the build encodes: PNG is written five times as fast and is 1.4 times as large."""
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
    describe = config.describe or Describe()
    gemini, local = describe.backend == "gemini", describe.backend == "local"
    kind = "phrases" if objects and objects.phrases else "classes"
    rules = [
        (f"objects: {kind}", len({name.casefold() for name in names}) == len(names), "different"),
        (f"objects: {kind}", not names or len(names) >= filters.min_objects, "as many as filters: min_objects or more"),
        ("score", len({score.metric for score in scores}) == len(scores), "of different metrics"),
        ("score: range", all(score.range[0] != score.range[1] for score in scores), "two different values"),
        ("filters: min_box", filters.min_box < filters.max_box, "below max_box"),
        ("filters: min_objects", filters.min_objects <= filters.max_objects, "at most max_objects"),
        ("describe: calls: batch", gemini or not describe.calls.batch, "left out: only Gemini has it"),
        ("describe: thinking_budget", gemini or describe.thinking_budget is None, "left out: only Gemini has it"),
        ("describe: temperature", not local or describe.temperature == 0, "0 for a local model, whose answers repeat"),
    ]
    for key, holds, rule in rules:
        if not holds:
            raise UserError(f"{path}: {key} must be {rule}", code=2)
