"""The copy of a build's configuration that is saved with the dataset: complete, and without places on this machine."""

from __future__ import annotations

import dataclasses
import glob
from pathlib import Path
from typing import Any

import yaml

from perception20k.config import Calls, Config, read_yaml, with_paths
from perception20k.core.from_plain import build


def dump_config(config: Config) -> str:
    """The configuration as YAML, defaults included, keys in their documented order, without ``describe: calls``.

    And without the default ``image_format``, so that datasets of before it keep their digests.
    """
    plain = _plain_dict(config)
    if config.image_format == Config.image_format:
        del plain["image_format"]
    if config.annotations is not None:
        plain["annotations"] = dict([config.annotations.given])
    if config.describe is not None:
        del plain["describe"]["calls"]
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def portable(config: Config) -> Config:
    """The configuration as it is shared: without ``describe: calls``, and of every path only its last part.

    >>> from perception20k.config import Annotations
    >>> portable(Config(("/data/coco/train2017", "/data/lsvq/*.mp4"), Annotations("/data/instances.json"))).sources
    ('train2017', 'lsvq/*.mp4')
    """
    config = with_paths(config, _shared, lambda model: _shared(model) if Path(model).is_absolute() else model)
    if config.describe is None:
        return config
    return dataclasses.replace(config, describe=dataclasses.replace(config.describe, calls=Calls()))


def changed_keys(saved: Path, config: Config) -> list[str]:
    """The keys in which a configuration differs from a dataset's saved copy; where files lie does not count.

    Raises:
        UserError: the copy is not a configuration.
    """
    data = read_yaml(saved)
    if isinstance(data, dict):
        data.setdefault("max_side", None)  # datasets of before had no such limit
    before, today = (_plain_dict(portable(one)) for one in (build(Config, data, str(saved)), config))
    return [key for key in today if before[key] != today[key]]


def _shared(text: str) -> str:
    """What is shared of a path: its last part; of a glob, from the last folder before the first wildcard."""
    if text.startswith("package:") or "://" in text:
        return text
    parts = Path(text).parts
    wild = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[max(wild - 1, 0) :]).as_posix().lstrip("/") or text


def _plain_dict(config: Config) -> dict[str, Any]:
    return dataclasses.asdict(config, dict_factory=lambda pairs: {k: _plain(v) for k, v in pairs})


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
